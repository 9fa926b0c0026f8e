"""The test of proportional hazards."""

import warnings

import lifelines
import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import proportional_hazard_test

from sevenfold_jobs.survival import hazards
from sevenfold_jobs.survival.hazards import holm, proportional_hazards_test


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3)) * [1.0, 1e6, 1e-3]
    return X, rng.exponential(20, 300) * np.exp(-0.5 * X[:, 0]), rng.random(300) < 0.6


def test_without_ties_it_agrees_with_lifelines(data) -> None:
    X, time, event = data
    frame = pd.DataFrame(X / [1.0, 1e6, 1e-3], columns=["a", "b", "c"]).assign(time=time, event=event)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = lifelines.CoxPHFitter().fit(frame, "time", "event", fit_options={"precision": 1e-10})
        theirs = proportional_hazard_test(model, frame, "rank").summary
    ours = proportional_hazards_test(X, ["a", "b", "c"], None, time, event)
    for row in ours:
        assert row["chi2"] == pytest.approx(theirs.loc[row["column"], "test_statistic"], rel=1e-5)
        assert row["p"] == pytest.approx(theirs.loc[row["column"], "p"], rel=1e-5)
    assert [row["p"] for row in ours] == sorted(row["p"] for row in ours)


def test_an_effect_that_turns_with_time_is_flagged_and_a_steady_one_is_not() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(3000, 2))
    # Weibull shapes that depend on the first column cross each other's hazards.
    time = rng.exponential(1.0, 3000) ** (1 / np.exp(0.4 * X[:, 0])) * np.exp(-0.5 * X[:, 1])
    rows = proportional_hazards_test(
        X, ["turning", "steady"], rng.integers(0, 4, 3000), time, rng.random(3000) < 0.8
    )
    assert [(row["column"], row["flagged"]) for row in rows] == [("turning", True), ("steady", False)]


def test_columns_that_cannot_be_tested_are_left_out(data) -> None:
    X, time, event = data
    more = np.column_stack((X, np.full(300, 7.0), X[:, 1]))
    rows = proportional_hazards_test(more, list("abcde"), None, np.ceil(time), event)
    assert sorted(row["column"] for row in rows) == ["a", "c"]
    assert proportional_hazards_test(more[:, 3:4], ["d"], None, time, event) == []


@pytest.mark.parametrize(("columns", "rows"), [(180, 300), (200, 120)])
def test_no_more_events_than_columns_end_at_once(columns: int, rows: int) -> None:
    rng = np.random.default_rng(5)
    with pytest.raises(ValueError, match=r"columns need more than the \d+ events of rows without gaps"):
        proportional_hazards_test(
            rng.normal(size=(rows, columns)),
            [f"c{each}" for each in range(columns)],
            None,
            rng.exponential(1, rows),
            np.arange(rows) % 2 == 0,
        )


def test_a_model_whose_steps_take_minutes_is_not_begun(data, monkeypatch) -> None:
    X, time, event = data
    monkeypatch.setattr(hazards, "_MOST_WORK", 300 * 9 - 1)
    with pytest.raises(ValueError, match="3 columns of 300 rows are too many"):
        proportional_hazards_test(X, list("abc"), None, time, event)


def test_one_event_is_too_few(data) -> None:
    X, time, _ = data
    with pytest.raises(ValueError, match="two events"):
        proportional_hazards_test(X, list("abc"), None, time, np.arange(300) == 5)


def test_holm_multiplies_by_the_tests_still_open() -> None:
    assert holm(np.array([0.01, 0.02, 0.5])).tolist() == pytest.approx([0.03, 0.04, 0.5])
    assert holm(np.array([0.01, 0.011, 0.9])).tolist() == pytest.approx([0.03, 0.03, 0.9])
    assert holm(np.array([0.4, 0.6])).tolist() == pytest.approx([0.8, 0.8])
