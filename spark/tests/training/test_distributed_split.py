"""Rows that are parted by what they hold: wherever they stand, and equal ones together."""

import numpy as np
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.distributed.hashing import content_hashes, split_by_hash

ROWS = 20_000


def rows(seed: int = 1) -> Columns:
    draws = np.random.default_rng(seed)
    values = draws.normal(size=ROWS)
    values[::10] = np.nan
    kinds = Categorical(draws.integers(-1, 4, ROWS).astype(np.int32), ["a", "b", "c", "d"])
    return Columns(ROWS, {"x": values, "z": draws.normal(size=ROWS).round(1)}, {"kind": kinds})


def test_a_row_is_in_the_same_part_wherever_it_stands():
    columns, target = rows(), np.random.default_rng(2).integers(0, 2, ROWS)
    order = np.random.default_rng(3).permutation(ROWS)
    for validation, folds in (("holdout", 1), ("folds", 5)):
        split, by = split_by_hash(content_hashes(columns), target, ["a", "b"], validation, folds, 42)
        moved, _ = split_by_hash(
            content_hashes(columns.take(order)), target[order], ["a", "b"], validation, folds, 42
        )
        assert by == "content"
        assert np.array_equal(moved.part, split.part[order])
        assert np.array_equal(moved.fold, split.fold[order])
        other, _ = split_by_hash(content_hashes(columns), target, ["a", "b"], validation, folds, 43)
        assert not np.array_equal(other.part, split.part)


def test_shares_are_those_of_any_training_and_no_row_is_in_two_parts():
    hashes, target = content_hashes(rows()), np.random.default_rng(2).normal(size=ROWS)
    split, _ = split_by_hash(hashes, target, [], "holdout", 1, 42)
    assert len(split.test) / ROWS == pytest.approx(0.2, abs=0.01)
    assert len(split.validation(1)) / ROWS == pytest.approx(0.2, abs=0.01)
    assert len(split.train(1)) + len(split.validation(1)) + len(split.test) == ROWS
    split, _ = split_by_hash(hashes, target, [], "folds", 4, 42)
    for fold in range(1, 5):
        assert len(split.validation(fold)) / ROWS == pytest.approx(0.2, abs=0.01)


def test_signs_of_zero_and_kinds_of_gaps_tell_no_rows_apart():
    other_nan = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    one = Columns(2, {"x": np.array([0.0, np.nan])}, {})
    other = Columns(2, {"x": np.array([-0.0, other_nan])}, {})
    assert np.array_equal(content_hashes(one), content_hashes(other))


def test_few_different_rows_are_parted_by_their_number():
    columns = Columns(ROWS, {"x": np.arange(ROWS) % 3 * 1.0}, {})
    target = np.arange(ROWS) % 2
    split, by = split_by_hash(content_hashes(columns), target, ["a", "b"], "holdout", 1, 42)
    assert by == "number"
    assert len(split.test) / ROWS == pytest.approx(0.2, abs=0.01)


def test_a_class_that_a_part_lacks_is_named():
    target = np.zeros(ROWS, np.int64)
    target[:2] = 1
    with pytest.raises(InvalidInput, match="Class rare has no row among"):
        split_by_hash(content_hashes(rows()), target, ["usual", "rare"], "holdout", 1, 42)
