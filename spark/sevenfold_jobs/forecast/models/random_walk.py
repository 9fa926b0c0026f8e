"""A random walk with the drift of the last 30 closes."""

from typing import Any

import numpy as np

from sevenfold_jobs.forecast.models import Forecast, State, recent_moves, refuse_short
from sevenfold_jobs.forecast.series import Series

KEY = "random_walk"
NAME = "Random walk"
NOTES = "The close at the cutoff plus the mean move of the last 30 closes a day. Paths as naive."

POOL = 250
CLOSES_OF_DRIFT = 30

PARAMETERS: dict[str, Any] = {"pool": POOL, "closes_of_drift": CLOSES_OF_DRIFT}


def train(series: Series, settings: dict[str, Any]) -> State:
    """Nothing is fixed for a window; the state only says which model it is."""
    refuse_short(series, CLOSES_OF_DRIFT, NAME)
    return {"model": KEY, "start": str(series.dates[0]), "samples": len(series)}


def forecast(state: State, series: Series, positions: np.ndarray, horizon: int, days: np.ndarray) -> Forecast:
    """f_k = close + k × drift, drift the mean of the 29 newest differences: their sum telescopes."""
    refuse_short(series.first(int(positions.min()) + 1), CLOSES_OF_DRIFT, NAME)
    close = series.close[positions]
    moves = CLOSES_OF_DRIFT - 1
    drift = (close - series.close[positions - moves]) / moves
    points = close[:, None] + np.arange(1, horizon + 1) * drift[:, None]
    return Forecast(points, [recent_moves(series, position, POOL) for position in positions])
