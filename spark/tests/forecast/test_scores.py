"""Scores of single forecasts against their definitions, written out the long way."""

import tracemalloc

import numpy as np
import pytest

from sevenfold_jobs.forecast.scores import (
    CALIBRATION_LEVELS,
    FORECAST_SCORES,
    HORIZONS,
    LEVELS,
    crps,
    quantiles,
    score_forecasts,
    sort_paths,
)

RNG = np.random.default_rng(7)


def paths_of(*shape: int) -> np.ndarray:
    """Paths `(…, n, h)` whose spread grows, about a price of 60."""
    return (60 + RNG.standard_normal(shape).cumsum(axis=-1)).astype(np.float32)


def test_a_days_values_lie_side_by_side_and_ascend():
    paths = paths_of(3, 50, 14)
    ascending = sort_paths(paths)
    assert ascending.shape == (3, 14, 50)
    assert ascending.flags.c_contiguous
    assert (np.diff(ascending, axis=-1) >= 0).all()
    assert sorted(paths[1, :, 4]) == ascending[1, 4].tolist()


@pytest.mark.parametrize("n", [1, 2, 7, 100, 2000])
def test_quantiles_are_interpolated_as_numpy_does(n):
    ascending = sort_paths(paths_of(4, n, 3))
    expected = np.moveaxis(np.quantile(ascending.astype(np.float64), LEVELS, axis=-1), 0, -1)
    predicted = quantiles(ascending)
    assert predicted.dtype == np.float32
    np.testing.assert_array_equal(predicted, expected.astype(np.float32))


def crps_of_all_pairs(sample: np.ndarray, close: float) -> float:
    sample = sample.astype(np.float64)
    return np.abs(sample - close).mean() - 0.5 * np.abs(sample[:, None] - sample[None, :]).mean()


@pytest.mark.parametrize("n", [1, 2, 3, 250])
def test_crps_of_the_sorted_sample_is_that_of_all_pairs(n):
    ascending = sort_paths(paths_of(5, n, 2))
    closes = np.array([[60.0, 61.5], [55.0, 70.0], [-36.98, 0.0], [59.99, 60.01], [1e4, -1e4]])
    expected = [[crps_of_all_pairs(ascending[i, k], closes[i, k]) for k in range(2)] for i in range(5)]
    np.testing.assert_allclose(crps(ascending, closes), expected, rtol=1e-12)


def test_crps_halves_the_second_term_once():
    # Paths 0 and 2 against 1: mean |x - y| = 1, mean |x - x'| = 1. Halved twice it would be 0.75.
    assert crps(np.array([0.0, 2.0], np.float32), np.array(1.0)) == 0.5


def test_crps_of_a_normal_sample_comes_near_the_formula():
    sample = np.sort(RNG.standard_normal(200_000)).astype(np.float32)
    # Gneiting and Raftery 2007: at the mean, (2 φ(0) - 1/√π) σ.
    assert crps(sample, np.array(0.0)) == pytest.approx(2 / np.sqrt(2 * np.pi) - 1 / np.sqrt(np.pi), abs=2e-3)


def test_crps_of_a_day_to_come_is_nan_and_leaves_the_others():
    ascending = sort_paths(paths_of(3, 40, 2))
    closes = np.array([[60.0, np.nan], [np.nan, np.nan], [61.0, 62.0]])
    scores = crps(ascending, closes)
    assert np.isnan(scores).tolist() == np.isnan(closes).tolist()
    assert scores[2, 1] == pytest.approx(crps_of_all_pairs(ascending[2, 1], 62.0))


def scored(closes: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    ascending = sort_paths(paths_of(len(closes), 500, closes.shape[1]))
    predicted, by_day = quantiles(ascending), crps(ascending, closes)
    return predicted, by_day, score_forecasts(predicted, by_day, closes)


def test_each_score_is_that_of_its_first_days():
    closes = 60 + RNG.standard_normal((6, 14)).cumsum(axis=1)
    predicted, by_day, scores = scored(closes)
    assert set(scores) == {f"{name}_{days}d" for name in FORECAST_SCORES for days in HORIZONS}
    for row in range(6):
        for days in HORIZONS:
            actual, point = closes[row, :days], predicted[row, :days, 3].astype(float)
            low80, high80, low95, high95 = (
                predicted[row, :days, level].astype(float) for level in (1, 5, 0, 6)
            )
            shares = [
                (actual <= predicted[row, :days, LEVELS.index(level)]).mean() for level in CALIBRATION_LEVELS
            ]
            expected = {
                "mae": np.abs(actual - point).mean(),
                "rmse": np.sqrt(((actual - point) ** 2).mean()),
                "mape": 100 * np.abs((actual - point) / actual).mean(),
                "crps": by_day[row, :days].mean(),
                "calibration_score": np.abs(np.array(shares) - CALIBRATION_LEVELS).mean(),
                "coverage_80": ((low80 <= actual) & (actual <= high80)).mean(),
                "coverage_95": ((low95 <= actual) & (actual <= high95)).mean(),
                "sharpness_80": (high80 - low80).mean(),
                "sharpness_95": (high95 - low95).mean(),
            }
            for name, value in expected.items():
                assert scores[f"{name}_{days}d"][row] == pytest.approx(value, rel=1e-9), (name, days, row)


def test_days_to_come_count_nowhere():
    closes = 60 + RNG.standard_normal((3, 14))
    closes[1, 3:] = np.nan
    closes[2] = np.nan
    predicted, by_day, scores = scored(closes)
    expected = np.abs(closes[1, :3] - predicted[1, :3, 3]).mean()
    assert scores["mae_7d"][1] == pytest.approx(expected)
    assert scores["mae_14d"][1] == pytest.approx(expected)
    assert scores["crps_14d"][1] == pytest.approx(by_day[1, :3].mean())
    assert all(np.isnan(values[2]) for values in scores.values())


def test_a_short_horizon_has_no_score_of_days_that_it_does_not_reach():
    _, _, scores = scored(60 + RNG.standard_normal((2, 7)))
    assert np.isfinite(scores["mae_7d"]).all()
    assert np.isnan(scores["mae_14d"]).all()
    assert np.isnan(scores["calibration_score_14d"]).all()


def test_prices_at_and_below_zero_do_not_break_percentages():
    closes = np.array([[60.0, 0.0, -36.98, 10.0, 20.0, 30.0, 40.0]])
    predicted, _, scores = scored(closes)
    others = [0, 2, 3, 4, 5, 6]
    errors = np.abs(closes[0] - predicted[0, :, 3])[others]
    assert scores["mape_7d"][0] == pytest.approx((100 * errors / np.abs(closes[0, others])).mean())
    _, _, only_zero = scored(np.zeros((1, 7)))
    assert np.isnan(only_zero["mape_7d"][0])
    assert np.isfinite(only_zero["mae_7d"][0])


def test_a_close_on_the_very_cent_of_the_band_lies_inside():
    # 60.1 in single precision lies above 60.1 in double.
    predicted = np.tile(np.float32(60.1), (1, 1, 7))
    scores = score_forecasts(predicted, np.zeros((1, 1)), np.array([[60.1]]))
    assert scores["coverage_80_1d"] == 1
    assert scores["calibration_score_1d"] == pytest.approx(np.abs(1 - np.array(CALIBRATION_LEVELS)).mean())
    predicted = np.tile(np.float32(60.3), (1, 1, 7))  # and below it
    assert score_forecasts(predicted, np.zeros((1, 1)), np.array([[60.3]]))["coverage_80_1d"] == 1


def test_one_forecast_and_many_are_scored_alike():
    closes = 60 + RNG.standard_normal((4, 14))
    predicted, by_day, scores = scored(closes)
    alone = score_forecasts(predicted[2], by_day[2], closes[2])
    assert all(alone[name] == values[2] for name, values in scores.items())


def test_crps_holds_no_copy_of_all_paths():
    # 14 days of 200 dates in blocks: a copy in double precision would be 45 MB.
    ascending = np.sort(RNG.standard_normal((200, 14, 2000)).astype(np.float32), axis=-1)
    closes = RNG.standard_normal((200, 14))
    tracemalloc.start()
    crps(ascending, closes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
