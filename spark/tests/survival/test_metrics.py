"""Scores against scikit-survival on small data with ties, and where it stops with an error."""

import json

import numpy as np
import pytest
from sksurv.metrics import (
    brier_score,
    concordance_index_censored,
    concordance_index_ipcw,
    cumulative_dynamic_auc,
    integrated_brier_score,
)
from sksurv.util import Surv

from sevenfold_jobs.survival import metrics
from sevenfold_jobs.survival.curves import censoring_curve, kaplan_meier
from sevenfold_jobs.survival.grid import time_grid


class Fold:
    """Rows with ties in time and risk; training ends with a late event, as scikit-survival needs it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        train, test = rng.integers(20, 200, 2)
        self.train_time = np.append(rng.integers(1, 30, train), 40).astype(float)
        self.train_event = np.append(rng.random(train) < 0.6, True)
        self.time = np.append(rng.integers(1, 30, test), [1, 30]).astype(float)
        self.event = np.append(rng.random(test) < 0.6, [True, False])
        self.risk = np.round(rng.normal(size=test + 2), 1)
        self.grid = np.linspace(2, 28, 11)
        self.survival = np.sort(rng.random((test + 2, 11)), axis=1)[:, ::-1]
        self.train, self.test = (
            Surv.from_arrays(self.train_event, self.train_time),
            Surv.from_arrays(self.event, self.time),
        )
        self.censoring = censoring_curve(self.train_time, self.train_event)


@pytest.fixture(params=range(12))
def fold(request: pytest.FixtureRequest) -> Fold:
    return Fold(request.param)


@pytest.mark.parametrize("tau", [None, 15.0])
def test_unos_c(fold: Fold, tau: float | None) -> None:
    theirs = concordance_index_ipcw(fold.train, fold.test, fold.risk, tau)[0]
    ours = metrics.uno_c(fold.train_time, fold.train_event, fold.time, fold.event, fold.risk, tau)
    assert ours == pytest.approx(theirs, abs=1e-12)


def test_harrells_c(fold: Fold) -> None:
    theirs = concordance_index_censored(fold.event, fold.time, fold.risk)[0]
    assert metrics.harrell_c(fold.time, fold.event, fold.risk) == pytest.approx(theirs, abs=1e-12)


def test_brier_and_its_integral(fold: Fold) -> None:
    ours = metrics.brier_curve(fold.censoring, fold.time, fold.event, fold.survival, fold.grid)
    assert ours == pytest.approx(brier_score(fold.train, fold.test, fold.survival, fold.grid)[1], abs=1e-12)
    theirs = integrated_brier_score(fold.train, fold.test, fold.survival, fold.grid)
    assert metrics.integrated_brier(ours, fold.grid) == pytest.approx(theirs, abs=1e-12)


def test_auc_over_time_and_its_weighted_mean(fold: Fold) -> None:
    theirs, weighted = cumulative_dynamic_auc(fold.train, fold.test, fold.risk, fold.grid)
    ours = metrics.auc_curve(fold.censoring, fold.time, fold.event, fold.risk, fold.grid)
    assert ours == pytest.approx(theirs, abs=1e-12)
    km = kaplan_meier(fold.time, fold.event).at(fold.grid)
    assert metrics.weighted_auc(ours, km) == pytest.approx(weighted, abs=1e-12)
    assert metrics.mean_auc(ours) == pytest.approx(theirs.mean(), abs=1e-12)


def test_risks_within_1e_8_of_each_other_are_tied() -> None:
    time, event = np.array([1.0, 2.0]), np.array([True, False])
    assert metrics.harrell_c(time, event, np.array([0.5, 0.5 - 1e-9])) == 0.5
    assert metrics.harrell_c(time, event, np.array([0.5, 0.5 - 1e-7])) == 1.0


def test_an_event_beats_a_censoring_of_the_same_time_and_not_another_event() -> None:
    time = np.array([3.0, 3.0, 3.0])
    assert metrics.harrell_c(time, np.array([True, False, False]), np.array([1.0, 0.0, 2.0])) == 0.5
    assert np.isnan(metrics.harrell_c(time, np.ones(3, dtype=bool), np.arange(3.0)))


def test_a_test_event_after_the_last_training_time_changes_nothing_that_is_truncated() -> None:
    fold = Fold(1)
    late_time, late_event = np.append(fold.time, 99.0), np.append(fold.event, True)
    late_risk = np.append(fold.risk, -3.0)
    grid = time_grid(fold.train_time, fold.train_event, fold.time)
    training = (fold.train_time, fold.train_event)
    # As if it was censored there: a row that outlasts all others.
    censored = np.append(fold.event, False)
    assert metrics.uno_c(*training, late_time, late_event, late_risk, grid.tau) == metrics.uno_c(
        *training, late_time, censored, late_risk, grid.tau
    )
    untruncated = metrics.uno_c(*training, late_time, late_event, late_risk)
    assert untruncated == metrics.uno_c(*training, late_time, censored, late_risk)
    with pytest.raises(ValueError, match="largest observed time"):
        concordance_index_ipcw(fold.train, Surv.from_arrays(late_event, late_time), late_risk)


def test_events_where_nothing_is_known_of_censoring_have_no_weight() -> None:
    censoring = censoring_curve(np.array([1.0, 2.0, 3.0]), np.array([True, True, False]))
    given = metrics.weights(censoring, np.array([1.0, 3.0, 4.0, 2.0]), np.array([True, True, True, False]))
    assert given.tolist() == [1.0, 0.0, 0.0, 0.0]


def _evaluated(fold: Fold, **more: object) -> dict:
    grid = time_grid(fold.train_time, fold.train_event, fold.time)
    survival = np.exp(-np.exp(fold.risk)[:, None] * grid.points[None, :] / 40)
    return metrics.evaluate(
        fold.train_time,
        fold.train_event,
        fold.time,
        fold.event,
        fold.risk,
        survival,
        grid,
        [3, 12, 500],
        **more,
    )


def test_a_fold_is_evaluated_as_a_whole(fold: Fold) -> None:
    found = _evaluated(fold)
    training = (fold.train_time, fold.train_event)
    assert found["cindex"] == metrics.uno_c(*training, fold.time, fold.event, fold.risk)
    detail = found["detail"]
    assert found["cindex_tau"] == metrics.uno_c(
        *training, fold.time, fold.event, fold.risk, time_grid(*training, fold.time).tau
    )
    assert len({len(detail[name]) for name in ("grid", "auc", "brier", "km", "mean_survival")}) == 1
    assert [horizon["t"] for horizon in detail["horizons"]] == [3.0, 12.0]
    for horizon in detail["horizons"]:
        groups = horizon["calibration"]
        assert len(groups) == 10
        assert sum(group["rows"] for group in groups) == len(fold.time)
        predicted = [group["predicted"] for group in groups]
        assert predicted == sorted(predicted)
    assert detail["strata"] == []
    json.dumps(found, allow_nan=False)


def test_a_horizon_between_grid_points_is_interpolated_or_given() -> None:
    fold = Fold(2)
    grid = time_grid(fold.train_time, fold.train_event, fold.time)
    exact = np.exp(-np.exp(fold.risk)[:, None] * np.array([3.0, 12.0])[None, :] / 40)
    between, given = _evaluated(fold), _evaluated(fold, horizon_survival=exact)
    assert grid.low <= 3.0
    for one, other in zip(between["detail"]["horizons"], given["detail"]["horizons"], strict=True):
        assert one["predicted"] == pytest.approx(other["predicted"], abs=0.005)
        assert one["observed"] == other["observed"]
    assert given["detail"]["horizons"][1]["predicted"] == pytest.approx(exact[:, 1].mean(), abs=1e-6)


def test_strata_are_the_largest_and_score_only_with_ten_events() -> None:
    fold = Fold(8)
    rng = np.random.default_rng(0)
    strata = np.minimum(rng.integers(0, 40, len(fold.time)), 14)
    strata[:3] = 20
    names = [f"s{code}" for code in range(21)]
    shown = _evaluated(fold, strata=strata, stratum_names=names)["detail"]["strata"]
    assert len(shown) == 12
    sizes = [stratum["rows"] for stratum in shown]
    assert sizes == sorted(sizes, reverse=True)
    assert shown[0]["stratum"] == "s14"
    assert shown[0]["events"] >= 10
    assert 0 <= shown[0]["cindex_tau"] <= 1
    few = [stratum for stratum in shown if stratum["events"] < 10]
    assert few
    assert all(stratum["cindex_tau"] is None and stratum["ibs"] is None for stratum in few)
    assert np.array(shown[0]["sd_survival"]).shape == np.array(shown[0]["km"]).shape


def test_a_fold_whose_first_times_have_no_event_yet_still_has_a_mean_auc() -> None:
    censoring = censoring_curve(np.array([1.0, 9.0]), np.array([True, True]))
    time, event = np.array([5.0, 6.0, 9.0]), np.array([True, False, True])
    scores = metrics.auc_curve(censoring, time, event, np.array([2.0, 1.0, 0.0]), np.array([1.0, 5.5, 7.0]))
    assert np.isnan(scores[0])
    assert metrics.mean_auc(scores) == 1.0
    assert metrics.weighted_auc(scores, kaplan_meier(time, event).at(np.array([1.0, 5.5, 7.0]))) == 1.0
