"""A day's forecasts against what came."""

from typing import Any

import numpy as np
import pandas as pd

from sevenfold_jobs.pool_forecast.forecast import DayForecast


def score_day(forecast: DayForecast, actual: pd.DataFrame, among: set[str] | None) -> dict[str, Any] | None:
    """Errors in percent points over the pools that were both forecast and observed; None without any.

    `actual` has pool_id, apy, tvl of the day, observations only. `among` limits the pools.
    """
    predicted = forecast.pools.assign(low=forecast.low[:, 0], high=forecast.high[:, 0])
    both = predicted.merge(actual, on="pool_id", how="inner")
    if among is not None:
        both = both[both["pool_id"].isin(among)]
    if both.empty:
        return None
    apy = both["apy"].to_numpy()
    inside = (both["low"].to_numpy() <= np.round(apy, 4)) & (np.round(apy, 4) <= both["high"].to_numpy())
    return {
        "pools": len(both),
        "mae_model": float(np.abs(both["forecasted_apy"].to_numpy() - apy).mean()),
        "mae_persistence": float(np.abs(both["asof_apy"].to_numpy() - apy).mean()),
        "mae_mean_7d": float(np.abs(both["mean_apy_7d"].to_numpy() - apy).mean()),
        "coverage_80": float(inside.mean()),
        "tvl_mdape_model": _relative(both["forecasted_tvl"], both["tvl"]),
        "tvl_mdape_persistence": _relative(both["asof_tvl"], both["tvl"]),
    }


def _relative(predicted: pd.Series, actual: pd.Series) -> float | None:
    """Median relative error, of the pools that had any TVL."""
    some = (actual > 0).to_numpy()
    if not some.any():
        return None
    return float(np.median(np.abs(predicted.to_numpy()[some] / actual.to_numpy()[some] - 1)))
