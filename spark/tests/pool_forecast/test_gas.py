"""Tomorrow's gas from a long series, a short one, a broken one, none."""

import numpy as np
import pandas as pd
import pytest

from sevenfold_jobs.pool_forecast.gas import forecast_gas

ASOF = 20_000


def gas(average, maximum=None):
    days = np.arange(ASOF - len(average) + 1, ASOF + 1)
    frame = pd.DataFrame({"day": days, "average": np.array(average, float), "maximum": np.nan})
    if maximum is not None:
        frame.loc[frame.index[-len(maximum) :], "maximum"] = maximum
    return frame


def returning(seed=1, days=300):
    """Prices that come back to 5 gwei by half a day's distance."""
    draw, values, value = np.random.default_rng(seed), [], 0.0
    for _ in range(days):
        value = 0.5 * value + 0.3 * draw.normal()
        values.append(5 * np.exp(value))
    return np.array(values)


def test_what_comes_back_is_expected_to_come_back():
    prices = returning()
    prices[-1] = 20.0
    average, maximum = forecast_gas(gas(prices), ASOF)
    assert average.model == "ridge"
    assert average.shrink.share > 0.3
    assert average.shrink.mae_model < average.shrink.mae_persistence
    assert 5 < average.value < 18
    assert average.q10 <= average.value <= average.q90
    assert (maximum.model, maximum.value) == ("average", 1.5 * average.value)


def test_nothing_later_is_looked_at():
    prices = returning()
    later = pd.concat(
        [gas(prices), pd.DataFrame({"day": [ASOF + 1, ASOF + 2], "average": 9e9, "maximum": 9e9})]
    )
    assert forecast_gas(later, ASOF) == forecast_gas(gas(prices), ASOF)


def test_a_short_history_gives_the_day_before():
    average, _ = forecast_gas(gas([4.0, 6.0, 5.0]), ASOF)
    assert (average.model, average.value) == ("persistence", pytest.approx(5.0))
    assert average.q10 < 5.0 < average.q90


def test_one_day_is_enough_and_none_is_none():
    [average, _] = forecast_gas(gas([3.0]), ASOF)
    assert np.isclose(average.value, 3.0)
    assert forecast_gas(gas([]), ASOF) == []


def test_a_price_of_zero_is_none():
    average, _ = forecast_gas(gas([4.0, 6.0, 5.0, 0.0]), ASOF)
    assert np.isclose(average.value, 5.0)


def test_a_price_that_never_moves_stays():
    average, _ = forecast_gas(gas([2.0] * 200), ASOF)
    assert np.isclose(average.value, 2.0)
    assert np.isfinite([average.q10, average.q90]).all()


def test_few_maxima_give_their_median_and_half_their_trend_within_bounds():
    _, maximum = forecast_gas(gas(returning(), [10, 10, 10, 10, 12, 14, 16]), ASOF)
    assert maximum.model == "median"
    assert np.isclose(maximum.value, 10 + 0.3 * (14 - 10))


def test_enough_maxima_are_forecast_by_themselves():
    _, maximum = forecast_gas(gas(returning(), 3 * returning(2)), ASOF)
    assert maximum.model == "ridge"
    assert maximum.value > 7
