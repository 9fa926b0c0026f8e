"""What the paths of a task's dates say: quantiles, and scores against the closes that are known by now."""

from dataclasses import dataclass

import numpy as np

from sevenfold_jobs.forecast import scores
from sevenfold_jobs.forecast_infer.forecasts import Forecasts


@dataclass(frozen=True)
class PathSummaries:
    """For n dates over h days: `quantiles` (n, h, 7) float32 at scores.LEVELS, `crps` (n, h) float64, NaN
    where the close is not known yet. Filled date by date: only one date's paths are in memory at a time."""

    quantiles: np.ndarray
    crps: np.ndarray

    @classmethod
    def empty(cls, forecasts: Forecasts) -> "PathSummaries":
        shape = forecasts.points.shape
        return cls(np.empty((*shape, len(scores.LEVELS)), np.float32), np.empty(shape))

    def add(self, index: int, paths: np.ndarray, actuals: np.ndarray) -> None:
        """Takes in the paths (paths, h) of a date: they are sorted once, in a copy."""
        ascending = scores.sort_paths(paths)
        self.quantiles[index] = scores.quantiles(ascending)
        self.crps[index] = scores.crps(ascending, actuals)
