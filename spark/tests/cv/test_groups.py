"""Rows that belong together stay on one side of a fold, and of the split inside of it."""

from itertools import pairwise

import numpy as np
import pytest

from sevenfold_jobs.boosting.binning import _last_of, _whole_groups
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv import groups, splits


def covered(found, rows):
    tested = np.sort(np.concatenate([split.test for split in found]))
    np.testing.assert_array_equal(tested, np.arange(rows))


@pytest.mark.parametrize("seed", range(40))
def test_no_group_is_on_both_sides(seed):
    generator = np.random.default_rng(seed)
    rows, folds = generator.integers(1, 200), int(generator.integers(2, 6))
    ids, classes = generator.integers(0, 26, rows), generator.random(rows) < 0.5
    found = groups.grouped(classes, ids, folds, 42)
    if found is None:
        assert len(np.unique(ids)) < folds
        return
    covered(found, len(ids))
    assert groups.straddling(found, ids) == 0
    for split in found:
        assert not set(ids[split.train]) & set(ids[split.test])


def test_grouped_folds_have_equal_shares_of_rows_and_events():
    rng = np.random.default_rng(1)
    ids = np.repeat(np.arange(400), rng.integers(1, 8, 400))
    event = (rng.random(400) < 0.2)[ids]
    found = groups.grouped(event, ids, 5, 42)
    sizes = [len(split.test) for split in found]
    assert max(sizes) - min(sizes) <= 8
    shares = [event[split.test].sum() for split in found]
    assert max(shares) - min(shares) <= 8
    other = groups.grouped(event, ids, 5, 43)
    assert any((a.test.tolist() != b.test.tolist()) for a, b in zip(found, other, strict=True))


@pytest.mark.parametrize("seed", range(60))
def test_a_date_is_never_parted_and_never_later_than_what_is_tested(seed):
    generator = np.random.default_rng(seed)
    dates = np.sort(generator.integers(0, 13, generator.integers(2, 150)))
    folds, gap = int(generator.integers(2, 6)), int(generator.integers(0, 11))
    try:
        found = splits.time_series(len(dates), folds, gap, dates)
    except InvalidInput:
        return
    assert len(found) == folds
    for split in found:
        assert len(split.train) > 0
        assert len(split.test) > 0
        assert dates[split.train].max() < dates[split.test].min()
        assert split.test[0] - split.train[-1] > gap
    for before, after in pairwise(found):
        assert before.test[-1] + 1 == after.test[0]
    assert found[-1].test[-1] == len(dates) - 1


def test_distinct_dates_are_cut_as_rows_are():
    for before, after in zip(
        splits.time_series(103, 4, 3), splits.time_series(103, 4, 3, np.arange(103)), strict=True
    ):
        np.testing.assert_array_equal(before.train, after.train)
        np.testing.assert_array_equal(before.test, after.test)


def test_fewer_dates_than_blocks_are_refused():
    with pytest.raises(InvalidInput, match="The rows have 3 dates, which are fewer than 5 blocks"):
        splits.time_series(90, 4, 0, np.repeat([0, 1, 2], 30))


@pytest.mark.parametrize("as_slice", [True, False])
def test_rows_that_stop_an_ordered_window_lie_behind_a_gap_and_a_change_of_date(as_slice):
    train = slice(0, 100) if as_slice else np.arange(100)
    fitted, stopping = _last_of(train, 120, np.repeat(np.arange(12), 10), 7)
    rows = np.arange(120)
    assert rows[stopping].tolist() == list(range(80, 100)) or rows[stopping].tolist() == list(range(90, 100))
    assert rows[fitted][-1] == rows[stopping][0] - 8


def test_a_gap_that_leaves_nothing_to_fit_is_refused():
    with pytest.raises(InvalidInput, match="A gap of 9 leaves 0 of 10 training rows"):
        _last_of(slice(0, 10), 20, None, 9)


def test_whole_groups_stop_training_and_leave_every_class():
    rng = np.random.default_rng(2)
    together = np.repeat(np.arange(60), 5)
    labels = (rng.random(300) < 0.5).astype(np.int32)
    labels[together == 7] = 2
    train = np.flatnonzero(together < 50)
    fitted, stopping = _whole_groups(train, labels, "classification", together, 42)
    assert not set(together[fitted]) & set(together[stopping])
    assert set(np.concatenate((fitted, stopping))) == set(train)
    assert 0.1 < len(stopping) / len(train) < 0.2
    assert set(labels[fitted]) == {0, 1, 2}


def test_one_group_cannot_be_parted():
    assert _whole_groups(np.arange(20), np.zeros(20), "regression", np.zeros(20, int), 42) is None
