"""The forecast of one day: what the models say, and what is said of pools too young for them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sevenfold_jobs.common.rounding import round_half_away
from sevenfold_jobs.pool_forecast import fan
from sevenfold_jobs.pool_forecast.models import Models, Prediction
from sevenfold_jobs.pool_forecast.reading import Known
from sevenfold_jobs.pool_forecast.rules import (
    APY_DECIMALS,
    COLD_START_RELATIVE_WIDTH,
    COLD_START_TVL_WIDTH,
    HORIZONS,
    TVL_DECIMALS,
)


@dataclass(frozen=True)
class DayForecast:
    """Rounded, sorted by pool.

    `pools`: pool_id, method, asof_apy, asof_tvl, mean_apy_7d, forecasted_apy, forecasted_tvl, tvl_q10,
    tvl_q90. `low`, `high`: q10 and q90 of the APY, shape pools × horizons; the median of every horizon is the
    forecast of the first (docs/decisions/007-forecast.md).
    """

    pools: pd.DataFrame
    low: np.ndarray
    high: np.ndarray


def forecast_day(
    models: Models, known: Known, asof: int, horizons: tuple[int, ...] = HORIZONS
) -> tuple[DayForecast, Prediction]:
    """Forecasts every pool with an APY at the end of day `asof` and at least two days of history."""
    predicted = models.predict(asof, horizons)
    pools = predicted.pools.merge(known.beginnings, on="pool_id", how="left")
    young = ~(pools["third_day"] <= asof).to_numpy()
    low, high = predicted.low.copy(), predicted.high.copy()
    pools["method"] = np.where(young, "cold_start", "model")
    if young.any():
        _cold_start(pools, low, high, young, known, asof, models)
    due = (pools["second_day"] <= asof).to_numpy()
    return _rounded(pools[due].reset_index(drop=True), low[due], high[due]), predicted


def _cold_start(
    pools: pd.DataFrame,
    low: np.ndarray,
    high: np.ndarray,
    young: np.ndarray,
    known: Known,
    asof: int,
    models: Models,
) -> None:
    """In place: the mean of the 7-day means of the pool's two days, its TVL as it is, and wide quantiles."""
    rows = known.history[known.history["pool_id"].isin(pools.loc[young, "pool_id"])]
    observed = rows[(rows["day"] <= asof) & rows["apy"].notna()][["pool_id", "day"]]
    facts = models.days.facts[["pool_id", "day", "mean_apy_7d"]]
    means = observed.merge(facts, on=["pool_id", "day"], how="inner").groupby("pool_id")["mean_apy_7d"].mean()
    young_pools = pools.loc[young]
    forecast = np.maximum(young_pools["pool_id"].map(means).fillna(young_pools["asof_apy"]).to_numpy(), 0.0)
    width = np.maximum(
        fan.width_without_model(young_pools["scale"].to_numpy()), COLD_START_RELATIVE_WIDTH * forecast
    )
    low[young], high[young] = fan.growing(forecast, width)
    tvl = young_pools["asof_tvl"].to_numpy()
    pools.loc[young, "forecasted_apy"] = forecast
    pools.loc[young, "forecasted_tvl"] = tvl
    pools.loc[young, "tvl_q10"] = tvl * np.exp(-COLD_START_TVL_WIDTH)
    pools.loc[young, "tvl_q90"] = tvl * np.exp(COLD_START_TVL_WIDTH)


def _rounded(pools: pd.DataFrame, low: np.ndarray, high: np.ndarray) -> DayForecast:
    order = np.argsort(pools["pool_id"].to_numpy(), kind="stable")
    pools = pools.iloc[order].reset_index(drop=True)
    columns = {"pool_id": pools["pool_id"], "method": pools["method"]}
    for name in ("asof_apy", "mean_apy_7d", "forecasted_apy"):
        columns[name] = round_half_away(pools[name].to_numpy(), APY_DECIMALS)
    for name in ("asof_tvl", "forecasted_tvl", "tvl_q10", "tvl_q90"):
        columns[name] = round_half_away(pools[name].to_numpy(), TVL_DECIMALS)
    middle = columns["forecasted_apy"][:, None]
    return DayForecast(
        pools=pd.DataFrame(columns),
        # Rounding keeps the order of what it rounds; the middle was rounded apart from its sides.
        low=np.minimum(round_half_away(low[order], APY_DECIMALS), middle),
        high=np.maximum(round_half_away(high[order], APY_DECIMALS), middle),
    )
