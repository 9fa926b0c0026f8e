"""Stored forecasts against the same forecasts made again: the first bit that differs, in words."""

import datetime as dt

import numpy as np
import psycopg

from sevenfold_jobs.forecast_infer.forecasts import Forecasts
from sevenfold_jobs.sinks.checksum import checksum_of_date
from sevenfold_jobs.sinks.sink import Sink, StoredPaths

# Read at a time: 130 bytes a row, and for a moment twice that and a Python object each.
_ROWS_AT_ONCE = 20_000


def compare_forecasts(connection: psycopg.Connection, sink: Sink, forecasts: Forecasts) -> list[str | None]:
    """For each date what differs first (rows, path and day, point), None where every bit is the same."""
    at_once = max(1, _ROWS_AT_ONCE // forecasts.request.paths)
    points = _stored_points(connection, forecasts)
    fingerprints = _stored_fingerprints(connection, forecasts)
    request = forecasts.request
    of = request.commodity, request.model_version
    extra = sink.extra_paths(connection, *of, forecasts.starts.tolist(), request.paths)
    differences: list[str | None] = []
    for first in range(0, len(forecasts), at_once):
        places = range(first, min(first + at_once, len(forecasts)))
        block = forecasts.starts[places.start : places.stop].tolist()
        stored = sink.read_paths(connection, *of, block, request.horizon, request.paths)
        for index in places:
            start = forecasts.starts[index]
            day = start.item()
            low, high = (np.searchsorted(stored.dates, start, side) for side in ("left", "right"))
            differs = (
                _id_difference(stored.ids[low:high], request.paths, extra.get(day))
                or _path_difference(
                    stored, slice(low, high), forecasts.paths(index), forecasts.cutoffs[index]
                )
                or _point_difference(points.get(day, {}), forecasts.points[index])
            )
            if differs is not None and fingerprints.get(day) != forecasts.fingerprints[index]:
                differs += " (made from other prices, another model or by an older rule)"
            differences.append(differs)
    return differences


def _id_difference(ids: np.ndarray, due: int, extra: tuple[int, int] | None) -> str | None:
    count, first_extra = extra or (0, None)
    if count == 0 and np.array_equal(ids, np.arange(1, due + 1)):
        return None
    missing = np.setdiff1d(np.arange(1, due + 1), ids)
    first = [f"path {path} is missing" for path in missing[:1]]
    if first_extra is not None:
        first.append(f"path {first_extra} is one too many")
    if (twice := ids[1:][ids[1:] == ids[:-1]]).size > 0:
        first.append(f"path {twice[0]} is there twice")
    return f"{len(ids) + count} of {due} paths: {', '.join(first)}"


def _path_difference(stored: StoredPaths, of: slice, paths: np.ndarray, cutoff: np.datetime64) -> str | None:
    """By the checksum of the date; only where that differs is it looked where."""
    ids, cutoffs, days = stored.ids[of], stored.cutoffs[of], stored.days[of]
    beyond = stored.beyond[of] > 0
    if not beyond.any() and checksum_of_date(ids, cutoffs, days) == checksum_of_date(ids, cutoff, paths):
        return None
    if beyond.any():
        return f"path {np.argmax(beyond) + 1} has a value beyond day {paths.shape[1]}"
    values, made = np.ascontiguousarray(days, ">f4"), paths.astype(">f4")
    differs = values.view(">u4") != made.view(">u4")
    if not differs.any():
        path = int(np.argmax(cutoffs != cutoff))
        return f"path {path + 1}: stored with cutoff {cutoffs[path]}, made again with {cutoff}"
    path, day = np.argwhere(differs)[0]
    found = "null or NaN" if np.isnan(values[path, day]) else values[path, day]
    return (
        f"path {path + 1}, day {day + 1}: stored {found}, made again {made[path, day]}; "
        f"{int(differs.sum())} of {differs.size} values differ"
    )


def _stored_points(connection: psycopg.Connection, forecasts: Forecasts) -> dict[dt.date, dict[int, float]]:
    rows = connection.execute(
        """
        select forecast_start_date, day_ahead, forecast_mean from point_forecasts
         where commodity = %s and model_version = %s and forecast_start_date = any(%s)
        """,
        _key(forecasts),
        binary=True,
    )
    points: dict[dt.date, dict[int, float]] = {}
    for start, day, mean in rows:
        points.setdefault(start, {})[day] = mean
    return points


def _point_difference(stored: dict[int, float], points: np.ndarray) -> str | None:
    for day, made in enumerate(points.tolist(), 1):
        if stored.get(day) != made:
            return f"point of day {day}: stored {stored.get(day, 'none')}, made again {made}"
    return None


def _stored_fingerprints(connection: psycopg.Connection, forecasts: Forecasts) -> dict[dt.date, str]:
    return dict(
        connection.execute(
            """
            select forecast_start_date, fingerprint from forecast_metadata
             where commodity = %s and model_version = %s and forecast_start_date = any(%s)
            """,
            _key(forecasts),
        ).fetchall()
    )


def _key(forecasts: Forecasts) -> list[object]:
    return [forecasts.request.commodity, forecasts.request.model_version, forecasts.starts.tolist()]
