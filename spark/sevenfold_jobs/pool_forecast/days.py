"""Which rows a model may learn from, and which it is tried on: cut between days, never inside one.

Days are counted from 1970-01-01. A row of day `d` and horizon `h` has the value of day `d + h` as its target,
so it is known at the end of day `c` when `d + h <= c`.
"""

from dataclasses import dataclass

from sevenfold_jobs.pool_forecast.rules import (
    BLOCK_DAYS,
    CALIBRATION_BLOCKS,
    HELD_OUT_BLOCKS,
    TRAINING_DAYS,
    TVL_BLOCK_DAYS,
)


@dataclass(frozen=True)
class Fold:
    """A model that knows the targets up to `cutoff`, tried on the rows of days `first` to `last`."""

    cutoff: int
    first: int
    last: int


def training_days(cutoff: int) -> tuple[int, int]:
    """First and last day of the rows of horizon 1 that a model of this cutoff learns from."""
    return cutoff - TRAINING_DAYS, cutoff - 1


def folds_of_shrink(asof: int) -> list[Fold]:
    """Folds of the newest blocks, up to and including the one that holds `asof`."""
    current = asof // BLOCK_DAYS
    return [_fold(block, BLOCK_DAYS) for block in range(current - HELD_OUT_BLOCKS + 1, current + 1)]


def fold_of_calibration(asof: int) -> Fold:
    """One model for the fan's width, tried on all of the newest blocks."""
    first = _fold(asof // BLOCK_DAYS - CALIBRATION_BLOCKS + 1, BLOCK_DAYS)
    return Fold(first.cutoff, first.first, first.first + CALIBRATION_BLOCKS * BLOCK_DAYS - 1)


def folds_of_tvl(first: int, last: int) -> list[Fold]:
    """That cover the rows from day `first` to day `last`."""
    return [
        _fold(block, TVL_BLOCK_DAYS) for block in range(first // TVL_BLOCK_DAYS, last // TVL_BLOCK_DAYS + 1)
    ]


def first_day_learnt_from(asof: int) -> int:
    """The earliest row that a model of this day, or one of its folds, can learn from."""
    return training_days(folds_of_shrink(asof)[0].cutoff)[0]


def first_day_needed(asof: int) -> int:
    """The same, with the rows behind the TVL forecast that goes into those rows."""
    return training_days(folds_of_tvl(first_day_learnt_from(asof), asof)[0].cutoff)[0]


def _fold(block: int, length: int) -> Fold:
    first = block * length
    # One day of embargo: the target of the last row learnt from is older than any value in the fold's rows.
    return Fold(cutoff=first - 1, first=first, last=first + length - 1)
