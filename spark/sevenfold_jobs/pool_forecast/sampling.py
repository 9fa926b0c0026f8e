"""Which rows a fit learns from when there are more than it takes: a sample over all of its days and pools.

Every row (a pool on a day) has a number that looks random and depends on its pool and day alone. Of a span of
days with too many rows, those with the smallest numbers are taken. So the sample is the same whichever run
asks, on whatever machine, and the sample of a smaller fit is part of that of a larger one. Up to the limit
every row is taken, and nothing is left to chance.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812 - the name of the field

from sevenfold_jobs.pool_forecast import days
from sevenfold_jobs.pool_forecast.rules import (
    FEWEST_DAYS_OF_A_MODEL,
    FEWEST_TRAINING_DAYS,
    FEWEST_TRAINING_ROWS,
    FILL_LIMIT_DAYS,
    LOOKBACK_DAYS,
    MOST_HELD_OUT_ROWS_A_DAY,
    MOST_TRAINING_ROWS,
)

EVERYTHING = np.iinfo(np.int64).max
NOTHING = -1

# The finalizer of SplitMix64 (Steele, Lea and Flood 2014). As signed numbers, which is how Spark holds them.
_FACTORS = (0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64)
_SHIFTS = (30, 27, 31)
_DAY_BITS = 31


def number_of_row() -> Column:
    """The number of the row of `pool_id` and `day`: a bigint of at least 0."""
    mixed = F.crc32("pool_id") * F.lit(2**_DAY_BITS) + F.col("day").cast("bigint")
    for shift, factor in zip(_SHIFTS, (*_FACTORS, 1), strict=True):
        mixed = mixed.bitwiseXOR(F.shiftrightunsigned(mixed, shift)) * F.lit(factor)
    return F.shiftrightunsigned(mixed, 1)


def numbers_of_rows(pool_ids: pd.Series, day: np.ndarray) -> np.ndarray:
    """The same for many rows at once, int64."""
    codes, names = pd.factorize(pool_ids)
    checksums = np.array([zlib.crc32(name.encode()) for name in names], np.uint64)
    mixed = (checksums[codes] << np.uint64(_DAY_BITS)) + day.astype(np.uint64)
    for shift, factor in zip(_SHIFTS, (*_FACTORS, 1), strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor % 2**64)
    return (mixed >> np.uint64(1)).astype(np.int64)


@dataclass(frozen=True)
class Span:
    """What a fit learns from: rows of horizon 1 with a known target.

    `rows`, `days`, `pools` are those that are taken, `first` and `last` their days; a row is taken when its
    number is at most `limit`. `known_rows` and `known_days` are what there would have been.
    """

    first: int
    last: int
    rows: int
    days: int
    pools: int
    limit: int
    known_rows: int
    known_days: int

    @property
    def enough(self) -> bool:
        """Whether there is enough to learn from: decided on all that is known, not on the sample."""
        return self.known_rows >= FEWEST_TRAINING_ROWS and self.known_days >= FEWEST_TRAINING_DAYS

    @property
    def sampled(self) -> bool:
        """Whether rows are left out."""
        return self.limit != EVERYTHING


class Learnable:
    """All rows of a history that can be learnt from, in the order of their days.

    `history` has pool_id and day (from 1970-01-01), sorted by both. A row of day d counts when its pool was
    observed on d + 1, at most FILL_LIMIT_DAYS before d, and on FEWEST_DAYS_OF_A_MODEL of the last
    LOOKBACK_DAYS.
    """

    def __init__(self, history: pd.DataFrame) -> None:
        pool = pd.factorize(history["pool_id"])[0]
        target = history["day"].to_numpy().astype(np.int64)
        before, enough = (_observation_before(pool, target, back) for back in (1, FEWEST_DAYS_OF_A_MODEL))
        usable = (target - 1 - before <= FILL_LIMIT_DAYS) & (enough >= target - LOOKBACK_DAYS)
        usable = np.flatnonzero(usable)
        usable = usable[np.argsort(target[usable], kind="stable")]
        self._day = target[usable] - 1
        self._pool = pool[usable]
        self._number = numbers_of_rows(history["pool_id"].iloc[usable], self._day)
        self._spans: dict[tuple[str, int], Span] = {}

    def span(self, kind: str, cutoff: int) -> Span:
        """What the model of this kind and cutoff learns from."""
        if (kind, cutoff) not in self._spans:
            self._spans[kind, cutoff] = self._find(*days.training_days(cutoff), MOST_TRAINING_ROWS[kind])
        return self._spans[kind, cutoff]

    def _find(self, first: int, last: int, most: int) -> Span:
        within = slice(*np.searchsorted(self._day, (first, last + 1)))
        day, pool, number = self._day[within], self._pool[within], self._number[within]
        limit = EVERYTHING
        if len(number) > most:
            limit = int(np.partition(number, most - 1)[most - 1])
        taken = number <= limit
        return Span(
            first=int(day[taken].min(initial=last)),
            last=last,
            rows=int(taken.sum()),
            days=len(np.unique(day[taken])),
            pools=len(np.unique(pool[taken])),
            limit=limit,
            known_rows=len(day),
            known_days=len(np.unique(day)),
        )

    def held_out_limits(self, first: int, last: int) -> np.ndarray:
        """By day from `first` to `last`: up to which number its rows are tried on.

        Each day has its own limit, so that it depends on nothing that comes after the day.
        """
        edges = np.searchsorted(self._day, np.arange(first, last + 2))
        limits = np.full(last - first + 1, EVERYTHING)
        for place in np.flatnonzero(np.diff(edges) > MOST_HELD_OUT_ROWS_A_DAY):
            numbers = self._number[edges[place] : edges[place + 1]]
            most = MOST_HELD_OUT_ROWS_A_DAY - 1
            limits[place] = np.partition(numbers, most)[most]
        return limits


def limits_by_day(learnable: Learnable, first: int, first_asof: int, last: int) -> pd.DataFrame | None:
    """Which rows the days from `first_asof` to `last` need at all; None where it is every row.

    Columns day, `kept` (of a day before `first_asof`, rows up to this number are learnt from or tried on),
    `tried` (up to which number rows are tried on). Of the day that is asked about, every row is kept.
    """
    held_out = days.folds_of_shrink(first_asof)[0].first
    tried = np.full(last - first + 1, EVERYTHING)
    tried[held_out - first :] = learnable.held_out_limits(held_out, last)
    kept = np.full(last - first + 1, NOTHING)
    kept[held_out - first :] = tried[held_out - first :]
    spans = [learnable.span(kind, cutoff) for kind, cutoff in _fits(first_asof, last)]
    for span in spans:
        within = slice(max(span.first - first, 0), span.last - first + 1)
        kept[within] = np.maximum(kept[within], span.limit)
    kept[first_asof - first :] = EVERYTHING
    if (tried == EVERYTHING).all() and not any(span.sampled for span in spans):
        return None
    return pd.DataFrame({"day": np.arange(first, last + 1, dtype=np.int32), "kept": kept, "tried": tried})


def _fits(first_asof: int, last: int) -> Iterable[tuple[str, int]]:
    """Kind and cutoff of every model; the fan's samples are parts of those of the APY."""
    cutoffs = set(range(first_asof, last + 1))
    for asof in range(first_asof, last + 1):
        cutoffs |= {fold.cutoff for fold in days.folds_of_shrink(asof)}
        cutoffs.add(days.fold_of_calibration(asof).cutoff)
    yield from (("apy", cutoff) for cutoff in sorted(cutoffs))
    folds = days.folds_of_tvl(days.first_day_learnt_from(first_asof), last)
    yield from (("tvl", fold.cutoff) for fold in folds)
    yield from (("tvl", asof) for asof in range(first_asof, last + 1))


def _observation_before(pool: np.ndarray, day: np.ndarray, back: int) -> np.ndarray:
    """Day of the observation so many before, of the same pool; far in the past where there is none."""
    found = np.full(len(day), np.iinfo(np.int32).min, np.int64)
    same = pool[back:] == pool[:-back]
    found[back:][same] = day[:-back][same]
    return found
