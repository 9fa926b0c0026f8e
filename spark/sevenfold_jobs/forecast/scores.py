"""What forecasts by paths were worth once the days they spoke of are known. Pure NumPy.

An actual close that is not known yet is NaN and counts nowhere. Forecasts lie on the leading axes, so that
one call scores one forecast or thousands. The point forecast is the median of the paths.
"""

import numpy as np

#: Quantile levels of the stored columns, in their order.
LEVELS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
LEVEL_COLUMNS = ("q025", "q10", "q25", "q50", "q75", "q90", "q975")
#: A forecast is scored over its first 1, 7 and 14 days.
HORIZONS = (1, 7, 14)

#: Levels whose shares make the calibration score; beyond the outermost two lie too few closes to count.
CALIBRATION_LEVELS = (0.10, 0.25, 0.50, 0.75, 0.90)

#: Names of `score_forecasts` without their horizon.
FORECAST_SCORES = (
    *("mae", "rmse", "mape", "crps", "calibration_score"),
    *("coverage_80", "coverage_95", "sharpness_80", "sharpness_95"),
)

MEDIAN = LEVELS.index(0.50)
_CALIBRATED = [LEVELS.index(level) for level in CALIBRATION_LEVELS]
_BANDS = {"80": (LEVELS.index(0.10), LEVELS.index(0.90)), "95": (LEVELS.index(0.025), LEVELS.index(0.975))}

# Forecasts are worked on in pieces that stay in the processor's cache.
_VALUES_AT_ONCE = 32_768


def sort_paths(paths: np.ndarray) -> np.ndarray:
    """Paths `(…, n, h)` as `(…, h, n)`, each day's values ascending and side by side in memory."""
    # A copy in any case: paths may lie in memory day by day already, and are the caller's.
    by_day = np.array(np.swapaxes(paths, -1, -2), order="C")
    by_day.sort(axis=-1)
    return by_day


def quantiles(ascending: np.ndarray) -> np.ndarray:
    """Quantiles at LEVELS, interpolated linearly: `(…, n)` ascending → `(…, 7)` float32, as stored."""
    last = ascending.shape[-1] - 1
    position = last * np.array(LEVELS)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, last)
    low = ascending[..., below].astype(np.float64)
    return (low + (position - below) * (ascending[..., above] - low)).astype(np.float32)


def crps(ascending: np.ndarray, actuals: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of samples `(…, n)` ascending against closes `(…)`; NaN if unknown.

    mean |x - y| - ½ mean |x - x'| (Gneiting and Raftery 2007, eq. 21), whose second term is, of an ascending
    sample, Σ (2i - 1 - n) x_i / n², i from 1. Those weights add up to zero, so that the sample may be moved
    by y first, which keeps the digits.
    """
    n = ascending.shape[-1]
    samples = ascending.reshape(-1, n)
    closes = np.asarray(actuals, np.float64).ravel()
    weights = (2 * np.arange(1, n + 1) - 1 - n) / n**2
    scores = np.full(len(closes), np.nan)
    known = np.flatnonzero(np.isfinite(closes))
    step = max(1, _VALUES_AT_ONCE // n)
    for start in range(0, len(known), step):
        rows = known[start : start + step]
        moved = samples[rows] - closes[rows, None]
        spread = moved @ weights
        scores[rows] = np.abs(moved, out=moved).mean(axis=-1) - spread
    return scores.reshape(ascending.shape[:-1])


def score_forecasts(
    predicted: np.ndarray, crps_by_day: np.ndarray, actuals: np.ndarray
) -> dict[str, np.ndarray]:
    """Scores of each forecast over its first 1, 7 and 14 days: `mae_1d` … as forecast_metadata names them.

    `predicted` quantiles `(…, h, 7)`, `crps_by_day` and `actuals` `(…, h)`; every result `(…)` float64,
    over the days that are known. NaN where none is and for horizons beyond h. MAPE in percent of the
    absolute price, days with price 0 left out; coverage and calibration as shares; sharpness and errors in
    price units.
    """
    days = scores_by_day(predicted, crps_by_day, actuals)
    known = np.isfinite(actuals)
    scores: dict[str, np.ndarray] = {}
    for horizon in HORIZONS:
        if horizon > known.shape[-1]:
            scores |= {f"{name}_{horizon}d": np.full(known.shape[:-1], np.nan) for name in FORECAST_SCORES}
            continue
        first = (..., slice(0, horizon))
        for name, values in days.items():
            of = known[first] if name != "mape" else known[first] & np.isfinite(values[first])
            scores[f"{name}_{horizon}d"] = known_mean(values[first], of)
        scores[f"rmse_{horizon}d"] = np.sqrt(scores[f"rmse_{horizon}d"])
        under = _at_or_below(predicted, actuals)[..., :horizon, :]
        shares = known_mean(np.swapaxes(under, -1, -2), known[first][..., None, :])
        scores[f"calibration_score_{horizon}d"] = np.abs(shares - CALIBRATION_LEVELS).mean(axis=-1)
    return scores


def scores_by_day(
    predicted: np.ndarray, crps_by_day: np.ndarray, actuals: np.ndarray
) -> dict[str, np.ndarray]:
    """What is averaged over days, by name; shapes as for `score_forecasts`. `rmse` is still squared."""
    error = actuals - predicted[..., MEDIAN]
    close = as_stored(actuals)
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = np.where(actuals != 0, 100 * np.abs(error) / np.abs(actuals), np.nan)
    days = {"mae": np.abs(error), "rmse": error**2, "mape": percent, "crps": crps_by_day}
    for name, (low, high) in _BANDS.items():
        days[f"coverage_{name}"] = (predicted[..., low] <= close) & (close <= predicted[..., high])
        days[f"sharpness_{name}"] = predicted[..., high].astype(np.float64) - predicted[..., low]
    return days


def _at_or_below(predicted: np.ndarray, actuals: np.ndarray) -> np.ndarray:
    return predicted[..., _CALIBRATED] >= as_stored(actuals)[..., None]


def as_stored(actuals: np.ndarray) -> np.ndarray:
    """Closes at the precision of the paths: one on the very cent of a quantile must compare as equal."""
    return np.asarray(actuals).astype(np.float32)


def known_mean(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Mean over the last axis of the values marked in `of`; NaN where none is."""
    of = np.broadcast_to(of, values.shape)
    count = of.sum(axis=-1)
    total = np.where(of, values, 0).sum(axis=-1, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
