"""Tomorrow's gas: the change of the price's logarithm from the last seven days, as far as it was right.

A linear model with a penalty: 180 rows of one series are too few for a booster.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sevenfold_jobs.pool_forecast.rules import FILL_LIMIT_DAYS, QUANTILES
from sevenfold_jobs.pool_forecast.shrink import Shrink, choose_shrink

LAGS = 7
TRAINING_DAYS = 180
HELD_OUT_DAYS = 60
# Fewer days with a target than this: the forecast is that of the day before.
FEWEST_DAYS = 60
PENALTY = 10.0
# Fewer maxima than this: no model; than PATTERN_MAXIMA: no pattern either (the original's rules).
FEWEST_MAXIMA = 15
PATTERN_MAXIMA = 7
MAXIMUM_TO_AVERAGE = 1.5
LOWEST_GWEI = 0.1
# Quantiles of the change of the logarithm while nothing is known of a series.
UNKNOWN_CHANGE = (-0.7, 0.7)


@dataclass(frozen=True)
class GasForecast:
    """gwei; `model` is how it was made."""

    target: str
    model: str
    value: float
    q10: float
    q90: float
    shrink: Shrink | None
    rows: int
    features: int
    first_asof: int
    last_asof: int
    detail: dict[str, Any]


def forecast_gas(gas: pd.DataFrame, asof: int) -> list[GasForecast]:
    """Forecasts the day after `asof`: the average, and the maximum from its own history or from the average.

    `gas` has day, average, maximum (gwei). Days after `asof` are not looked at; a price of 0 is none. A
    price is repeated for seven days at most: what lies before a longer gap is another series, and a series
    that ended earlier than that has no forecast.
    """
    known = gas[gas["day"] <= asof]
    average = _series(known, "average", asof)
    if average.empty:
        return []
    forecasts = [_of_series("gas_avg", average, asof)]
    maximum = _series(known, "maximum", asof)
    if len(maximum) >= FEWEST_MAXIMA:
        forecasts.append(_of_series("gas_max", maximum, asof))
    else:
        forecasts.append(_fallback(forecasts[0], maximum))
    return forecasts


def _series(gas: pd.DataFrame, column: str, asof: int) -> pd.Series:
    """The newest stretch without a gap too long to be filled; empty where the filling ends before asof."""
    found = gas[gas[column] > 0]
    series = pd.Series(found[column].to_numpy(float), found["day"].to_numpy(int)).sort_index()
    if series.empty or asof - series.index[-1] > FILL_LIMIT_DAYS:
        return series.iloc[:0]
    gaps = np.flatnonzero(np.diff(series.index.to_numpy()) > FILL_LIMIT_DAYS + 1)
    return series.iloc[gaps[-1] + 1 :] if gaps.size else series


def _of_series(target: str, series: pd.Series, asof: int) -> GasForecast:
    # forward only
    days = np.arange(series.index[0], asof + 1)
    log_price = np.log(series.reindex(days).ffill().to_numpy())
    features = _features(log_price)
    change = np.append(np.diff(log_price), np.nan)
    last = len(days) - 1
    predicted = {
        row: _predict(features, change, row) for row in range(max(last - HELD_OUT_DAYS, 0), last + 1)
    }
    past = np.array([row for row in predicted if row < last], int)
    past_predicted = np.array([predicted[row] for row in past], float)
    shrink = choose_shrink(change[past], past_predicted, past, np.inf, None)
    share = shrink.share if np.isfinite(predicted[last]) else 0.0
    middle = share * np.nan_to_num(predicted[last])
    residual = change[past] - share * np.nan_to_num(past_predicted)
    low, high = np.quantile(residual, QUANTILES) if len(residual) >= 10 else UNKNOWN_CHANGE
    fitted = np.isfinite(predicted[last])
    return GasForecast(
        target=target,
        model="ridge" if fitted else "persistence",
        value=float(np.exp(log_price[last] + middle)),
        q10=float(np.exp(log_price[last] + middle + min(low, 0.0))),
        q90=float(np.exp(log_price[last] + middle + max(high, 0.0))),
        shrink=_in_gwei(shrink, np.exp(log_price), past, share * np.nan_to_num(past_predicted)),
        rows=min(max(last - LAGS + 1, 0), TRAINING_DAYS) if fitted else 0,
        features=features.shape[1] - 1 if fitted else 0,
        first_asof=int(days[max(last - TRAINING_DAYS, LAGS - 1, 0)] if fitted else days[last]),
        last_asof=int(days[last - 1] if last > 0 else days[last] - 1),
        detail={"asof": int(days[last])},
    )


def _features(log_price: np.ndarray) -> np.ndarray:
    """By day: distances from the six days before, from the 7-day mean, and 1."""
    values = pd.Series(log_price)
    columns = [values.shift(lag) - values for lag in range(1, LAGS)]
    columns.append(values.rolling(LAGS).mean() - values)
    return np.column_stack([*columns, np.ones(len(values))])


def _predict(features: np.ndarray, change: np.ndarray, row: int) -> float:
    """Fitted on the changes known at the end of the row's day."""
    rows = slice(max(row - TRAINING_DAYS, LAGS - 1), row)
    X, y = features[rows], change[rows]
    if len(y) < FEWEST_DAYS:
        return float("nan")
    # A day of panic must not teach the calm ones.
    y = np.clip(y, *np.quantile(y, (0.02, 0.98)))
    penalty = np.full(X.shape[1], PENALTY * X[:, :-1].var(axis=0).mean() + 1e-9)
    penalty[-1] = 1e-9
    weights = np.linalg.solve(X.T @ X + np.diag(penalty), X.T @ y)
    return float(features[row] @ weights)


def _in_gwei(shrink: Shrink, price: np.ndarray, past: np.ndarray, change: np.ndarray) -> Shrink:
    if shrink.mae_model is None:
        return shrink
    came = price[past + 1]
    model = float(np.abs(price[past] * np.exp(change) - came).mean())
    persistence = float(np.abs(price[past] - came).mean())
    return Shrink(shrink.share, model, persistence, shrink.rows, shrink.days)


def _fallback(average: GasForecast, maximum: pd.Series) -> GasForecast:
    """Median of the last seven maxima and 0.3 of their trend; of fewer, half as much again as the average."""
    if len(maximum) >= PATTERN_MAXIMA:
        last = maximum.to_numpy()[-PATTERN_MAXIMA:]
        value = float(np.median(last) + 0.3 * (last[-3:].mean() - last[:3].mean()))
        value = float(np.clip(value, LOWEST_GWEI, last.mean() + 2 * last.std()))
        model = "median"
    else:
        value, model = MAXIMUM_TO_AVERAGE * average.value, "average"
    # Too few maxima are known to measure their own uncertainty: use that of the average.
    return GasForecast(
        target="gas_max",
        model=model,
        value=value,
        q10=value * average.q10 / average.value,
        q90=value * average.q90 / average.value,
        shrink=None,
        rows=min(len(maximum), PATTERN_MAXIMA),
        features=0,
        first_asof=average.first_asof,
        last_asof=average.last_asof,
        detail={"maxima": len(maximum)},
    )
