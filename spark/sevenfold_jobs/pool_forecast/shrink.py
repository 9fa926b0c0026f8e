"""How much of a model's change is believed: chosen on days that are past, 0 where nothing is gained there."""

from dataclasses import dataclass

import numpy as np

from sevenfold_jobs.pool_forecast.rules import BLOCK_DAYS, FEWEST_HELD_OUT_DAYS, SHRINKS


@dataclass(frozen=True)
class Shrink:
    """The share believed, and the mean absolute errors on the days held out (None where these were few)."""

    share: float
    mae_model: float | None
    mae_persistence: float | None
    rows: int
    days: int


def choose_shrink(
    change: np.ndarray, forecast: np.ndarray, days: np.ndarray, largest_error: float, level: np.ndarray | None
) -> Shrink:
    """The best of `SHRINKS` for changes that came and changes that were forecast, one entry a row.

    A forecast must beat persistence by more than the standard error of that gain over the days, else the
    share is 0. `level` is the value that changes: it does not fall below 0. Errors count up to
    `largest_error`.
    """
    usable = np.isfinite(change) & np.isfinite(forecast)
    change, forecast, days = change[usable], forecast[usable], days[usable]
    lowest = -np.inf if level is None else -np.maximum(level[usable], 0.0)
    numbers, of_day = np.unique(days, return_inverse=True)
    if len(numbers) < FEWEST_HELD_OUT_DAYS:
        return Shrink(0.0, None, None, len(change), len(numbers))

    def errors(share: float) -> np.ndarray:
        return np.abs(np.maximum(share * forecast, lowest) - change)

    persistence = errors(0.0)
    counted = np.minimum(persistence, largest_error)
    gains = np.array([(counted - np.minimum(errors(share), largest_error)).sum() for share in SHRINKS])
    best = SHRINKS[int(np.argmax(gains))]
    gain_by_day = np.bincount(of_day, counted - np.minimum(errors(best), largest_error))
    noise = gain_by_day.std(ddof=1) * np.sqrt(len(numbers))
    share = best if gain_by_day.sum() > noise else 0.0
    return Shrink(share, float(errors(share).mean()), float(persistence.mean()), len(change), len(numbers))


def shares_of_others(
    change: np.ndarray, forecast: np.ndarray, days: np.ndarray, largest_error: float, level: np.ndarray
) -> dict[int, float]:
    """By block of days, what all the other blocks choose: a share that these days had no part in.

    Widths are calibrated with it (docs/decisions/039): on days that chose their own share the forecast is
    nearer to what came than it will be on the day asked about.
    """
    block = days // BLOCK_DAYS

    def chosen_by(rows: np.ndarray) -> float:
        return choose_shrink(change[rows], forecast[rows], days[rows], largest_error, level[rows]).share

    return {int(one): chosen_by(block != one) for one in np.unique(block)}
