"""Which rows train and which test, fold by fold; decided once and stored."""

import hashlib
from dataclasses import dataclass

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput

# A regression target has no classes: rows are spread over the folds by its tenths.
_TENTHS = 10


@dataclass(frozen=True)
class Split:
    """Row numbers (int64, ascending) of one fold; `fold` counts from 1."""

    fold: int
    train: np.ndarray
    test: np.ndarray


def stratified(classes: np.ndarray, folds: int, seed: int) -> list[Split]:
    """Rows shuffled within each class (n,) and dealt to the folds in equal parts.

    The membership is that of scikit-learn's StratifiedKFold(folds, shuffle=True, random_state=seed): classes
    are numbered as they come, each fold's share of a class is that of every `folds`-th row of the sorted
    classes, and one generator shuffles class after class. InvalidInput for fewer rows than folds.
    """
    _refuse_few(len(classes), folds)
    _, first, codes = np.unique(classes, return_index=True, return_inverse=True)
    places = np.argsort(np.argsort(first))
    codes = places[codes.reshape(-1)]
    count = len(first)
    ordered = np.sort(codes)
    shares = np.array([np.bincount(ordered[fold::folds], minlength=count) for fold in range(folds)])
    generator = np.random.RandomState(seed)
    membership = np.empty(len(codes), np.int64)
    for each in range(count):
        dealt = np.arange(folds).repeat(shares[:, each])
        generator.shuffle(dealt)
        membership[codes == each] = dealt
    return by_membership(membership + 1, folds)


def tenths(target: np.ndarray) -> np.ndarray:
    """(n,) int: which tenth of the values each belongs to."""
    edges = np.quantile(target, np.arange(1, _TENTHS) / _TENTHS)
    return np.searchsorted(edges, target, side="right")


def time_series(rows: int, folds: int, gap: int, dates: np.ndarray | None = None) -> list[Split]:
    """Expanding windows: the rows, in order of time, in folds + 1 equal blocks; fold k trains on the blocks
    before its own, less the last `gap` rows. What is left over by the division lies in the first block.

    `dates` (rows,) ascending codes: rows of one date are never parted. Each block then begins at the change
    of date that is nearest to where it would, and training ends at one, `gap` rows or more before the test.
    InvalidInput where a fold would have nothing to train on.
    """
    _refuse_few(rows, folds + 1)
    size = rows // (folds + 1)
    starts = np.array([rows - (folds + 1 - fold) * size for fold in range(1, folds + 1)])
    changes = np.arange(rows)
    if dates is not None:
        changes = np.flatnonzero(np.diff(dates, prepend=dates[0] - 1))
        if len(changes) < folds + 1:
            raise InvalidInput(
                f"The rows have {len(changes)} dates, which are fewer than {folds + 1} blocks of whole dates"
            )
        starts = changes[_nearest(changes, starts)]
    splits = []
    for fold, (start, end) in enumerate(zip(starts, [*starts[1:], rows], strict=True), 1):
        trained = start - gap
        if gap and dates is not None and trained > 0:
            trained = changes[np.searchsorted(changes, trained, side="right") - 1]
        if trained < 1:
            raise InvalidInput(
                f"Fold {fold} has no rows to train on: {start} rows lie before it and the gap is {gap}"
            )
        splits.append(Split(fold, np.arange(trained), np.arange(start, end)))
    return splits


def _nearest(changes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """For each start the place of the nearest change, row 0 apart, each later than the one before."""
    after = np.clip(np.searchsorted(changes, starts), 1, len(changes) - 1)
    nearer = (starts - changes[after - 1] < changes[after] - starts) & (after > 1)
    places = after - nearer
    for fold in range(1, len(places)):
        places[fold] = max(places[fold], places[fold - 1] + 1)
    for fold in range(len(places) - 1, -1, -1):
        most = len(changes) - len(places) + fold
        places[fold] = min(places[fold], most)
    return places


def by_membership(membership: np.ndarray, folds: int) -> list[Split]:
    """Each row tests in the fold of its number (1..folds) and trains in all others."""
    numbers = range(1, folds + 1)
    return [
        Split(fold, np.flatnonzero(membership != fold), np.flatnonzero(membership == fold))
        for fold in numbers
    ]


def membership_hash(splits: list[Split], rows: np.ndarray, file_rows: int) -> str:
    """SHA-256 over one little-endian int16 a row of the file: the fold it tests in, 0 where it never does,
    -1 where it takes no part. `rows` (n,) are the numbers in the file of the rows that the splits count."""
    numbers = np.full(file_rows, -1, "<i2")
    numbers[rows] = 0
    for split in splits:
        numbers[rows[split.test]] = split.fold
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def _refuse_few(rows: int, folds: int) -> None:
    if rows < folds:
        raise InvalidInput(f"{rows} rows are fewer than {folds} folds")


def range_of(rows: np.ndarray) -> list[int] | None:
    """First and last row, where they are all that lie between."""
    if len(rows) == 0 or rows[-1] - rows[0] + 1 != len(rows):
        return None
    return [int(rows[0]), int(rows[-1])]
