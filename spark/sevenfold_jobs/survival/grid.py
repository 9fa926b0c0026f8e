"""The times at which the models of a fold are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold_jobs.survival.curves import censoring_curve

# Where the training censoring curve falls below this, weights of 1/G let single rows decide a score.
SMALLEST_G = 0.05

# Distance to both ends of the test times, as a share of the training time range.
MARGIN = 0.001


@dataclass(frozen=True)
class Grid:
    """`points` (m,) ascending; `tau`, the last of them, truncates; `low` to `high` is supported."""

    points: np.ndarray
    tau: float
    low: float
    high: float


def time_grid(
    train_time: np.ndarray, train_event: np.ndarray, test_time: np.ndarray, points: int = 50
) -> Grid:
    """The grid of a fold: evenly spaced between the 5th and 95th percentile of its training times.

    Points are kept that lie inside the test times (by one per mille of the training time range) and before
    the training censoring curve falls under 0.05. If fewer than two are left, the grid is spaced again
    over the range that percentiles, test times and censoring curve share, or else over the supported test
    times. If all test times are equal, a single point is left.
    """
    margin = MARGIN * (train_time.max() - train_time.min())
    censoring = censoring_curve(train_time, train_event)
    thin = np.flatnonzero(censoring.values < SMALLEST_G)
    # G is already too small at the time of the step itself.
    cap = np.nextafter(censoring.times[thin[0]], -np.inf) if len(thin) else np.inf
    first, last = test_time.min(), min(test_time.max(), cap)
    low, high = first + margin, min(test_time.max() - margin, cap)

    p5, p95 = np.percentile(train_time, [5.0, 95.0])
    spaced = np.linspace(p5, p95, points)
    kept = spaced[(spaced >= low) & (spaced <= high)]
    if len(kept) < 2:
        start, end = max(p5, first), min(p95, last)
        if not start < end:
            start, end = first, last
        kept = np.linspace(start, end, points) if start < end else np.array([min(start, end)])
        low, high = min(low, kept[0]), max(high, kept[-1])
    return Grid(kept, float(kept[-1]), float(low), float(high))


def horizons_for(horizons: Sequence[float], grid: Grid) -> list[float]:
    """The given horizons at which the fold can be scored, ascending: from `low` up to `tau`.

    Beyond tau a score would rest on the few rows with the largest censoring weights.
    """
    return sorted({float(h) for h in horizons if grid.low <= h <= grid.tau})
