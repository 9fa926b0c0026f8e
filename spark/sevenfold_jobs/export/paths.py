"""Paths of forecasts to a file, from whichever sink holds them: the same rows make the same file."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from pyarrow import csv, parquet

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.sinks import sink_at
from sevenfold_jobs.sinks.checksum import days_between

_SCHEMA = pa.schema(
    [
        pa.field("commodity", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("forecast_start_date", pa.date32()),
        pa.field("path_id", pa.int32()),
        pa.field("data_cutoff_date", pa.date32()),
        *(pa.field(f"day_{day}", pa.float32()) for day in range(1, MOST_DAYS + 1)),
    ]
)


def write_paths(
    connection: psycopg.Connection, request: dict[str, Any], file: Path, report: Callable[[int], None]
) -> int:
    """Rows in the order of version, date and path; answers how many. A day that is no number is null."""
    write = _write_csv if request["format"] == "csv" else _write_parquet
    return write(file, _tables(connection, request), report)


def _tables(connection: psycopg.Connection, request: dict[str, Any]) -> Iterator[pa.Table]:
    given = request["paths"]
    first, last = (date.fromisoformat(given[name]) for name in ("first", "last"))
    for version in given["versions"]:
        sink = sink_at(given["sink"]).to_read(connection, given["commodity"], version)
        for block in days_between(first, last, given["aDate"]):
            rows = sink.read_paths(connection, given["commodity"], version, block, MOST_DAYS)
            if rows.lost:
                raise InvalidInput(
                    f"{rows.lost[0]} of {given['sink']['path']} is damaged or gone, and paths of {version} "
                    "with it: npx sevenfold coverage says which dates, the same backfill again makes them."
                )
            if len(rows.ids) == 0:
                continue
            columns = [
                pa.repeat(pa.scalar(given["commodity"]), len(rows.ids)),
                pa.repeat(pa.scalar(version), len(rows.ids)),
                pa.array(rows.dates.astype("datetime64[D]")),
                pa.array(rows.ids),
                pa.array(rows.cutoffs.astype("datetime64[D]")),
                *(
                    pa.array(np.ascontiguousarray(rows.days[:, day], np.float32), from_pandas=True)
                    for day in range(MOST_DAYS)
                ),
            ]
            yield pa.Table.from_arrays(columns, schema=_SCHEMA)


def _write_parquet(file: Path, tables: Iterator[pa.Table], report: Callable[[int], None]) -> int:
    rows = 0
    with parquet.ParquetWriter(file, _SCHEMA, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
            rows += table.num_rows
            report(rows)
    return rows


def _write_csv(file: Path, tables: Iterator[pa.Table], report: Callable[[int], None]) -> int:
    """As writers.write_csv: a header, lines that end in CR LF. No value holds a comma, a quote or a line."""
    rows = 0
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    with file.open("xb") as out:
        out.write((",".join(_SCHEMA.names) + "\r\n").encode())
        for table in tables:
            buffer = pa.BufferOutputStream()
            csv.write_csv(table, buffer, options)
            out.write(buffer.getvalue().to_pybytes().replace(b"\n", b"\r\n"))
            rows += table.num_rows
            report(rows)
    return rows
