"""Gas and prices are repeated for seven days: what ended long ago, or lies before a gap, says nothing."""

import numpy as np
import pandas as pd

from sevenfold_jobs.pool_forecast.gas import forecast_gas
from sevenfold_jobs.pool_forecast.market import market_days


def gas(days, value=1.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": np.asarray(days),
            "average": value + 0.1 * np.sin(days),
            "maximum": np.full(len(days), np.nan),
        }
    )


def test_gas_that_ended_more_than_seven_days_ago_has_no_forecast():
    days = np.arange(20_000, 20_100)
    assert [one.target for one in forecast_gas(gas(days), 20_106)] == ["gas_avg", "gas_max"]
    assert forecast_gas(gas(days), 20_107) == []


def test_a_lone_row_years_before_changes_no_forecast():
    days = np.arange(20_000, 20_050)
    with_slip = pd.concat([gas(days), gas(np.array([16_000]), 500.0)])
    assert forecast_gas(with_slip, 20_049) == forecast_gas(gas(days), 20_049)


def test_a_close_is_repeated_for_seven_days():
    prices = pd.DataFrame({"symbol": "ETH", "day": [0, 1], "close": [1.0, 2.0]})
    changes = market_days(prices, 0, 20).set_index("day")["eth_change_1d"]
    assert changes[1] == np.log(2.0)
    assert changes[2:8].eq(0).all()
    assert changes[9:].isna().all()
