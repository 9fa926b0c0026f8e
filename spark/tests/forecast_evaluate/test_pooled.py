"""Pooled scores and tests of forecasts against SciPy, statsmodels and calculations by hand."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox

from sevenfold_jobs.forecast.scores import CALIBRATION_LEVELS, LEVELS, crps, quantiles, sort_paths
from sevenfold_jobs.forecast_evaluate.pooled import (
    apart,
    binomial_p,
    calibration,
    diebold_mariano,
    directions,
    jarque_bera_p,
    ljung_box_p,
    mae_alert,
    pooled_scores,
)

RNG = np.random.default_rng(11)


def some_forecasts(dates=40, horizon=14, paths=300):
    origins = 60 + RNG.standard_normal(dates).cumsum()
    ascending = sort_paths(
        (origins[:, None, None] + RNG.standard_normal((dates, paths, horizon)).cumsum(axis=-1)).astype(
            np.float32
        )
    )
    closes = origins[:, None] + RNG.standard_normal((dates, horizon)).cumsum(axis=-1)
    return quantiles(ascending), crps(ascending, closes), closes, origins, np.arange(dates)


def test_scores_are_pooled_over_the_known_days_up_to_the_horizon():
    predicted, by_day, closes, origins, places = some_forecasts()
    closes[-1] = np.nan
    closes[-5:-1, 5:] = np.nan
    by_day = np.where(np.isnan(closes), np.nan, by_day)
    for horizon in (1, 7, 14):
        scores = pooled_scores(predicted, by_day, closes, origins, places, horizon)
        known = np.isfinite(closes[:, :horizon])
        errors = (closes - predicted[..., 3])[:, :horizon][known]
        naive = (closes - origins[:, None])[:, :horizon][known]
        assert scores["forecasts"] == 39
        assert scores["days"] == known.sum()
        assert scores["mae"] == pytest.approx(np.abs(errors).mean())
        assert scores["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
        assert scores["crps"] == pytest.approx(by_day[:, :horizon][known].mean())
        assert scores["naive_mae"] == pytest.approx(np.abs(naive).mean())
        assert scores["skill_mae"] == pytest.approx(1 - np.abs(errors).mean() / np.abs(naive).mean())
        inside = (predicted[..., 1] <= closes) & (closes <= predicted[..., 5])
        assert scores["coverage_80"] == pytest.approx(inside[:, :horizon][known].mean())


def test_calibration_is_pooled_over_forecasts_by_day_ahead():
    predicted, by_day, closes, origins, places = some_forecasts(dates=200)
    closes[150:, 6] = np.nan
    shares = calibration(predicted, closes)
    assert shares.shape == (14, 7)
    assert shares[6, 3] == pytest.approx((closes[:150, 6] <= predicted[:150, 6, 3]).mean())
    scores = pooled_scores(predicted, by_day, closes, origins, places, 7)
    at = [LEVELS.index(level) for level in CALIBRATION_LEVELS]
    expected = np.abs(shares[:7, at] - CALIBRATION_LEVELS).mean(axis=1).mean()
    assert scores["calibration_score"] == pytest.approx(expected)
    assert scores["calibration"]["0.5"] == pytest.approx(shares[6, 3], abs=1e-6)
    assert list(scores["calibration"]) == [str(level) for level in LEVELS]


def test_forecasts_of_no_move_are_left_out_and_counted_or_count_as_wrong():
    forecast = np.array([1.0, -1.0, 0.0, 0.0, 2.0, 1.0])
    actual = np.array([0.5, 0.5, 0.0, -1.0, np.nan, 0.0])
    right, zero = directions(forecast, actual, flat_is_wrong=False)
    assert (right.tolist(), zero) == ([True, False, False], 2)
    right, _ = directions(forecast, actual, flat_is_wrong=True)
    assert right.tolist() == [True, False, False, False, False]


def test_naive_that_stays_where_it_is_has_no_direction():
    origins = np.array([60.1, 60.3, 59.7])
    predicted = np.repeat(origins.astype(np.float32)[:, None, None], 7, axis=2).repeat(7, axis=1)
    closes = origins[:, None] + RNG.standard_normal((3, 7))
    scores = pooled_scores(predicted, np.zeros((3, 7)), closes, origins, np.arange(3), 7)
    assert scores["zero_forecasts"] == 21
    assert scores["directional_accuracy_from_day0"] is None
    assert scores["direction_p"] is None
    assert scores["directional_accuracy"] == 0


def test_one_day_has_no_change_from_day_to_day():
    scores = pooled_scores(*some_forecasts(), 1)
    assert scores["directional_accuracy"] is None
    assert scores["directional_accuracy_from_day0"] is not None


def test_diebold_mariano_by_hand():
    # Mean 1; about it 0, 1, -2, 1: g0 = 6/4, g1 = (0 - 2 - 2)/4 = -1.
    d = np.array([1.0, 2.0, -1.0, 2.0])
    at_one, p = diebold_mariano(d, 1)
    factor = np.sqrt((4 + 1 - 2) / 4)
    assert at_one == pytest.approx(1 / np.sqrt(1.5 / 4) * factor)
    assert p == pytest.approx(2 * stats.t.sf(at_one, 3))
    # With one autocovariance 1.5 - 2 < 0: no variance, no statement.
    assert np.isnan(diebold_mariano(d, 2)).all()
    d = np.array([1.0, 2.0, 3.0, 2.0, 4.0, 1.0])
    centred = d - d.mean()
    g0, g1 = (centred**2).mean(), (centred[1:] * centred[:-1]).sum() / 6
    expected = d.mean() / np.sqrt((g0 + 2 * g1) / 6) * np.sqrt((6 + 1 - 4 + 2 / 6) / 6)
    assert diebold_mariano(d, 2)[0] == pytest.approx(expected)


def test_diebold_mariano_rejects_as_often_as_it_says():
    p = [
        diebold_mariano(np.convolve(RNG.standard_normal(403), np.ones(4), "valid"), 4)[1] for _ in range(600)
    ]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.10


def test_diebold_mariano_of_two_equal_forecasts_says_nothing():
    assert np.isnan(diebold_mariano(np.zeros(50), 1)).all()
    assert np.isnan(diebold_mariano(np.array([1.0]), 1)).all()
    assert np.isnan(diebold_mariano(np.empty(0), 14)).all()


@pytest.mark.parametrize(("right", "of"), [(0, 10), (5, 10), (8, 10), (10, 10), (1450, 2872)])
def test_binomial_as_scipy(right, of):
    expected = stats.binomtest(right, of, 0.5, alternative="greater").pvalue
    assert binomial_p(right, of) == pytest.approx(expected, rel=1e-9)


def test_ljung_box_as_statsmodels():
    walk = RNG.standard_normal(300).cumsum()
    for residuals in (RNG.standard_normal(300), 0.02 * walk + RNG.standard_normal(300)):
        expected = acorr_ljungbox(residuals, lags=[10])["lb_pvalue"].iloc[0]
        assert ljung_box_p(residuals) == pytest.approx(expected, rel=1e-9)
    assert np.isnan(ljung_box_p(np.ones(50)))
    assert np.isnan(ljung_box_p(RNG.standard_normal(10)))


def test_jarque_bera_as_scipy():
    for residuals in (RNG.standard_normal(300), RNG.standard_t(4, 300)):
        assert jarque_bera_p(residuals) == pytest.approx(stats.jarque_bera(residuals).pvalue, rel=1e-9)
    assert np.isnan(jarque_bera_p(np.ones(50)))


def test_forecasts_that_share_no_day_are_found_whatever_dates_were_forecast():
    assert apart(np.arange(30), 14).tolist() == [1, 15, 29]
    assert apart(np.arange(5), 1).tolist() == [0, 1, 2, 3, 4]
    assert apart(np.array([0, 14, 20, 28]), 14).tolist() == [0, 1, 3]
    assert apart(np.arange(0, 140, 14), 14).tolist() == list(range(10))
    assert apart(np.empty(0, int), 14).tolist() == []


@pytest.mark.parametrize("horizon", [7, 14])
def test_tests_of_forecasts_that_overlap_reject_as_often_as_they_say(horizon):
    """Forecasts of every day that nobody can better: a walk stays where it is, and a coin says the side."""
    draw = np.random.default_rng(5)
    dates, rejected = 700, {"direction_p": 0, "ljung_box_p": 0, "jarque_bera_p": 0}
    tries = 150
    for _ in range(tries):
        walk = 1_000 + draw.standard_normal(dates + horizon).cumsum()
        closes = walk[np.arange(dates)[:, None] + np.arange(1, horizon + 1)]
        side = draw.choice((-0.1, 0.1), size=dates // 60 + 1).repeat(60)[:dates]
        predicted = np.repeat((walk[:dates] + side).astype(np.float32)[:, None, None], horizon, axis=1)
        predicted = predicted.repeat(7, axis=2)
        scores = pooled_scores(predicted, closes * 0, closes, walk[:dates], np.arange(dates), horizon)
        for name in rejected:
            rejected[name] += scores[name] < 0.05
    assert all(0 <= count / tries <= 0.1 for count in rejected.values()), rejected


def test_the_alert_needs_a_month_that_is_worse_than_its_year():
    usual = 1 + 0.1 * RNG.standard_normal(280)
    worse = np.concatenate([usual, np.full(20, 1.5)])
    assert mae_alert(worse)
    assert not mae_alert(usual)
    assert not mae_alert(worse[-100:]), "five months are no history"
    assert mae_alert(np.insert(worse, 50, np.nan)), "days to come are no errors"


def test_nothing_known_says_nothing_and_breaks_nothing():
    predicted, _, closes, origins, places = some_forecasts(dates=3)
    unknown = np.full_like(closes, np.nan)
    with np.errstate(all="raise"):
        scores = pooled_scores(predicted, unknown, unknown, origins, places, 14)
    assert (scores["forecasts"], scores["days"], scores["mae"], scores["dm_p"]) == (0, 0, None, None)
    assert scores["mae_alert"] is False
