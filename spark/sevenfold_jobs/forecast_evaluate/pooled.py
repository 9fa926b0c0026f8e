"""Scores pooled over the forecasts of a range, and tests of them. Pure: NumPy, p values by SciPy."""

import numpy as np
from scipy import special

from sevenfold_jobs.forecast.scores import (
    CALIBRATION_LEVELS,
    LEVELS,
    MEDIAN,
    as_stored,
    known_mean,
    scores_by_day,
)

# Lags of the Ljung-Box test. Never more than a fifth of the errors: its distribution holds only below that.
_MOST_LAGS = 10

_CALIBRATED = [LEVELS.index(level) for level in CALIBRATION_LEVELS]

# A regression shows in about a month of forecasts, against at least a year of such months.
_ALERT_FORECASTS = 20
_ALERT_HISTORY = 12


def pooled_scores(
    predicted: np.ndarray,
    crps_by_day: np.ndarray,
    actuals: np.ndarray,
    origins: np.ndarray,
    places: np.ndarray,
    horizon: int,
) -> dict[str, float | int | bool | dict[str, float] | None]:
    """The columns of forecast_evaluation that need no other model.

    In the order of their dates: `predicted` `(dates, h, 7)`, `crps_by_day` and `actuals` `(dates, h)`, h at
    least `horizon`, and `(dates,)` `origins`, the closes at the cutoffs, and `places`, the cutoffs' places in
    the calendar of days. Errors, bands and directions are pooled over days 1..horizon of all forecasts;
    tests take day `horizon` alone, one number a forecast: the days of one forecast move together. Those of
    forecasts less than `horizon` days apart do too, as they share days. Diebold-Mariano allows for that;
    binomial, Ljung-Box and Jarque-Bera take forecasts that share none. None is what cannot be said.
    """
    predicted, crps_by_day, actuals = predicted[:, :horizon], crps_by_day[:, :horizon], actuals[:, :horizon]
    known = np.isfinite(actuals)
    days = scores_by_day(predicted, crps_by_day, actuals)
    pooled = {
        name: float(known_mean(values.ravel(), (known & np.isfinite(values)).ravel()))
        for name, values in days.items()
    }
    pooled["rmse"] = float(np.sqrt(pooled["rmse"]))

    points = predicted[..., MEDIAN]
    turns, _ = directions(np.diff(points, axis=1), np.diff(actuals, axis=1), flat_is_wrong=True)
    from_day0, zero = directions(
        points - origins[:, None].astype(np.float32), actuals - origins[:, None], flat_is_wrong=False
    )
    at_horizon = known[:, -1]
    errors = (actuals[:, -1] - points[:, -1])[at_horizon]
    naive_errors = (actuals[:, -1] - origins)[at_horizon]
    statistic, dm_p = diebold_mariano(errors**2 - naive_errors**2, horizon)
    alone = apart(places[at_horizon], horizon)
    last_alone, _ = directions(
        (points[:, -1] - origins.astype(np.float32))[at_horizon][alone],
        (actuals[:, -1] - origins)[at_horizon][alone],
        flat_is_wrong=False,
    )
    errors_alone = errors[alone]
    lags = min(_MOST_LAGS, len(errors_alone) // 5)
    naive_mae = float(known_mean(np.abs(actuals - origins[:, None]).ravel(), known.ravel()))
    shares = calibration(predicted, actuals)
    by_day = np.abs(shares[:, _CALIBRATED] - CALIBRATION_LEVELS).mean(axis=-1)
    scores = {
        "forecasts": int(known.any(axis=1).sum()),
        "days": int(known.sum()),
        **pooled,
        "directional_accuracy": _percent(turns),
        "directional_accuracy_from_day0": _percent(from_day0),
        "zero_forecasts": zero,
        "calibration_score": float(known_mean(by_day, np.isfinite(by_day))),
        "naive_mae": naive_mae,
        "skill_mae": 1 - pooled["mae"] / naive_mae if naive_mae > 0 else np.nan,
        "dm_statistic": statistic,
        "dm_p": dm_p,
        "direction_p": binomial_p(int(last_alone.sum()), len(last_alone)),
        "ljung_box_p": ljung_box_p(errors_alone, lags) if lags > 0 else np.nan,
        "jarque_bera_p": jarque_bera_p(errors_alone),
        "mae_alert": mae_alert(known_mean(np.abs(actuals - points), known)),
        "calibration": {
            str(level): round(float(share), 6)
            for level, share in zip(LEVELS, shares[-1], strict=True)
            if np.isfinite(share)
        },
    }
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in scores.items()
    }


def apart(places: np.ndarray, horizon: int) -> np.ndarray:
    """Indices of forecasts of which no two share a day of their first `horizon`, as many as there can be.

    `places` `(n,)` ascending. From the newest back, so that the newest counts. Errors `horizon` days ahead
    of forecasts made each day are correlated up to horizon - 1 days apart even where the forecasts are the
    best there can be (Hansen and Hodrick 1980). Taken for independent, at 14 days and 5 %, the right forecast
    of a walk is rejected by Ljung-Box always, by Jarque-Bera in 51 % of cases, by the binomial test in 29 %.
    """
    chosen: list[int] = []
    for index in range(len(places) - 1, -1, -1):
        if not chosen or places[chosen[-1]] - places[index] >= horizon:
            chosen.append(index)
    return np.array(chosen[::-1], int)


def calibration(predicted: np.ndarray, actuals: np.ndarray) -> np.ndarray:
    """Share of the known closes at or below each quantile, by day ahead.

    `predicted` `(dates, h, 7)`, `actuals` `(dates, h)` → `(h, 7)`, NaN where none is known.
    """
    under = predicted >= as_stored(actuals)[..., None]
    return known_mean(np.moveaxis(under, 0, -1), np.isfinite(actuals).T[:, None, :])


def directions(forecast: np.ndarray, actual: np.ndarray, flat_is_wrong: bool) -> tuple[np.ndarray, int]:
    """Whether the sign of each known move was foretold, and the number of forecasts of no move at all.

    Arrays of one shape → (bool of each move, number). Forecasts of no move count as wrong or are left out.
    """
    known = np.isfinite(actual)
    forecast_sign, actual_sign = np.sign(forecast[known]), np.sign(actual[known])
    flat = forecast_sign == 0
    right = (forecast_sign == actual_sign) & ~flat
    return (right if flat_is_wrong else right[~flat]), int(flat.sum())


def diebold_mariano(differences: np.ndarray, horizon: int) -> tuple[float, float]:
    """Statistic and two-sided p of equal loss; below 0 the first forecast is better.

    `differences` `(n,)` of the losses of forecasts `horizon` steps ahead, in the order of their dates. NaN
    where the variance estimate is not positive, as it can be with so many lags.

    mean(d) / sqrt((g0 + 2 Σ_{l<h} g_l) / n) with autocovariances g, times the small-sample factor
    sqrt((n + 1 - 2h + h (h - 1) / n) / n), against Student's t with n - 1 degrees of freedom
    (Harvey, Leybourne and Newbold 1997).
    """
    n = len(differences)
    factor = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n if n else 0.0
    if n < 2 or factor <= 0:
        return np.nan, np.nan
    mean = differences.mean()
    g = _autocovariances(differences, min(horizon, n) - 1)
    variance = (g[0] + 2 * g[1:].sum()) / n
    if not variance > 0:
        return np.nan, np.nan
    statistic = float(mean / np.sqrt(variance) * np.sqrt(factor))
    return statistic, float(2 * special.stdtr(n - 1, -abs(statistic)))


def binomial_p(right: int, of: int) -> float:
    """Probability of at least so many right directions by tosses of a coin; NaN without any."""
    if of == 0:
        return np.nan
    return float(special.betainc(right, of - right + 1, 0.5)) if right > 0 else 1.0


def ljung_box_p(residuals: np.ndarray, lags: int = 10) -> float:
    """p of no autocorrelation up to `lags` (Ljung and Box 1978); NaN for too few or constant residuals.

    By its formula and not by statsmodels, whose import takes longer than the whole evaluation.
    """
    n = len(residuals)
    if n <= lags + 1:
        return np.nan
    g = _autocovariances(residuals, lags)
    if not g[0] > 0:
        return np.nan
    q = n * (n + 2) * ((g[1:] / g[0]) ** 2 / (n - np.arange(1, lags + 1))).sum()
    return float(special.chdtrc(lags, q))


def jarque_bera_p(residuals: np.ndarray) -> float:
    """p of normal skewness and kurtosis (Jarque and Bera 1980); NaN for too few or constant residuals."""
    n = len(residuals)
    if n < 3 or not residuals.std() > 0:
        return np.nan
    z = (residuals - residuals.mean()) / residuals.std()
    return float(np.exp(-n / 12 * ((z**3).mean() ** 2 + ((z**4).mean() - 3) ** 2 / 4)))


def mae_alert(mae: np.ndarray) -> bool:
    """Whether the newest 20 forecasts' mean error lies more than 2 standard deviations above its history.

    `mae` of each forecast in the order of their dates, NaN left out. Its history is the means of the 20s
    before, at least 12 of them, a year of trading days; with less there is no alert.
    """
    known = mae[np.isfinite(mae)]
    groups = len(known) // _ALERT_FORECASTS
    if groups < _ALERT_HISTORY + 1:
        return False
    means = known[-groups * _ALERT_FORECASTS :].reshape(groups, _ALERT_FORECASTS).mean(axis=1)
    return bool(means[-1] > means[:-1].mean() + 2 * means[:-1].std(ddof=1))


def _percent(right: np.ndarray) -> float:
    return float(100 * right.mean()) if len(right) else np.nan


def _autocovariances(values: np.ndarray, lags: int) -> np.ndarray:
    """About the mean, each divided by n: lag 0 to `lags`."""
    centred = values - values.mean()
    n = len(centred)
    return np.array([centred[lag:] @ centred[: n - lag] for lag in range(lags + 1)]) / n
