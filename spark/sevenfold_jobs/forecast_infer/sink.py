"""One task: the forecasts of a few dates of one window, written in one transaction or not at all."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.copy import FixedRows, copy_fixed_rows
from sevenfold_jobs.common.copy_reading import POSTGRES_DAY_0
from sevenfold_jobs.common.fence import pass_units
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.forecast.series import Prices
from sevenfold_jobs.forecast_infer import tables
from sevenfold_jobs.forecast_infer.checks import check_rows
from sevenfold_jobs.forecast_infer.forecasts import Forecasts, Maker
from sevenfold_jobs.forecast_infer.request import Request, Work
from sevenfold_jobs.forecast_infer.summaries import PathSummaries

# Rows sent at once for a date with very many paths; 2,000 are 276 KB and fit the processor's cache.
_ROWS_AT_ONCE = 4_096

Fence = dict[str, Any]


def writing(
    task: Task, fence: Fence, leaf: str, request: Request, prices: Prices, works: Sequence[Work]
) -> Callable[[psycopg.Connection, Work], dict[str, Any]]:
    """A function that does `write_work` of each of the works and answers `{dates, seconds}`, `cpu` among
    the seconds: those of this process."""
    maker = Maker(request, prices, works)

    def write(connection: psycopg.Connection, work: Work) -> dict[str, Any]:
        cpu = time.process_time()
        watch = write_work(connection, task, fence, leaf, maker, work)
        seconds = {**watch.seconds, "cpu": time.process_time() - cpu}
        return {"dates": [day.isoformat() for day in work.dates], "seconds": seconds}

    return write


def write_work(
    connection: psycopg.Connection, task: Task, fence: Fence, leaf: str, maker: Maker, work: Work
) -> Clock:
    """Replaces what is stored of the work's dates, checks it and commits behind the fence.

    Raises whatever is wrong, and then has written nothing: CheckFailed, Leakage, JobError for a model that
    is missing or damaged, Fenced, errors of psycopg.
    """
    watch = Clock()
    with watch.time("forecast"):
        forecasts = maker.make(connection, work)
    request = forecasts.request
    with watch.time("delete"):
        tables.delete_rows(connection, leaf, forecasts)
    with watch.time("paths"):
        summaries = _copy_paths(connection, task, leaf, forecasts, watch)
    with watch.time("tables"):
        _copy_tables(connection, task, forecasts, summaries, watch.seconds["draw"])
    with watch.time("checks"):
        check_rows(connection, leaf, forecasts)
    with watch.time("commit"):
        pass_units(
            connection,
            fence["runId"],
            "date",
            request.model_version,
            work.dates,
            fence["attempt"],
            forecasts.fingerprints,
            request.paths,
        )
        task.failpoint("before-commit")
        connection.commit()
    task.failpoint("after-commit")
    return watch


def _copy_paths(
    connection: psycopg.Connection, task: Task, leaf: str, forecasts: Forecasts, watch: Clock
) -> PathSummaries:
    """Date by date, in the order of the key. The leaf's defaults say commodity, version and kind."""
    summaries = PathSummaries.empty(forecasts)
    horizon = forecasts.request.horizon
    columns = {"forecast_start_date": ">i4", "path_id": ">i4", "data_cutoff_date": ">i4"}
    columns |= {f"day_{day}": ">f4" for day in range(1, horizon + 1)}
    rows = FixedRows(columns, min(forecasts.request.paths, _ROWS_AT_ONCE))
    days = rows.block("day_1", horizon)

    def fillings() -> Iterator[int]:
        for index in range(len(forecasts)):
            with watch.time("draw"):
                paths = forecasts.paths(index)
            rows["forecast_start_date"][:] = _wire_day(forecasts.starts[index])
            rows["data_cutoff_date"][:] = _wire_day(forecasts.cutoffs[index])
            for first in range(0, len(paths), len(rows)):
                piece = paths[first : first + len(rows)]
                rows["path_id"][: len(piece)] = np.arange(first + 1, first + 1 + len(piece))
                days[: len(piece)] = piece
                yield len(piece)
            # While the server takes in what it was sent.
            with watch.time("scores"):
                summaries.add(index, paths, forecasts.actuals[index])

    copy_fixed_rows(connection, leaf, rows, fillings(), task.failpoint)
    return summaries


def _copy_tables(
    connection: psycopg.Connection, task: Task, forecasts: Forecasts, summaries: PathSummaries, seconds: float
) -> None:
    def send(table: str, rows: pa.RecordBatch) -> None:
        task.copy(connection, table, rows.schema.names, [rows])

    send("point_forecasts", tables.point_rows(forecasts, summaries))
    send("forecast_quantiles", tables.quantile_rows(forecasts, summaries))
    send("forecast_metadata", tables.metadata_rows(forecasts, summaries, seconds))


def _wire_day(day: np.datetime64 | date) -> int:
    return int((np.datetime64(day, "D") - POSTGRES_DAY_0).astype(int))
