"""From a booster's quantiles to a fan as wide as it says: stretched on past days, ordered, never below 0."""

import numpy as np

from sevenfold_jobs.pool_forecast.rules import HORIZONS, QUANTILES, WIDENINGS, WIDTH_WITHOUT_MODEL

# With fewer rows than this, a side is not widened: they say too little.
_FEWEST_ROWS = 100
# Equal up to the rounding of what is compared.
_TOLERANCE = 1e-9


def widenings(
    actual: np.ndarray, middle: np.ndarray, low: np.ndarray, high: np.ndarray, horizon: np.ndarray
) -> dict[int, tuple[float, float]]:
    """For each horizon by how much the distance of `low` and `high` from `middle` is stretched.

    The smallest stretch beyond which lies so little of the past that the next value of its kind lies there
    with a chance of a tenth at most, on either side by itself; 1 where there is too little past. Split
    conformal prediction: where k of n values lie outside, that chance is (k + 1) / (n + 1) (Lei et al. 2018,
    Distribution-free predictive inference for regression). All arrays have one entry a row.
    """
    found = {}
    usable = np.isfinite(actual) & np.isfinite(low) & np.isfinite(high) & np.isfinite(middle)
    for number in HORIZONS:
        rows = usable & (horizon == number)
        below = middle[rows] - np.minimum(low[rows], middle[rows])
        above = np.maximum(high[rows], middle[rows]) - middle[rows]
        found[number] = (
            _stretch(middle[rows] - actual[rows], below),
            _stretch(actual[rows] - middle[rows], above),
        )
    return found


def _stretch(beyond: np.ndarray, width: np.ndarray) -> float:
    if len(beyond) < _FEWEST_ROWS:
        return 1.0
    for factor in WIDENINGS:
        outside = int((beyond > factor * width + _TOLERANCE).sum())
        if outside + 1 <= QUANTILES[0] * (len(beyond) + 1):
            return factor
    return WIDENINGS[-1]


def spread(
    middle: np.ndarray, low: np.ndarray, high: np.ndarray, stretch: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The stretched quantiles, at least 0 and on their sides of `middle`."""
    below, above = stretch
    lower = middle - below * (middle - np.minimum(low, middle))
    upper = middle + above * (np.maximum(high, middle) - middle)
    return np.maximum(lower, 0.0), np.maximum(upper, 0.0)


def growing(middle: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q10 and q90 (shape pools × horizons) around `middle`, from a one-day width and no model."""
    half_width = width[:, None] * np.sqrt(np.array(HORIZONS, float))
    return np.maximum(middle[:, None] - half_width, 0.0), middle[:, None] + half_width


def width_without_model(scale: np.ndarray) -> np.ndarray:
    """The one-day half width of a pool whose changes are of size `scale`."""
    return WIDTH_WITHOUT_MODEL * scale
