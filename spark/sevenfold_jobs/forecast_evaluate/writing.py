"""Scores on their way into the tables: by COPY into a table of the transaction, then one statement each."""

from datetime import date
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.forecast.scores import FORECAST_SCORES, HORIZONS
from sevenfold_jobs.forecast.series import Prices

_KNOWN_CLOSES = """
    insert into forecast_actuals as known (commodity, forecast_date, actual_close)
    select %(commodity)s, date, close
      from unnest(%(dates)s::date[], %(closes)s::float8[]) as given (date, close)
    on conflict (commodity, forecast_date) do update set actual_close = excluded.actual_close
     where known.actual_close is distinct from excluded.actual_close"""

_NO_LONGER_KNOWN = """
    delete from forecast_actuals
     where commodity = %(commodity)s and forecast_date >= %(first)s
       and forecast_date <> all (%(dates)s::date[])"""

_CLOSES = """
    update point_forecasts p set actual_close = n.actual_close
      from scored_days n
     where p.commodity = %(commodity)s and p.model_version = %(version)s
       and p.forecast_start_date = n.start and p.day_ahead = n.day_ahead"""

_DAYS = """
    update forecast_quantiles q set crps = n.crps
      from scored_days n
     where q.commodity = %(commodity)s and q.model_version = %(version)s
       and q.forecast_start_date = n.start and q.day_ahead = n.day_ahead"""

_FORECASTS = """
    update forecast_metadata m set actuals_available = n.actuals_available, {assignments}
      from scored_forecasts n
     where m.commodity = %(commodity)s and m.model_version = %(version)s
       and m.forecast_start_date = n.start"""

_ACTUAL_PATHS = """
    insert into {leaf} as known (forecast_start_date, path_id, data_cutoff_date, {days})
    select start, 0, cutoff, {days} from actual_paths
    on conflict (forecast_start_date, path_id) do update
       set data_cutoff_date = excluded.data_cutoff_date, generation_timestamp = excluded.generation_timestamp,
           {assignments}"""

_SCORE_COLUMNS = [f"{name}_{horizon}d" for name in FORECAST_SCORES for horizon in HORIZONS]


def write_known_closes(connection: psycopg.Connection, prices: Prices, first: date) -> None:
    """forecast_actuals from `first` on: the trading days that have a price, and no others."""
    newest = prices.newest
    rows = newest.trading & (newest.dates >= np.datetime64(first))
    known = {
        "commodity": prices.commodity,
        "first": first,
        "dates": newest.dates[rows].tolist(),
        "closes": newest.close[rows].tolist(),
    }
    connection.execute(_NO_LONGER_KNOWN, known)
    connection.execute(_KNOWN_CLOSES, known)


def write_days(
    batch: Batch,
    connection: psycopg.Connection,
    of: tuple[str, str],
    starts: np.ndarray,
    changed: np.ndarray,
    actuals: np.ndarray,
    crps: np.ndarray,
) -> None:
    """`actual_close`, `crps` of the days marked in `changed` `(dates, h)`; `of` is commodity and version."""
    where = {"commodity": of[0], "version": of[1]}
    row, day = np.nonzero(changed)
    _stage(
        batch,
        connection,
        "scored_days",
        {
            "start": ("date", _dates(starts[row])),
            "day_ahead": ("integer", pa.array(day + 1, pa.int32())),
            "actual_close": ("double precision", _doubles(actuals[row, day])),
            "crps": ("double precision", _doubles(crps[row, day])),
        },
    )
    connection.execute(_CLOSES, where)
    connection.execute(_DAYS, where)


def write_forecasts(
    batch: Batch,
    connection: psycopg.Connection,
    of: tuple[str, str],
    starts: np.ndarray,
    available: np.ndarray,
    scores: dict[str, np.ndarray],
) -> None:
    """Scores of forecasts into forecast_metadata; NaN becomes null."""
    _stage(
        batch,
        connection,
        "scored_forecasts",
        {
            "start": ("date", _dates(starts)),
            "actuals_available": ("integer", pa.array(available, pa.int32())),
            **{name: ("double precision", _doubles(scores[name])) for name in _SCORE_COLUMNS},
        },
    )
    assignments = _assignments(_SCORE_COLUMNS, "n")
    connection.execute(
        sql.SQL(_FORECASTS).format(assignments=assignments), {"commodity": of[0], "version": of[1]}
    )


def write_actual_paths(
    batch: Batch,
    connection: psycopg.Connection,
    leaf: str,
    starts: np.ndarray,
    cutoffs: np.ndarray,
    closes: np.ndarray,
) -> None:
    """Rows of path 0 into the leaf of actuals: `closes` `(dates, days)` float32 with NaN for days to come."""
    names = [f"day_{day}" for day in range(1, closes.shape[1] + 1)]
    _stage(
        batch,
        connection,
        "actual_paths",
        {
            "start": ("date", _dates(starts)),
            "cutoff": ("date", _dates(cutoffs)),
            **{
                name: ("real", pa.array(closes[:, day], pa.float32(), from_pandas=True))
                for day, name in enumerate(names)
            },
        },
    )
    connection.execute(
        sql.SQL(_ACTUAL_PATHS).format(
            leaf=sql.Identifier(leaf),
            days=sql.SQL(", ").join(map(sql.Identifier, names)),
            assignments=_assignments(names, "excluded"),
        )
    )


def write_evaluation(connection: psycopg.Connection, key: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Replaces the rows of one model and range: `key` is commodity, model_version, start_date, end_date."""
    connection.execute(
        """
        delete from forecast_evaluation
         where commodity = %(commodity)s and model_version = %(model_version)s
           and start_date = %(start_date)s and end_date = %(end_date)s
        """,
        key,
    )
    for row in rows:
        values = {**key, **row}
        connection.execute(
            sql.SQL("insert into forecast_evaluation ({}) values ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(map(sql.Placeholder, values)),
            ),
            values,
        )


def _stage(
    batch: Batch, connection: psycopg.Connection, table: str, columns: dict[str, tuple[str, pa.Array]]
) -> None:
    """A temporary table of this transaction with the given columns, by name their type and values."""
    name = sql.Identifier(table)
    connection.execute(sql.SQL("drop table if exists {}").format(name))
    connection.execute(
        sql.SQL("create temporary table {} ({}) on commit drop").format(
            name,
            sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
                for column, (kind, _) in columns.items()
            ),
        )
    )
    rows = pa.RecordBatch.from_arrays([values for _, values in columns.values()], names=list(columns))
    batch.copy(connection, table, list(columns), [rows])
    connection.execute(sql.SQL("analyze {}").format(name))


def _assignments(columns: list[str], source: str) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier(source, name)) for name in columns
    )


def _dates(days: np.ndarray) -> pa.Array:
    return pa.array(days.astype("datetime64[D]"), pa.date32())


def _doubles(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)
