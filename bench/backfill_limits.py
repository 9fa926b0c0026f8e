"""What placing and drawing the paths of a stored model version take here with nothing around them.

Prints one JSON object: `rows`, seconds of plain COPY, CPU seconds of drawing, seconds of drawing and writing Parquet.
"""

import json
import multiprocessing
import sys
import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from sevenfold_jobs.forecast.paths import draw_paths
from sevenfold_jobs.sinks.delta.table import DAYS, FILE_SCHEMA
from sevenfold_jobs.sinks.delta.writing import parquet_writer

COLUMNS = ["forecast_start_date", "path_id", "data_cutoff_date", *(f"day_{day}" for day in range(1, 15))]
BYTES_AT_ONCE = 262_144
PROCESSES = 2
COPY_TO_BE_STARTED_S = 600
SPARE = "bench_limit"
DATES_IN_A_GROUP = 10
DATES_IN_A_FILE = 60


def main(database_url: str, commodity: str, version: str) -> None:
    with closing(psycopg.connect(database_url, autocommit=True)) as connection:
        [stored, spare] = connection.execute(
            "select distributions_leaf(%(of)s, %(version)s), distributions_leaf(%(of)s, %(spare)s)",
            {"of": commodity, "version": version, "spare": SPARE},
        ).fetchone()
        found = connection.execute(
            "select forecast_start_date, paths from forecast_metadata"
            " where commodity = %s and model_version = %s order by 1",
            [commodity, version],
        ).fetchall()
        starts, paths = [start for start, _ in found], found[0][1]
        try:
            copied = _copy(connection, database_url, stored, spare, starts)
            [rows] = connection.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(spare))
            ).fetchone()
        finally:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(spare)))
    if rows != len(starts) * paths:
        raise SystemExit(f"{rows} rows were copied, not {len(starts)} x {paths}.")
    print(
        json.dumps(
            {
                "rows": rows,
                "copySeconds": copied,
                "drawCpuSeconds": _draw(commodity, starts, paths),
                "parquetSeconds": _parquet(commodity, starts, paths),
            }
        )
    )


def _copy(
    connection: psycopg.Connection,
    database_url: str,
    stored: str,
    spare: str,
    starts: list,
) -> float:
    """Wall seconds from the first byte to the last commit; the rows lie ready in memory."""
    processes = multiprocessing.get_context("fork")
    barrier = processes.Barrier(PROCESSES + 1)
    times = processes.Queue()
    bounds = [len(starts) * part // PROCESSES for part in range(PROCESSES + 1)]
    started = [
        processes.Process(
            target=_copy_part,
            args=(
                database_url,
                stored,
                spare,
                starts[low],
                starts[high - 1],
                barrier,
                times,
            ),
            daemon=True,
        )
        for low, high in pairwise(bounds)
    ]
    for process in started:
        process.start()
    barrier.wait(COPY_TO_BE_STARTED_S)
    connection.execute("checkpoint")
    barrier.wait(COPY_TO_BE_STARTED_S)
    taken = [times.get(timeout=COPY_TO_BE_STARTED_S) for _ in started]
    for process in started:
        process.join()
    return max(end for _, end in taken) - min(begin for begin, _ in taken)


def _copy_part(database_url: str, stored: str, spare: str, first, last, barrier, times) -> None:
    named = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    rows = bytearray()
    with closing(psycopg.connect(database_url)) as connection:
        chosen = sql.SQL(
            "copy (select {} from {} where forecast_start_date between {} and {}"
            " order by forecast_start_date, path_id) to stdout (format binary)"
        ).format(named, sql.Identifier(stored), sql.Literal(first), sql.Literal(last))
        with connection.cursor() as cursor, cursor.copy(chosen) as copy:
            for row in copy:
                rows += row
        connection.commit()
        barrier.wait(COPY_TO_BE_STARTED_S)
        barrier.wait(COPY_TO_BE_STARTED_S)
        began = time.monotonic()
        into = sql.SQL("copy {} ({}) from stdin (format binary)").format(sql.Identifier(spare), named)
        view = memoryview(rows)
        with connection.cursor() as cursor, cursor.copy(into) as copy:
            for offset in range(0, len(view), BYTES_AT_ONCE):
                copy.write(view[offset : offset + BYTES_AT_ONCE])
        connection.commit()
        times.put((began, time.monotonic()))


def _draw(commodity: str, starts: list, paths: int) -> float:
    """CPU seconds of one process for the paths of every date; what the values are costs nothing."""
    pool = np.random.default_rng(0).standard_normal(750)
    points = np.zeros(14)
    began = time.process_time()
    for start in starts:
        draw_paths(points, pool, paths, 0, commodity, "xgboost", start)
    return time.process_time() - began


def _parquet(commodity: str, starts: list, paths: int) -> float:
    """Wall seconds of two processes that draw the paths of every date and write them as a sink's files."""
    processes = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        bounds = [len(starts) * part // PROCESSES for part in range(PROCESSES + 1)]
        started = [
            processes.Process(
                target=_write_part,
                args=(folder, commodity, starts[low:high], paths),
                daemon=True,
            )
            for low, high in pairwise(bounds)
        ]
        for process in started:
            process.start()
        for process in started:
            process.join()
        if any(process.exitcode != 0 for process in started):
            raise SystemExit("Parquet could not be written.")
        return time.monotonic() - began


def _write_part(folder: str, commodity: str, starts: list, paths: int) -> None:
    pool, points = np.random.default_rng(0).standard_normal(750), np.zeros(14)
    for first in range(0, len(starts), DATES_IN_A_FILE):
        with parquet_writer(Path(folder, f"{starts[first]}.parquet")) as writer:
            of_file = starts[first : first + DATES_IN_A_FILE]
            for low in range(0, len(of_file), DATES_IN_A_GROUP):
                group = of_file[low : low + DATES_IN_A_GROUP]
                drawn = [draw_paths(points, pool, paths, 0, commodity, "xgboost", start) for start in group]
                values = np.concatenate(drawn).T.astype(np.float32)
                writer.write_table(_table(group, values, paths), row_group_size=values.shape[1])


def _table(dates: list, values: np.ndarray, paths: int) -> pa.Table:
    rows = values.shape[1]
    day = pa.array(np.repeat(np.array(dates, "datetime64[D]"), paths))
    false = pa.array(np.zeros(rows, bool))
    columns = {
        "path_id": pa.array(np.tile(np.arange(1, paths + 1, dtype=np.int32), len(dates))),
        "forecast_start_date": day,
        "data_cutoff_date": day,
        "generation_timestamp": pa.array(np.zeros(rows, np.int64)).cast(
            FILE_SCHEMA.field("generation_timestamp").type
        ),
        **{name: pa.array(np.ascontiguousarray(values[place])) for place, name in enumerate(DAYS)},
        "is_actuals": false,
        "has_data_leakage": false,
    }
    return pa.Table.from_pydict(columns, schema=FILE_SCHEMA)


if __name__ == "__main__":
    main(*sys.argv[1:])
