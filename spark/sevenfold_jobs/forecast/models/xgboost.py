"""Gradient-boosted trees of the next day's move, day after day on their own forecasts."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold_jobs.common import lean
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.models import (
    Covariate,
    Forecast,
    State,
    centred,
    read_covariates,
    refuse_missing,
    refuse_short,
)
from sevenfold_jobs.forecast.series import Series

if TYPE_CHECKING:
    from xgboost import Booster

KEY = "xgboost"
NAME = "XGBoost"
NOTES = "Closes and covariates at the cutoff. Trees and pool (750 errors out of sample) are the window's."

LAGS = (1, 7, 14)
WIDTHS = (7, 30)
# The oldest close that a row of features needs, in rows before its own.
LOOKBACK = 30
CALENDAR = ("day_of_week", "month", "day_of_year")

ROUNDS = 100
POOL = 750
SHARE_FITTED_FOR_POOL = 0.8
_FEWEST_ROWS = 100

_TREES: dict[str, Any] = {
    "objective": "reg:squarederror",
    "max_depth": 5,
    "eta": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "seed": 0,
    "nthread": 1,
}

PARAMETERS: dict[str, Any] = {**_TREES, "rounds": ROUNDS, "pool": POOL}


def train(series: Series, settings: dict[str, Any]) -> State:
    """Fits close_{t+1} - close_t on the features at t, for the older four fifths of the rows from row 30 on.

    The pool: this booster's own errors on the newest fifth, which it has not seen
    (docs/decisions/013-one-booster-a-window.md). Raises
    InvalidInput for a series that is too short, or a covariate that is not there.
    """
    refuse_short(series, LOOKBACK + _FEWEST_ROWS + 1, NAME)
    covariates = read_covariates(settings, series)
    positions = np.arange(LOOKBACK, len(series) - 1)
    features = _features(
        series.close[positions[:, None] + np.arange(-LOOKBACK, 1)],
        _held(series, covariates, positions),
        covariates,
        series.dates[positions + 1],
    )
    moves = np.diff(series.close)[positions]
    fitted = int(len(positions) * SHARE_FITTED_FOR_POOL)
    booster = _fit(features[:fitted], moves[:fitted])
    errors = moves[fitted:] - _predict(booster, features[fitted:])
    return {
        "model": KEY,
        "start": str(series.dates[0]),
        "samples": len(positions),
        "covariates": [vars(covariate) for covariate in covariates],
        "features": feature_names(covariates),
        "booster": json.loads(booster.save_raw("json")),
        "pool": centred(errors[-POOL:]).tolist(),
    }


def forecast(state: State, series: Series, positions: np.ndarray, horizon: int, days: np.ndarray) -> Forecast:
    """Recursive: each day's move is asked of closes that end with the days forecast before it.

    Covariates are held at the cutoff. One call of the booster a day ahead, for all positions together.
    """
    covariates = [Covariate(**given) for given in state["covariates"]]
    if state["features"] != feature_names(covariates):
        raise InvalidInput(f"The stored {NAME} model has features {state['features']}: train it again.")
    refuse_missing(covariates, series)
    refuse_short(series.first(int(positions.min()) + 1), LOOKBACK + 1, NAME)
    booster = _load(state["booster"])
    held = _held(series, covariates, positions)
    closes = np.empty((len(positions), LOOKBACK + 1 + horizon))
    closes[:, : LOOKBACK + 1] = series.close[positions[:, None] + np.arange(-LOOKBACK, 1)]
    for day in range(horizon):
        window = closes[:, day : day + LOOKBACK + 1]
        features = _features(window, held, covariates, days[:, day])
        closes[:, day + LOOKBACK + 1] = window[:, -1] + _predict(booster, features)
    pool = np.array(state["pool"])
    return Forecast(closes[:, LOOKBACK + 1 :], [pool] * len(positions))


def feature_names(covariates: Sequence[Covariate]) -> list[str]:
    """In the order of the booster's columns."""
    of_widths = [name for width in WIDTHS for name in (f"close_minus_mean_{width}", f"std_{width}")]
    of_covariates = [
        f"close_minus_{covariate.name}" if covariate.use == "spread" else covariate.name
        for covariate in covariates
    ]
    return [*(f"diff_{lag}" for lag in LAGS), *of_widths, "close", *of_covariates, *CALENDAR]


def _features(
    closes: np.ndarray, held: Sequence[np.ndarray], covariates: Sequence[Covariate], targets: np.ndarray
) -> np.ndarray:
    """float32, rows × features, from closes t-30..t (rows × 31), covariates at t, days of the targets."""
    last = closes[:, -1]
    columns = [last - closes[:, -1 - lag] for lag in LAGS]
    for width in WIDTHS:
        mean, deviation = _mean_and_deviation(closes, width)
        columns += [last - mean, deviation]
    columns.append(last)
    for covariate, values in zip(covariates, held, strict=True):
        columns.append(last - values if covariate.use == "spread" else values)
    columns += _calendar(targets)
    return np.column_stack(columns).astype(np.float32)


def _mean_and_deviation(closes: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the newest `width` closes of each row.

    Summed column by column: the order of NumPy's own sums depends on the shape of the array, and the bytes of
    a date must not depend on which other dates are computed with it.
    """
    newest = [closes[:, -1 - back] for back in range(width)]
    mean = sum(newest[1:], newest[0]) / width
    squares = [(column - mean) ** 2 for column in newest]
    return mean, np.sqrt(sum(squares[1:], squares[0]) / (width - 1))


def _calendar(days: np.ndarray) -> Iterator[np.ndarray]:
    """Day of the week (Monday 0), month and day of the year (both from 1)."""
    months = days.astype("datetime64[M]")
    yield (days.astype(np.int64) + 3) % 7
    yield months.astype(np.int64) % 12 + 1
    yield (days - days.astype("datetime64[Y]")).astype(np.int64) + 1


def _held(series: Series, covariates: Sequence[Covariate], positions: np.ndarray) -> list[np.ndarray]:
    return [series.covariates[covariate.name][positions] for covariate in covariates]


def _fit(features: np.ndarray, moves: np.ndarray) -> "Booster":
    xgboost = lean.load("xgboost")

    return xgboost.train(_TREES, xgboost.DMatrix(features, moves, nthread=1), num_boost_round=ROUNDS)


def _load(booster: dict[str, Any]) -> "Booster":
    xgboost = lean.load("xgboost")

    loaded = xgboost.Booster({"nthread": 1})
    loaded.load_model(bytearray(json.dumps(booster).encode()))
    loaded.set_param({"nthread": 1})
    return loaded


def _predict(booster: "Booster", features: np.ndarray) -> np.ndarray:
    """float64 of the booster's float32."""
    xgboost = lean.load("xgboost")

    return booster.predict(xgboost.DMatrix(features, nthread=1)).astype(np.float64)
