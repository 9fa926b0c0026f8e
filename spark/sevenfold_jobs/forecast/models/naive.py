"""Tomorrow is as today: every day ahead is the close at the cutoff."""

from typing import Any

import numpy as np

from sevenfold_jobs.forecast.models import Forecast, State, recent_moves, refuse_short
from sevenfold_jobs.forecast.series import Series

KEY = "naive"
NAME = "Naive"
NOTES = "The close at the cutoff, on every day. Paths: the 250 newest daily differences."

POOL = 250
_FEWEST_MOVES = 30

PARAMETERS: dict[str, Any] = {"pool": POOL}


def train(series: Series, settings: dict[str, Any]) -> State:
    """Nothing is fixed for a window; the state only says which model it is."""
    refuse_short(series, _FEWEST_MOVES + 1, NAME)
    return {"model": KEY, "start": str(series.dates[0]), "samples": len(series)}


def forecast(state: State, series: Series, positions: np.ndarray, horizon: int, days: np.ndarray) -> Forecast:
    """f_k = close at the cutoff. Raises InvalidInput where fewer than 31 closes are known."""
    refuse_short(series.first(int(positions.min()) + 1), _FEWEST_MOVES + 1, NAME)
    points = np.repeat(series.close[positions][:, None], horizon, axis=1)
    return Forecast(points, [recent_moves(series, position, POOL) for position in positions])
