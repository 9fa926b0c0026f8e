"""Folds against scikit-learn's, and their hash."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv import splits


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize(("rows", "folds", "seed"), [(53, 5, 42), (1000, 3, 0), (211, 10, 7)])
def test_stratified_folds_are_those_of_scikit_learn(classes, rows, folds, seed):
    labels = np.random.default_rng(classes).integers(0, classes, rows)
    expected = StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels, labels)
    found = splits.stratified(labels, folds, seed)
    for each, (train, test) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(each.train, train)
        np.testing.assert_array_equal(each.test, test)


def test_event_flags_are_classes():
    event = np.random.default_rng(1).random(100) < 0.3
    expected = [test for _, test in StratifiedKFold(5, shuffle=True, random_state=42).split(event, event)]
    for each, test in zip(splits.stratified(event, 5, 42), expected, strict=True):
        np.testing.assert_array_equal(each.test, test)


@pytest.mark.parametrize(("rows", "folds", "gap"), [(300, 4, 0), (303, 4, 10), (1000, 7, 3)])
def test_time_folds_are_those_of_scikit_learn(rows, folds, gap):
    expected = TimeSeriesSplit(folds, gap=gap).split(np.empty(rows))
    for each, (train, test) in zip(splits.time_series(rows, folds, gap), expected, strict=True):
        np.testing.assert_array_equal(each.train, train)
        np.testing.assert_array_equal(each.test, test)


def test_a_regression_spreads_every_tenth_over_the_folds():
    target = np.random.default_rng(2).gamma(1.0, 1.0, 1000)
    means = [target[each.test].mean() for each in splits.stratified(splits.tenths(target), 5, 42)]
    assert max(means) - min(means) < 0.1


def test_the_hash_tells_any_other_membership():
    labels = np.random.default_rng(3).integers(0, 2, 90)
    rows = np.arange(10, 100)
    found = splits.stratified(labels, 3, 42)
    known = splits.membership_hash(found, rows, 100)
    assert known == splits.membership_hash(splits.stratified(labels, 3, 42), rows, 100)
    assert known != splits.membership_hash(splits.stratified(labels, 3, 43), rows, 100)
    assert known != splits.membership_hash(found, rows - 1, 100)


def test_too_few_rows_are_refused():
    with pytest.raises(InvalidInput, match="3 rows are fewer than 5 folds"):
        splits.stratified(np.array([0, 1, 1]), 5, 42)
    with pytest.raises(InvalidInput, match="Fold 1 has no rows to train on"):
        splits.time_series(50, 4, 10)
