"""What time adds to a column, by the column's number modulo 4.

The original formulas are kept for parity, next to ones that do what their names say.
"""

import numpy as np
from scipy.signal import lfilter

NAMES = ("trend", "weekly", "monthly", "autocorrelation")

_SLOPE = 0.001
_WEEKLY = 0.3
_MONTHLY = 0.5
_KEPT, _GIVEN = 0.8, 0.2
# Smoothing reduces the deviation of white noise to this share: sqrt((1 - kept) / (1 + kept)).
_SMOOTHED_DEVIATION = 1 / 3
# Rows are hours.
_HOURS_A_WEEK = 168
_HOURS_A_MONTH = 720
# A trend rises by at most so many deviations of its column over all rows: beyond that, whatever a tree
# learns of the past says nothing about what comes.
_LARGEST_RISE = 3.0


def add_originals(features: np.ndarray) -> None:
    """In place, on (rows, columns): a trend without bound, periods of 7 and 30 rows, smoothing that cuts the
    deviation to a third."""
    t = np.arange(len(features))
    for number in range(features.shape[1]):
        x = features[:, number]
        match NAMES[number % 4]:
            case "trend":
                x += _SLOPE * t
            case "weekly":
                x += _WEEKLY * np.sin(2 * np.pi * t / 7)
            case "monthly":
                x += _MONTHLY * np.sin(2 * np.pi * t / 30)
            case _:
                x[:] = _smooth(x, x[0])


def add(features: np.ndarray) -> None:
    """In place, on (rows, columns): a trend of at most three deviations, periods of a week and of a month of
    hours, smoothing that keeps mean, deviation and first value."""
    t = np.arange(len(features))
    for number in range(features.shape[1]):
        x = features[:, number]
        match NAMES[number % 4]:
            case "trend":
                x += min(_SLOPE, _LARGEST_RISE * x.std() / len(x)) * t
            case "weekly":
                x += _WEEKLY * np.sin(2 * np.pi * t / _HOURS_A_WEEK)
            case "monthly":
                x += _MONTHLY * np.sin(2 * np.pi * t / _HOURS_A_MONTH)
            case _:
                mean = x.mean()
                centred = x - mean
                x[:] = mean + _smooth(centred, centred[0] * _SMOOTHED_DEVIATION) / _SMOOTHED_DEVIATION


def of_columns(count: int) -> dict[str, str]:
    """Which component is in `feature_<number>`."""
    return {f"feature_{number}": NAMES[number % 4] for number in range(count)}


def _smooth(x: np.ndarray, first: float) -> np.ndarray:
    """s(0) = first, s(t) = 0.8 s(t-1) + 0.2 x(t): a linear filter whose initial state is chosen
    so that s(0) = first."""
    smoothed, _ = lfilter([_GIVEN], [1, -_KEPT], x, zi=[first - _GIVEN * x[0]])
    return smoothed
