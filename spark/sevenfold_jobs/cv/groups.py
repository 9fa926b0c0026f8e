"""Rows that belong together: those of one id stay on one side of every fold."""

import heapq

import numpy as np

from sevenfold_jobs.cv.splits import Split, by_membership


def grouped(classes: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> list[Split] | None:
    """Folds of whole groups (n,), each with about the same number of rows of each class (n,).

    A group counts as the class that is rarest among all rows and that one of its rows has: for an event, a
    group with an event. Groups of a class are dealt from the largest, in an order drawn by `seed`, each to
    the fold with the fewest rows of the class. None where there are fewer groups than folds.
    """
    names, codes = np.unique(groups, return_inverse=True)
    codes = codes.reshape(-1)
    if len(names) < folds:
        return None
    sizes = np.bincount(codes)
    _, of_row = np.unique(classes, return_inverse=True)
    rarity = np.argsort(np.argsort(-np.bincount(of_row.reshape(-1)), kind="stable"))[of_row.reshape(-1)]
    own = np.zeros(len(names), np.int64)
    np.maximum.at(own, codes, rarity)

    drawn = np.random.RandomState(seed).permutation(len(names))
    order = drawn[np.lexsort((-sizes[drawn], -own[drawn]))]
    membership = np.empty(len(names), np.int64)
    total = [0] * folds
    for each in np.unique(own)[::-1]:
        # Where folds have the same of this class, the one with the fewest rows so far comes first.
        heap = [(0, total[fold], fold) for fold in range(folds)]
        heapq.heapify(heap)
        for group in order[own[order] == each]:
            count, _, fold = heapq.heappop(heap)
            membership[group] = fold
            total[fold] += int(sizes[group])
            heapq.heappush(heap, (count + int(sizes[group]), total[fold], fold))
    return by_membership(membership[codes] + 1, folds)


def straddling(splits: list[Split], groups: np.ndarray) -> int:
    """How many groups have rows on both sides of some fold."""
    parted = np.zeros(int(groups.max()) + 1, bool)
    for split in splits:
        trained = np.zeros(len(parted), bool)
        trained[groups[split.train]] = True
        parted[groups[split.test][trained[groups[split.test]]]] = True
    return int(parted.sum())
