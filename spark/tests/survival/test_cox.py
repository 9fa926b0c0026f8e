"""The Cox likelihood against scikit-survival and lifelines, on data with ties."""

import warnings

import lifelines
import numpy as np
import pandas as pd
import pytest
from sksurv.ensemble._coxph_loss import coxph_loss, coxph_negative_gradient
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from sevenfold_jobs.survival.cox import RiskSets, breslow_baseline, breslow_by_stratum, fit_cox


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(220, 4))
    time = np.ceil(rng.exponential(12, 220) * np.exp(-0.6 * X[:, 0]))
    return X, time, rng.random(220) < 0.6


def test_loss_and_gradient_in_the_score_are_those_of_scikit_survival(data) -> None:
    X, time, event = data
    score = X[:, 0] - 2 * X[:, 1]
    sets = RiskSets(time, event)
    flags = event.astype(np.uint8)
    assert sets.loss(score) == pytest.approx(coxph_loss(flags, time, score) / len(time), abs=1e-13)
    assert sets.negative_gradient(score) == pytest.approx(
        coxph_negative_gradient(flags, time, score), abs=1e-12
    )


def test_the_curvature_is_the_derivative_of_the_gradient(data) -> None:
    X, time, event = data
    sets, score = RiskSets(time, event), X[:, 0].copy()
    curvature = sets.derivatives(score)[1]
    for row in (0, 50, 219):
        step = np.zeros(len(time))
        step[row] = 1e-5
        change = sets.negative_gradient(score + step)[row] - sets.negative_gradient(score - step)[row]
        assert curvature[row] == pytest.approx(-change / 2e-5, abs=1e-8)


def test_scores_too_large_for_exp_are_harmless(data) -> None:
    X, time, event = data
    sets = RiskSets(time, event)
    assert sets.loss(X[:, 0] + 2000.0) == pytest.approx(sets.loss(X[:, 0]), abs=1e-9)
    assert np.isfinite(sets.negative_gradient(X[:, 0] * 900)).all()
    baseline = breslow_baseline(time, event, X[:, 0] * 900)
    assert np.isfinite(baseline.survival(X[:, 0] * 900, np.array([1.0, 30.0]))).all()


@pytest.mark.parametrize("ridge", [0.0, 1.0, 50.0])
def test_coefficients_and_curves_are_those_of_scikit_survival(data, ridge: float) -> None:
    X, time, event = data
    theirs = CoxPHSurvivalAnalysis(alpha=ridge, tol=1e-12).fit(X, Surv.from_arrays(event, time))
    found = fit_cox(X, time, event, ridge=ridge, tol=1e-12)
    assert found.converged
    assert found.coef == pytest.approx(theirs.coef_, abs=1e-8)
    grid = np.linspace(time.min(), time.max(), 30)
    curves = np.array([curve(grid) for curve in theirs.predict_survival_function(X)])
    ours = breslow_baseline(time, event, X @ found.coef).survival(X @ found.coef, grid)
    assert ours == pytest.approx(curves, abs=1e-7)


def test_strata_are_compared_within_themselves_as_lifelines_does() -> None:
    rng = np.random.default_rng(6)
    X, strata = rng.normal(size=(200, 2)), rng.integers(0, 3, 200)
    time, event = rng.exponential(10, 200) * (1 + strata), rng.random(200) < 0.7
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "time": time, "event": event, "s": strata})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lifelines.CoxPHFitter().fit(
            frame, "time", "event", strata=["s"], fit_options={"precision": 1e-10}
        )
    found = fit_cox(X, time, event, strata=strata, tol=1e-13)
    assert found.coef == pytest.approx(theirs.params_.to_numpy(), abs=1e-6)
    variance = np.linalg.inv(found.hessian * len(time))
    assert variance == pytest.approx(theirs.variance_matrix_.to_numpy(), rel=1e-4)
    curves = breslow_by_stratum(time, event, X @ found.coef, strata)
    alone = breslow_baseline(time[strata == 1], event[strata == 1], (X @ found.coef)[strata == 1])
    assert curves[1].hazard.values.tolist() == alone.hazard.values.tolist()


def test_a_column_that_others_determine_does_not_stop_the_fit(data) -> None:
    X, time, event = data
    doubled = np.column_stack((X, X[:, 0], np.zeros(len(X))))
    found, single = fit_cox(doubled, time, event), fit_cox(X, time, event)
    assert found.converged
    assert doubled @ found.coef == pytest.approx(X @ single.coef, abs=1e-6)
    assert found.coef[5] == 0.0


def test_a_fit_without_an_event_is_refused(data) -> None:
    X, time, _ = data
    with pytest.raises(ValueError, match="at least one event"):
        fit_cox(X, time, np.zeros(len(time), dtype=bool))


def test_a_fit_that_separates_rows_ends() -> None:
    time = np.arange(1.0, 41.0)
    found = fit_cox(-time[:, None], time, np.ones(40, dtype=bool), max_iter=100)
    assert np.isfinite(found.coef).all()
