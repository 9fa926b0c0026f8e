"""Stored forecasts against the same forecasts made again: the first bit that differs, in words."""

import datetime as dt

import numpy as np
import psycopg
from psycopg import sql

from sevenfold_jobs.common.copy_reading import days_of, read_fixed_rows
from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.forecast_infer.forecasts import Forecasts

# Read at a time: 130 bytes a row, and for a moment twice that and a Python object each.
_ROWS_AT_ONCE = 20_000


def compare_forecasts(connection: psycopg.Connection, leaf: str, forecasts: Forecasts) -> list[str | None]:
    """For each date what differs first (rows, path and day, point), None where every bit is the same."""
    at_once = max(1, _ROWS_AT_ONCE // forecasts.request.paths)
    points = _stored_points(connection, forecasts)
    fingerprints = _stored_fingerprints(connection, forecasts)
    extra = _extra_paths(connection, leaf, forecasts)
    differences: list[str | None] = []
    for first in range(0, len(forecasts), at_once):
        places = range(first, min(first + at_once, len(forecasts)))
        stored = _stored_paths(connection, leaf, forecasts, places)
        days = days_of(stored["date"])
        for index in places:
            start = forecasts.starts[index]
            day = start.item()
            low, high = (np.searchsorted(days, start, side) for side in ("left", "right"))
            differs = (
                _id_difference(stored["path"][low:high], forecasts.request.paths, extra.get(day))
                or _path_difference(stored[low:high], forecasts.paths(index))
                or _point_difference(points.get(day, {}), forecasts.points[index])
            )
            if differs is not None and fingerprints.get(day) != forecasts.fingerprints[index]:
                differs += " (made from other prices, another model or by an older rule)"
            differences.append(differs)
    return differences


def _stored_paths(
    connection: psycopg.Connection, leaf: str, forecasts: Forecasts, places: range
) -> np.ndarray:
    """Rows of the paths that are due, in the order of the leaf's key, their days as they lie on the wire; a
    null is NaN there."""
    horizon = forecasts.request.horizon
    columns = [sql.Identifier(f"day_{day}") for day in range(1, MOST_DAYS + 1)]
    beyond = columns[horizon:]
    statement = sql.SQL(
        """
        copy (select forecast_start_date, path_id, {beyond}, {values} from {leaf}
               where forecast_start_date = any({dates}) and path_id <= {paths}
               order by forecast_start_date, path_id)
          to stdout (format binary)
        """
    ).format(
        beyond=sql.SQL("num_nonnulls({})").format(sql.SQL(", ").join(beyond)) if beyond else sql.SQL("0"),
        values=sql.SQL(", ").join(
            sql.SQL("coalesce({}, 'NaN')").format(column) for column in columns[:horizon]
        ),
        leaf=sql.Identifier(leaf),
        paths=sql.Literal(forecasts.request.paths),
        dates=sql.Literal(forecasts.starts[places.start : places.stop].tolist()),
    )
    fields = [("date", ">i4"), ("path", ">i4"), ("beyond", ">i4"), ("days", ">f4", horizon)]
    return read_fixed_rows(connection, statement, None, fields)


def _extra_paths(
    connection: psycopg.Connection, leaf: str, forecasts: Forecasts
) -> dict[dt.date, tuple[int, int]]:
    """How many paths there are beyond those that are due, and the first of them, by date. Apart from the
    others, because nothing bounds their number."""
    found = connection.execute(
        sql.SQL(
            """
            select forecast_start_date, count(*), min(path_id) from {}
             where forecast_start_date = any(%s) and path_id > %s group by 1
            """
        ).format(sql.Identifier(leaf)),
        [forecasts.starts.tolist(), forecasts.request.paths],
    )
    return {start: (count, first) for start, count, first in found}


def _id_difference(ids: np.ndarray, due: int, extra: tuple[int, int] | None) -> str | None:
    count, first_extra = extra or (0, None)
    if len(ids) == due and count == 0:
        return None  # the leaf's key allows each of them once, from 1 on
    missing = np.setdiff1d(np.arange(1, due + 1), ids)
    first = [f"path {path} is missing" for path in missing[:1]]
    if first_extra is not None:
        first.append(f"path {first_extra} is one too many")
    return f"{len(ids) + count} of {due} paths: {', '.join(first)}"


def _path_difference(stored: np.ndarray, paths: np.ndarray) -> str | None:
    beyond = stored["beyond"] > 0
    if beyond.any():
        return f"path {np.argmax(beyond) + 1} has a value beyond day {paths.shape[1]}"
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
