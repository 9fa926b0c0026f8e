"""From the stream of a COPY to a file, in memory that does not grow with the rows."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
from pyarrow import csv, parquet

from sevenfold_jobs.export.query import View

_BLOCK_BYTES = 4 * 2**20
_ROWS_IN_GROUP = 131_072


def write_csv(connection: psycopg.Connection, view: View, path: Path, report: Callable[[int], None]) -> int:
    """RFC 4180: a header, lines that end in CR LF, quotes where needed. Null is nothing, no text is `""`."""
    rows = -1  # the header is the first line
    with connection.cursor() as cursor, cursor.copy(view.copy) as copy, path.open("xb") as file:
        for message in copy:
            # PostgreSQL sends one message a row, which ends in LF; line feeds inside of values stay.
            file.write(bytes(message)[:-1] + b"\r\n")
            rows += 1
            if rows % 4_096 == 0:
                report(rows)
    return rows


def write_parquet(
    connection: psycopg.Connection, view: View, path: Path, report: Callable[[int], None]
) -> int:
    """Dates are date32, numerics decimal128 of their scale, instants microseconds in UTC, nulls are nulls."""
    rows = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(view.copy) as copy,
        parquet.ParquetWriter(path, view.schema, compression="zstd") as file,
    ):
        for table in _row_groups(_read(copy, view.schema), view.schema):
            file.write_table(table, row_group_size=_ROWS_IN_GROUP)
            rows += table.num_rows
            report(rows)
    return rows


def _read(copy: psycopg.Copy, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    yield from csv.open_csv(
        io.BufferedReader(_Stream(copy), _BLOCK_BYTES),
        read_options=csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["true"],
            false_values=["false"],
        ),
    )


def _row_groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= _ROWS_IN_GROUP:
            yield pa.Table.from_batches(waiting, schema)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting, schema)


class _Stream(io.RawIOBase):
    """The messages of a COPY as one stream of bytes."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._messages = iter(copy)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                message = next(self._messages, None)
                if message is None:
                    break
                self._rest = memoryview(message)
            count = min(len(self._rest), len(buffer) - filled)
            buffer[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count
        return filled
