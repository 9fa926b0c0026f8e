"""What is stored of a model's forecasts, as arrays over (date, day ahead)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg
from psycopg import sql

from sevenfold_jobs.common.copy_reading import days_of, read_fixed_rows
from sevenfold_jobs.forecast.scores import LEVEL_COLUMNS, LEVELS
from sevenfold_jobs.forecast.series import Prices
from sevenfold_jobs.sinks.sink import Sink

# Paths of so many dates are held at a time: 7 MB of 2,000 paths.
_DATES_AT_ONCE = 60

_METADATA = """
    copy (select forecast_start_date, data_cutoff_date, actuals_available
            from forecast_metadata
           where commodity = %(commodity)s and model_version = %(version)s
             and forecast_start_date between %(first)s and %(last)s
           order by 1) to stdout (format binary)"""

_QUANTILES = """
    copy (select forecast_start_date, day_ahead, {columns}, coalesce(crps, 'NaN')
            from forecast_quantiles
           where commodity = %(commodity)s and model_version = %(version)s
             and forecast_start_date between %(first)s and %(last)s and day_ahead <= %(horizon)s
           order by 1, 2) to stdout (format binary)"""

_NOTED_ACTUALS = """
    copy (select forecast_start_date, day_ahead, coalesce(actual_close, 'NaN')
            from point_forecasts
           where commodity = %(commodity)s and model_version = %(version)s
             and forecast_start_date between %(first)s and %(last)s and day_ahead <= %(horizon)s
           order by 1, 2) to stdout (format binary)"""

_ACTUAL_PATHS = """
    copy (select forecast_start_date, data_cutoff_date, {columns}
            from distributions
           where commodity = %(commodity)s and model_version = 'actuals'
             and forecast_start_date between %(first)s and %(last)s) to stdout (format binary)"""


@dataclass(frozen=True)
class Stored:
    """A model's forecasts in the order of their dates.

    `starts`, `cutoffs` `(dates,)` datetime64[D]; `quantiles` `(dates, h, 7)` float32; `crps` and `noted`, the
    closes that were known when the forecasts were scored last, `(dates, h)` float64 with NaN; `available`
    `(dates,)`, the number of those by forecast_metadata.
    """

    starts: np.ndarray
    cutoffs: np.ndarray
    quantiles: np.ndarray
    crps: np.ndarray
    noted: np.ndarray
    available: np.ndarray


def read_stored(
    connection: psycopg.Connection, commodity: str, version: str, first: date, last: date, horizon: int
) -> Stored:
    """The forecasts of a range that have quantiles of every day up to `horizon`."""
    where = {
        "commodity": commodity,
        "version": version,
        "first": first,
        "last": last,
        "horizon": horizon,
    }
    dates = read_fixed_rows(
        connection, _METADATA, where, [("start", ">i4"), ("cutoff", ">i4"), ("available", ">i4")]
    )
    levels = [(name, ">f4") for name in LEVEL_COLUMNS]
    columns = sql.SQL(", ").join(map(sql.Identifier, LEVEL_COLUMNS))
    rows = read_fixed_rows(
        connection,
        sql.SQL(_QUANTILES).format(columns=columns),
        where,
        [("start", ">i4"), ("day", ">i4"), *levels, ("crps", ">f8")],
    )
    points = read_fixed_rows(
        connection, _NOTED_ACTUALS, where, [("start", ">i4"), ("day", ">i4"), ("close", ">f8")]
    )
    starts = dates["start"].astype(np.int64)
    shape = (len(starts), horizon)
    quantiles = np.full((*shape, len(LEVELS)), np.nan, np.float32)
    scores, noted = np.full(shape, np.nan), np.full(shape, np.nan)
    places, found = _places(starts, rows)
    for level, name in enumerate(LEVEL_COLUMNS):
        quantiles[(*places, level)] = rows[name][found]
    scores[places] = rows["crps"][found]
    places, found = _places(starts, points)
    noted[places] = points["close"][found]
    whole = np.isfinite(quantiles).all(axis=(1, 2))
    return Stored(
        days_of(dates["start"])[whole],
        days_of(dates["cutoff"])[whole],
        quantiles[whole],
        scores[whole],
        noted[whole],
        dates["available"][whole].astype(np.int64),
    )


def read_paths(
    connection: psycopg.Connection,
    sink: Sink,
    commodity: str,
    version: str,
    starts: np.ndarray,
    horizon: int,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (place in `starts`, paths `(n, horizon)` float32 with NaN), a block of dates at a time."""
    for first in range(0, len(starts), _DATES_AT_ONCE):
        block = starts[first : first + _DATES_AT_ONCE]
        rows = sink.read_paths(connection, commodity, version, block.tolist(), horizon)
        values = rows.days.astype(np.float32)
        ends = np.searchsorted(rows.dates, block, side="right")
        for place, (low, high) in enumerate(zip(np.searchsorted(rows.dates, block), ends, strict=True)):
            if high > low:
                yield first + place, values[low:high]


def read_actual_paths(
    connection: psycopg.Connection, commodity: str, first: date, last: date, days: int
) -> dict[np.datetime64, tuple[np.datetime64, np.ndarray]]:
    """The stored actual paths by forecast date: cutoff and closes `(days,)` float32 with NaN."""
    names = [f"day_{day}" for day in range(1, days + 1)]
    columns = sql.SQL(", ").join(
        sql.SQL("coalesce({}, 'NaN')").format(sql.Identifier(name)) for name in names
    )
    rows = read_fixed_rows(
        connection,
        sql.SQL(_ACTUAL_PATHS).format(columns=columns),
        {"commodity": commodity, "first": first, "last": last},
        [("start", ">i4"), ("cutoff", ">i4"), *((name, ">f4") for name in names)],
    )
    values = np.stack([rows[name].astype(np.float32) for name in names], axis=-1)
    return {
        start: (cutoff, path)
        for start, cutoff, path in zip(days_of(rows["start"]), days_of(rows["cutoff"]), values, strict=True)
    }


def closes_after(prices: Prices, cutoffs: np.ndarray, horizon: int) -> np.ndarray:
    """`Prices.actuals` of many cutoffs at once: `(dates, horizon)` float64, NaN where unknown or carried."""
    newest = prices.newest
    closes = np.append(np.where(newest.trading, newest.close, np.nan), np.full(horizon, np.nan))
    first = np.searchsorted(newest.dates, cutoffs, side="right")
    return closes[first[:, None] + np.arange(horizon)]


def closes_at(prices: Prices, starts: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
    """The close at each forecast's cutoff as it was known when the forecast was due; `(dates,)` float64."""
    closes = np.empty(len(starts))
    for group in prices.cutoffs(starts):
        rows = np.searchsorted(group.series.dates, cutoffs[group.indices], side="right") - 1
        closes[group.indices] = np.where(rows >= 0, group.series.close[np.maximum(rows, 0)], np.nan)
    return closes


def _places(starts: np.ndarray, rows: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Where the rows of `starts` go in an array over (date, day ahead), and which rows those are."""
    days = rows["start"].astype(np.int64)
    place = np.searchsorted(starts, days)
    found = np.flatnonzero(place < len(starts))
    found = found[starts[place[found]] == days[found]]
    return (place[found], rows["day"][found].astype(np.int64) - 1), found
