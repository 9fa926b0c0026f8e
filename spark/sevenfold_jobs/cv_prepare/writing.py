"""The rows of prepared data."""

import json
from dataclasses import dataclass
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.printable import stored_json
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.cv.request import Request
from sevenfold_jobs.cv.roles import Table
from sevenfold_jobs.cv.versions import versions_of


@dataclass(frozen=True)
class FoldRow:
    """A row of cv_folds."""

    fold: int
    train_rows: int
    test_rows: int
    train_events: int | None
    test_events: int | None
    columns: int
    detail: dict[str, Any]


@dataclass(frozen=True)
class DataRow:
    """A row of cv_data, what the request says of it apart."""

    request: Request
    is_synthetic: bool
    rows: int
    dropped: dict[str, int]
    features: list[dict[str, Any]]
    left_out: list[dict[str, str]]
    warnings: list[str]
    summary: dict[str, Any]
    hazards: list[dict[str, Any]] | None
    membership_sha256: str
    seconds: float


def write_data(connection: psycopg.Connection, data: DataRow, folds: list[FoldRow]) -> None:
    """Replaces the data version inside the connection's transaction: `prepared_at` is that of the last time.

    By an upsert, so that two runs that prepare the same data at once wait for each other and both succeed.
    """
    request = data.request
    connection.execute(
        """
        insert into cv_data (data_version, name, source, source_sha256, task, is_synthetic, rows, dropped,
                             features, left_out, warnings, summary, hazards, settings, membership_sha256,
                             versions, result_version, object_root, seconds)
        values (%(data_version)s, %(name)s, %(source)s, %(source_sha256)s, %(task)s, %(is_synthetic)s,
                %(rows)s, %(dropped)s, %(features)s, %(left_out)s, %(warnings)s, %(summary)s, %(hazards)s,
                %(settings)s, %(membership_sha256)s, %(versions)s, %(result_version)s, %(object_root)s,
                %(seconds)s)
            on conflict (data_version) do
        update set name = excluded.name, source = excluded.source, source_sha256 = excluded.source_sha256,
               task = excluded.task, is_synthetic = excluded.is_synthetic, rows = excluded.rows,
               dropped = excluded.dropped, features = excluded.features, left_out = excluded.left_out,
               warnings = excluded.warnings, summary = excluded.summary, hazards = excluded.hazards,
               settings = excluded.settings, membership_sha256 = excluded.membership_sha256,
               versions = excluded.versions, result_version = excluded.result_version,
               object_root = excluded.object_root, seconds = excluded.seconds, prepared_at = now()
        """,
        {
            "data_version": request.data_version,
            "name": request.name,
            "source": request.source,
            "source_sha256": request.source_sha256,
            "task": request.task,
            "is_synthetic": data.is_synthetic,
            "rows": data.rows,
            "dropped": stored_json(data.dropped),
            "features": stored_json(data.features),
            "left_out": stored_json(data.left_out),
            "warnings": stored_json(data.warnings),
            "summary": stored_json(data.summary),
            "hazards": None if data.hazards is None else stored_json(data.hazards),
            "settings": stored_json(request.given),
            "membership_sha256": data.membership_sha256,
            "versions": stored_json(versions_of(others=("pyarrow",))),
            "result_version": json.loads(text_of("result_versions.json"))["cv_prepare"],
            "object_root": request.object_root,
            "seconds": data.seconds,
        },
    )
    connection.execute("delete from cv_folds where data_version = %s", [request.data_version])
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into cv_folds (data_version, fold, train_rows, test_rows, train_events, test_events,
                                  columns, detail)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    request.data_version,
                    each.fold,
                    each.train_rows,
                    each.test_rows,
                    each.train_events,
                    each.test_events,
                    each.columns,
                    stored_json(each.detail),
                )
                for each in folds
            ],
        )


def ids_bytes(table: Table) -> bytes:
    """One column: the rows' ids, or their numbers in the file from 1 where there is no id."""
    ids = pa.array(table.rows + 1) if table.ids is None else table.ids
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({table.id_name or "row": ids}), sink, compression="zstd")
    return sink.getvalue().to_pybytes()
