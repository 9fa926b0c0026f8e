"""Stored forecasts against the same forecasts made again: the first bit that differs, in words."""

import datetime as dt

import numpy as np
import psycopg
from psycopg import sql

from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.forecast_infer.forecasts import Forecasts

# Held at a time: 130 bytes a row.
_ROWS_AT_ONCE = 120_000
_HEADER_BYTES = 19
_POSTGRES_DAY_0 = np.datetime64("2000-01-01", "D")


def compare_forecasts(connection: psycopg.Connection, leaf: str, forecasts: Forecasts) -> list[str | None]:
    """For each date what differs first (rows, path and day, point), None where every bit is the same."""
    at_once = max(1, _ROWS_AT_ONCE // forecasts.request.paths)
    points = _stored_points(connection, forecasts)
    fingerprints = _stored_fingerprints(connection, forecasts)
    differences: list[str | None] = []
    for first in range(0, len(forecasts), at_once):
        places = range(first, min(first + at_once, len(forecasts)))
        stored = _stored_paths(connection, leaf, forecasts, places)
        days = _POSTGRES_DAY_0 + stored["date"].astype(np.int64)
        for index in places:
            low, high = (np.searchsorted(days, forecasts.starts[index], side) for side in ("left", "right"))
            differs = _path_difference(stored[low:high], forecasts.paths(index)) or _point_difference(
                points.get(forecasts.starts[index].item(), {}), forecasts.points[index]
            )
            if (
                differs is not None
                and fingerprints.get(forecasts.starts[index].item()) != (forecasts.fingerprints[index])
            ):
                differs += " (made from other prices, another model or by an older rule)"
            differences.append(differs)
    return differences


def _stored_paths(
    connection: psycopg.Connection, leaf: str, forecasts: Forecasts, places: range
) -> np.ndarray:
    """Rows of the dates in the order of their key, `values` as they lie on the wire; a null is NaN there."""
    horizon = forecasts.request.horizon
    columns = [sql.Identifier(f"day_{day}") for day in range(1, MOST_DAYS + 1)]
    beyond = columns[horizon:]
    statement = sql.SQL(
        """
        copy (select forecast_start_date, path_id, {beyond}, {values} from {leaf}
               where forecast_start_date between {first} and {last} and forecast_start_date = any({dates})
               order by forecast_start_date, path_id)
          to stdout (format binary)
        """
    ).format(
        beyond=sql.SQL("num_nonnulls({})").format(sql.SQL(", ").join(beyond)) if beyond else sql.SQL("0"),
        values=sql.SQL(", ").join(
            sql.SQL("coalesce({}, 'NaN')").format(column) for column in columns[:horizon]
        ),
        leaf=sql.Identifier(leaf),
        first=sql.Literal(forecasts.starts[places[0]].item()),
        last=sql.Literal(forecasts.starts[places[-1]].item()),
        dates=sql.Literal(forecasts.starts[places.start : places.stop].tolist()),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        content = b"".join(copy)
    cell = [("length", ">i4"), ("value", ">f4")]
    row = [("fields", ">i2"), ("length of date", ">i4"), ("date", ">i4"), ("length of path", ">i4")]
    row += [("path", ">i4"), ("length of beyond", ">i4"), ("beyond", ">i4"), ("days", cell, (horizon,))]
    return np.frombuffer(
        content, np.dtype(row), offset=_HEADER_BYTES, count=(len(content) - 21) // np.dtype(row).itemsize
    )


def _path_difference(stored: np.ndarray, paths: np.ndarray) -> str | None:
    due = np.arange(1, len(paths) + 1)
    ids = stored["path"]
    if not np.array_equal(ids, due):
        missing, extra = np.setdiff1d(due, ids), np.setdiff1d(ids, due)
        first = [
            *(f"path {path} is missing" for path in missing[:1]),
            *(f"path {path} is one too many" for path in extra[:1]),
        ]
        return f"{len(ids)} of {len(due)} paths: {', '.join(first)}"
    if stored["beyond"].any():
        return f"path {due[stored['beyond'] > 0][0]} has a value beyond day {paths.shape[1]}"
    values = np.ascontiguousarray(stored["days"]["value"])
    made = paths.astype(">f4")
    differs = values.view(">u4") != made.view(">u4")
    if not differs.any():
        return None
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
