"""Rows by what they hold: which part a row is in hangs on its values and the seed, not on its place."""

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.prepared import TEST, TRAIN, Split

_TEST_SHARE, _VALIDATION_SHARE = 0.2, 0.25
# Shares that rows of many different values have by chance are nearer to these.
_ERRORS, _LEAST = 4.0, 0.02
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MISSING = np.uint64(0x7FF8000000000000)


def content_hashes(columns: Columns) -> np.ndarray:
    """(rows,) uint64, equal for rows whose features are equal, whatever rows there are besides."""
    whole = np.zeros(columns.rows, np.uint64)
    for values in columns.numbers.values():
        # -0 and 0 are one value, and so are all gaps.
        bits = (np.asarray(values, np.float64) + 0.0).view(np.uint64)
        whole = _mixed(whole ^ np.where(np.isnan(values), _MISSING, bits))
    for column in columns.categories.values():
        whole = _mixed(whole ^ column.codes.astype(np.int64).view(np.uint64))
    return whole


def split_by_hash(
    hashes: np.ndarray, target: np.ndarray, classes: list[str], validation: str, folds: int, seed: int
) -> tuple[Split, str]:
    """The parts, and what decided: `content`, or `number` where too few different rows give no shares.

    A row in five tests; of the others a row in four validates (`holdout`), or each in one of the folds. Equal
    rows are in one part. InvalidInput where a part lacks a class.
    """
    split = _parts(hashes, validation, folds, seed)
    by = "content"
    if _fault(split, target, classes, validation, folds) is not None:
        split, by = _parts(np.arange(len(hashes), dtype=np.uint64), validation, folds, seed), "number"
    fault = _fault(split, target, classes, validation, folds)
    if fault is not None and fault.startswith("Class"):
        raise InvalidInput(f"{fault}: leave the rows of the class out, or merge it with another.")
    return split, by


def _parts(keys: np.ndarray, validation: str, folds: int, seed: int) -> Split:
    drawn = _mixed(_mixed(keys) ^ _mixed(np.array([seed], np.uint64)))
    part = np.where(_share(drawn) < _TEST_SHARE, TEST, TRAIN).astype(np.int8)
    # Another draw than the test's: the same would deal neighbours alike.
    again = _share(_mixed(drawn))
    if validation == "holdout":
        fold = (again < _VALIDATION_SHARE).astype(np.int8)
    else:
        fold = (1 + np.floor(again * folds)).astype(np.int8)
    return Split(part, np.where(part == TRAIN, fold, 0).astype(np.int8))


def _fault(split: Split, target: np.ndarray, classes: list[str], validation: str, folds: int) -> str | None:
    rows = len(target)
    expected = 0.8 * (_VALIDATION_SHARE if validation == "holdout" else 1 / folds)
    parts = [("the test rows", split.test, _TEST_SHARE)]
    parts += [
        (f"the validation rows of fold {fold}", split.validation(fold), expected)
        for fold in range(1, folds + 1)
    ]
    for name, found, share in parts:
        allowed = max(_LEAST, _ERRORS * float(np.sqrt(share * (1 - share) / rows)))
        if abs(len(found) / rows - share) > allowed:
            return f"{name} are {len(found):,} of {rows:,}"
        lacking = classes and np.flatnonzero(np.bincount(target[found], minlength=len(classes)) == 0)
        if classes and len(lacking):
            return f"Class {classes[int(lacking[0])]} has no row among {name}"
    return None


def _share(drawn: np.ndarray) -> np.ndarray:
    """(rows,) float64 in [0, 1)."""
    return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(values: np.ndarray) -> np.ndarray:
    """splitmix64 of each (Steele, Lea, Flood 2014); what overflows is meant to."""
    with np.errstate(over="ignore"):
        mixed = values + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
