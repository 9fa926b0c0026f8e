"""Curves against scikit-survival and lifelines, on data with ties."""

import numpy as np
import pytest
from sksurv.nonparametric import (
    CensoringDistributionEstimator,
    kaplan_meier_estimator,
    nelson_aalen_estimator,
)
from sksurv.util import Surv

from sevenfold_jobs.survival.curves import Step, censoring_curve, kaplan_meier, nelson_aalen


@pytest.fixture
def tied() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.integers(1, 25, 150).astype(float), rng.random(150) < 0.5


def test_a_step_is_taken_at_its_time_and_not_before_it() -> None:
    step = Step(np.array([2.0, 5.0]), np.array([0.5, 0.25]), 1.0)
    assert step.at(np.array([1.9, 2.0, 4.9, 5.0, 99.0])).tolist() == [1.0, 0.5, 0.5, 0.25, 0.25]
    assert step.before(np.array([2.0, 2.1, 5.0])).tolist() == [1.0, 0.5, 0.5]


def test_kaplan_meier_and_nelson_aalen_agree_with_scikit_survival(tied) -> None:
    time, event = tied
    times, survival = kaplan_meier_estimator(event, time)
    assert kaplan_meier(time, event).at(times) == pytest.approx(survival, abs=1e-14)
    times, hazard = nelson_aalen_estimator(event, time)
    assert nelson_aalen(time, event).at(times) == pytest.approx(hazard, abs=1e-14)


def test_events_leave_before_censorings_in_the_censoring_curve(tied) -> None:
    time, event = tied
    theirs = CensoringDistributionEstimator().fit(Surv.from_arrays(event, time))
    at = np.unique(time)
    assert censoring_curve(time, event).at(at) == pytest.approx(theirs.predict_proba(at), abs=1e-14)
    both_at_once = censoring_curve(np.array([1.0, 1.0, 2.0]), np.array([True, False, True]))
    assert both_at_once.at(1.0) == 0.5


def test_a_censoring_curve_without_censoring_stays_at_1() -> None:
    curve = censoring_curve(np.array([1.0, 2.0, 2.0]), np.ones(3, dtype=bool))
    assert curve.at(np.array([0.5, 2.0, 9.0])).tolist() == [1.0, 1.0, 1.0]


def test_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        kaplan_meier(np.empty(0), np.empty(0, dtype=bool))
