"""Which rows train, validate and test; decided once, from the target or the dates and a seed."""

import hashlib
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.splits import stratified, tenths, time_series
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.distributed.hashing import content_hashes, split_by_hash
from sevenfold_jobs.training.prepared import TEST, TRAIN, Split

#: Below, folds validate: one fifth of so few rows would say little.
ROWS_FOR_HOLDOUT = 5_000
USUAL_FOLDS = 5
#: One row in five tests; of the others one in four validates where there is one holdout: 60/20/20.
_TEST_PARTS, _VALIDATION_PARTS = 5, 4
_TEST_SHARE = 1 / _TEST_PARTS


def split_rows(
    target: np.ndarray,
    classes: list[str],
    dates: np.ndarray | None,
    validation: str,
    folds: int | None,
    seed: int,
    hashes: np.ndarray | None = None,
    order: np.ndarray | None = None,
) -> tuple[Split, dict[str, Any]]:
    """The parts, and `{validation, folds}` as they were decided.

    Shuffled within classes, or within tenths of a number, but for validation `time`: there the newest fifth
    tests and blocks before it validate, each behind all that it was learnt from; rows of one date stay
    together. Where there are `hashes` of the rows these decide (distributed/hashing.py), but for `time`.
    `order` (rows,) is that in which they are looked at (`own_order`), the file's where none is given.
    """
    rows = len(target)
    order = np.arange(rows) if order is None else order
    validation, count = how(rows, validation, folds, dates is not None)
    part, fold = np.zeros(rows, np.int8), np.zeros(rows, np.int8)
    if validation == "time":
        if dates is None:
            raise InvalidInput("Validation time needs a date: name the column that orders the rows.")
        return _by_time(dates, part, fold, order)
    if hashes is not None:
        split, by = split_by_hash(hashes, target, classes, validation, count, seed)
        return split, {"validation": validation, "folds": count, "by": by}
    groups = target if classes else tenths(target)
    part[order[stratified(groups[order], _TEST_PARTS, seed)[0].test]] = TEST
    left = order[part[order] == TRAIN]
    # Another draw than the test's: the same would deal neighbours alike.
    if validation == "holdout":
        fold[left[stratified(groups[left], _VALIDATION_PARTS, seed + 1)[0].test]] = 1
    else:
        for each in stratified(groups[left], count, seed + 1):
            fold[left[each.test]] = each.fold
    return Split(part, fold, order), {"validation": validation, "folds": count}


def own_order(columns: Columns, target: np.ndarray) -> np.ndarray:
    """(rows,) numbers of the rows, sorted by a hash of what is in them.

    Parted and fitted in this order, the same rows give the same model to the last bit, however a file has
    them.
    """
    return np.lexsort((target, content_hashes(columns)))


def how(rows: int, validation: str, folds: int | None, dated: bool) -> tuple[str, int]:
    """(validation, folds that validate) for so many rows: few rows validate in turn.

    Who names a date, and no folds, has rows in an order: shuffled, a model would learn from what came later.
    """
    if validation == "auto":
        if dated and folds is None:
            return "time", 1
        validation = "folds" if folds is not None or rows < ROWS_FOR_HOLDOUT else "holdout"
    return validation, (folds or USUAL_FOLDS) if validation == "folds" else 1


def whole(rows: int) -> tuple[Split, dict[str, Any]]:
    """No row is kept from clusters: there is no target that a row could tell in advance."""
    return Split(np.full(rows, TRAIN, np.int8), np.zeros(rows, np.int8)), {"validation": "none", "folds": 1}


def _by_time(
    dates: np.ndarray, part: np.ndarray, fold: np.ndarray, order: np.ndarray
) -> tuple[Split, dict[str, Any]]:
    by_date = np.argsort(dates, kind="stable")
    # Two blocks behind the first: one validates, the newest tests.
    try:
        splits = time_series(len(dates), _TEST_PARTS - 1, 0, dates[by_date])
    except InvalidInput as error:
        raise InvalidInput(f"{error}: part them otherwise (--validation folds or holdout).") from None
    part[by_date[splits[-1].test]] = TEST
    fold[by_date[splits[-2].test]] = 1
    return Split(part, fold, order), {"validation": "time", "folds": 1}


def membership_sha256(split: Split, rows: np.ndarray) -> str:
    """Over row number of the file, part and fold of every row, in the order of the file."""
    whole = hashlib.sha256()
    for each in (rows.astype(np.int64), split.part, split.fold):
        whole.update(np.ascontiguousarray(each).tobytes())
    return whole.hexdigest()
