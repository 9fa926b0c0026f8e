"""A stored booster stands only for the rows it learnt from: every value of them is in its fingerprint."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from forecast_panels import RUN_DATE, market, panel

from sevenfold_jobs.pool_forecast.days import training_days
from sevenfold_jobs.pool_forecast.fingerprints import Fingerprints
from sevenfold_jobs.pool_forecast.reading import Known, as_day
from sevenfold_jobs.pool_forecast.rules import FILL_LIMIT_DAYS, LOOKBACK_DAYS

LAST = as_day(RUN_DATE) - 1
CUTOFF = LAST - 30
FIRST_LEARNT, LAST_LEARNT = training_days(CUTOFF)
FIRST_REACHED = FIRST_LEARNT - LOOKBACK_DAYS - FILL_LIMIT_DAYS
FIRST = FIRST_REACHED - 10


def by_day(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(day=rows["date"].map(as_day).astype(np.int32)).drop(columns="date")


def frames() -> dict[str, pd.DataFrame]:
    """From ten days before anything can be learnt from, to a month after."""
    days = LAST - FIRST + 1
    last = RUN_DATE - timedelta(days=1)
    history = by_day(panel(pools=2, days=days)).assign(protocol="protocol-1")
    prices, gas = market(last - timedelta(days=days - 1), last)
    return {
        "history": history[["pool_id", "protocol", "day", "apy", "tvl"]],
        "prices": by_day(prices),
        "gas": by_day(gas),
    }


def fingerprint(found: dict[str, pd.DataFrame], settings: dict | None = None, library: str = "1.0") -> str:
    known = Known(**found, beginnings=pd.DataFrame(), first=FIRST, last=LAST)
    return Fingerprints(known, library).of("apy", settings or {"numLeaves": 15}, CUTOFF)


def altered(name: str, column: str, day: int) -> dict[str, pd.DataFrame]:
    found = frames()
    rows = found[name]
    # A day may be missing of a pool: the next observation is the one that counts.
    there = rows.loc[rows["day"] >= day, "day"].idxmin()
    assert abs(rows.loc[there, "day"] - day) <= 1
    value = rows.loc[there, column]
    rows.loc[there, column] = "another" if isinstance(value, str) else value * 1.5
    return found


def test_the_same_rows_have_the_same_fingerprint():
    assert fingerprint(frames()) == fingerprint(frames())


@pytest.mark.parametrize(
    ("name", "column", "day"),
    [
        ("history", "apy", FIRST_REACHED),
        ("history", "apy", CUTOFF),
        ("history", "tvl", FIRST_LEARNT),
        ("history", "protocol", LAST_LEARNT),
        ("history", "pool_id", LAST_LEARNT),
        ("prices", "close", FIRST_LEARNT),
        ("prices", "close", LAST_LEARNT),
    ],
)
def test_a_value_that_was_learnt_from_is_in_it(name, column, day):
    assert fingerprint(altered(name, column, day)) != fingerprint(frames())


@pytest.mark.parametrize(
    ("name", "column", "day"),
    [
        ("history", "apy", FIRST),
        ("history", "apy", CUTOFF + 2),
        ("prices", "close", LAST_LEARNT + 1),
        ("gas", "actual_avg_gas_gwei", LAST_LEARNT),
    ],
)
def test_a_value_that_was_not_is_not(name, column, day):
    assert fingerprint(altered(name, column, day)) == fingerprint(frames())


def test_how_it_was_fitted_is_in_it():
    usual = fingerprint(frames())
    assert fingerprint(frames(), settings={"numLeaves": 31}) != usual
    assert fingerprint(frames(), library="1.1") != usual
