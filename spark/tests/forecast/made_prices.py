"""Prices for tests: a generated series, the shared real one, and both with a changed future."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
from shared_data import shared

from sevenfold_jobs.forecast import models
from sevenfold_jobs.forecast.paths import draw_paths
from sevenfold_jobs.forecast.series import Prices

SETTINGS = {"covariates": [{"name": "vix"}, {"name": "peer_close", "use": "spread"}, {"name": "henry_hub"}]}
HORIZON = 14
DAY = np.timedelta64(1, "D")


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


def made_prices(
    rows: int = 900, seed: int = 1, first: str = "2012-01-02", calendar: str = "trading"
) -> Prices:
    """Every calendar day from `first` on, weekends carried; `rows` of them are trading days."""
    draw = np.random.default_rng(seed)
    weekdays = np.busday_offset(day(first), np.arange(rows), roll="forward")
    dates = np.arange(weekdays[0], weekdays[-1] + DAY)
    trading = np.is_busday(dates)
    carried = np.cumsum(trading) - 1  # the last trading day up to each day
    peer = 50 + np.cumsum(draw.normal(0, 1.2, rows))
    covariates = {
        "peer_close": peer,
        "vix": 20 + np.abs(draw.normal(0, 5, rows)),
        "henry_hub": 3 + draw.normal(0, 0.3, rows),
    }
    close = peer + 4 + np.cumsum(draw.normal(0, 0.5, rows)) + draw.normal(0, 0.4, rows)
    return Prices(
        "MADE",
        calendar,
        dates,
        dates.copy(),
        trading,
        close[carried],
        {name: values[carried] for name, values in covariates.items()},
    )


def shared_prices() -> Prices:
    """The real WTI series of shared/data/commodity; the test is skipped where it is absent."""
    file = shared("commodity/unified_daily.parquet")
    table = pq.read_table(file, filters=[("commodity", "==", "WTI")]).sort_by("date")
    column = {name: table[name].to_numpy() for name in table.schema.names if name != "commodity"}
    dates = column["date"].astype("datetime64[D]")
    names = ("peer_close", "vix", "henry_hub")
    return Prices(
        "WTI",
        "trading",
        dates,
        dates.copy(),
        column["is_trading_day"].astype(bool),
        column["close"],
        {name: column[name] for name in names},
    )


def rows_of(prices: Prices, rows: np.ndarray) -> Prices:
    """The rows of a mask or an order."""
    return replace(
        prices,
        dates=prices.dates[rows],
        known_at=prices.known_at[rows],
        trading=prices.trading[rows],
        close=prices.close[rows],
        covariates={name: values[rows] for name, values in prices.covariates.items()},
    )


def truncated(prices: Prices, cutoff: np.datetime64) -> Prices:
    """As if nothing had happened after the cutoff."""
    return rows_of(prices, prices.dates <= cutoff)


def perturbed(prices: Prices, cutoff: np.datetime64, seed: int = 5) -> Prices:
    """Another future: every close and covariate after the cutoff is nonsense, some of it missing."""
    draw = np.random.default_rng(seed)
    later = prices.dates > cutoff
    count = int(later.sum())

    def nonsense(values: np.ndarray) -> np.ndarray:
        changed = values.copy()
        changed[later] = draw.choice([np.nan, -1e6, 1e6, 0.0], count)
        return changed

    close = prices.close.copy()
    close[later] = draw.normal(0, 1e4, count)
    return replace(
        prices,
        close=close,
        covariates={name: nonsense(values) for name, values in prices.covariates.items()},
    )


def shuffled(prices: Prices, cutoff: np.datetime64, seed: int = 6) -> Prices:
    """The true future in a wrong order: dates stay, what happened on them is dealt out anew."""
    later = np.flatnonzero(prices.dates > cutoff)
    order = np.arange(len(prices.dates))
    order[later] = np.random.default_rng(seed).permutation(later)
    return replace(
        prices,
        close=prices.close[order],
        covariates={name: values[order] for name, values in prices.covariates.items()},
    )


def trained(key: str, prices: Prices, training_date: str, settings: dict = SETTINGS) -> dict:
    """The state as forecast_train would store it."""
    return models.load(key).train(prices.as_of(day(training_date) - DAY), settings)


def forecasts(
    key: str, state: dict, prices: Prices, starts: np.ndarray, horizon: int = HORIZON
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Points and pools of the dates, in their order."""
    points = np.empty((len(starts), horizon))
    pools = [np.empty(0)] * len(starts)
    for group in prices.cutoffs(starts):
        cutoffs = group.series.dates[group.positions]
        days = prices.projected_days(group.starts, cutoffs, horizon)
        made = models.load(key).forecast(state, group.series, group.positions, horizon, days)
        points[group.indices] = made.points
        for index, pool in zip(group.indices, made.pools, strict=True):
            pools[index] = pool
    return points, pools


def forecast_bytes(key: str, state: dict, prices: Prices, starts: np.ndarray, paths: int = 50) -> list[bytes]:
    """Points, pool and paths of each date."""
    points, pools = forecasts(key, state, prices, starts)
    return [
        point.tobytes()
        + pool.tobytes()
        + draw_paths(point, pool, paths, 0, prices.commodity, key, start).tobytes()
        for point, pool, start in zip(points, pools, starts, strict=True)
    ]
