"""The Delta table as a sink: tasks write files, the driver of the batch commits all of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import psycopg
import pyarrow as pa

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.sinks.delta.place import file_system, list_files, partition_folder, refuse_place
from sevenfold_jobs.sinks.sink import Answer, Fence, StoredPaths

if TYPE_CHECKING:
    from sevenfold_jobs.common.batch import Batch
    from sevenfold_jobs.forecast_infer.forecasts import Forecasts
    from sevenfold_jobs.forecast_infer.request import Request
    from sevenfold_jobs.sinks.delta.table import DataFile, Snapshot


@dataclass(frozen=True)
class DeltaSink:
    """`path` is the table's place; `files` are those of the partition, and `table_id` the table's, when
    the sink was opened."""

    path: str
    files: tuple["DataFile", ...] = ()
    table_id: str | None = None
    name: ClassVar[str] = "delta"

    @property
    def id(self) -> str:
        """By the table's own id: moved, it is still the same."""
        return f"delta/{self.table_id}"

    def opened(self, connection: psycopg.Connection, commodity: str, version: str) -> "DeltaSink":
        """Begins the table where there is none. The library is used in the driver alone: its tasks are not
        forked from here."""
        from sevenfold_jobs.sinks.delta.table import find_snapshot, make_table
        from sevenfold_jobs.sinks.delta.versions import lock_table

        refuse_place(self.path)
        snapshot = find_snapshot(self.path)
        if snapshot is None:
            lock_table(connection, self.path)
            snapshot = find_snapshot(self.path) or make_table(self.path)
        # By this `prune` finds it.
        connection.execute("insert into delta_tables (path) values (%s) on conflict do nothing", [self.path])
        connection.commit()
        return self._at(snapshot, commodity, version)

    def to_read(self, connection: psycopg.Connection, commodity: str, version: str) -> "DeltaSink":
        """Without files where there is no table."""
        from sevenfold_jobs.sinks.delta.table import find_snapshot

        refuse_place(self.path)
        snapshot = find_snapshot(self.path)
        return self if snapshot is None else self._at(snapshot, commodity, version)

    def write(
        self, connection: psycopg.Connection, task: Task, fence: Fence, forecasts: "Forecasts", watch: Clock
    ) -> Answer:
        """Writes a file that nobody sees before the commit, and answers what it needs."""
        from sevenfold_jobs.forecast_infer import tables
        from sevenfold_jobs.sinks.delta.writing import write_file

        connection.rollback()
        file, summaries = write_file(
            self.path, file_stem(fence, len(forecasts)), forecasts, watch, task.failpoint
        )
        with watch.time("tables"):
            small = tables.small_rows(forecasts, summaries, watch.seconds["draw"])
            packed = {table: _packed(rows) for table, rows in small.items()}
        task.failpoint("after-file")
        return {"file": file, "small": packed, "fingerprints": forecasts.fingerprints}

    def commit(self, batch: "Batch", request: "Request", answers: Sequence[Answer]) -> dict[str, float]:
        """One transaction of the ledger and one version of the table for all files."""
        from sevenfold_jobs.sinks.delta.commit import commit_files

        written = [answer for answer in answers if "file" in answer]
        return commit_files(batch, self.path, request, written) if written else {}

    def made(self, connection: psycopg.Connection, request: "Request", fence: Fence) -> int:
        """Dates in the files of this attempt; they begin to count with their first row group."""
        stem = file_stem(fence, 0).rpartition("-")[0]
        there = list_files(self.path, partition_folder(request.commodity, request.model_version))
        names = [info.base_name for info in there if info.base_name.startswith(f"{stem}-")]
        return sum(int(name.removeprefix(f"{stem}-").partition("-")[0]) for name in names)

    def read_paths(
        self,
        connection: psycopg.Connection,
        commodity: str,
        version: str,
        dates: Sequence[date],
        horizon: int,
        paths: int | None = None,
    ) -> StoredPaths:
        """From the files that the statistics name."""
        lost: list[str] = []
        found, ids, cutoffs, values, beyond = self._read(dates, horizon, lost)
        kept = slice(None) if paths is None else ids <= paths
        return StoredPaths(
            found[kept].astype("datetime64[D]"),
            ids[kept],
            cutoffs[kept].astype("datetime64[D]"),
            values[kept],
            beyond[kept],
            tuple(lost),
        )

    def extra_paths(
        self, connection: psycopg.Connection, commodity: str, version: str, dates: Sequence[date], paths: int
    ) -> dict[date, tuple[int, int]]:
        """By the numbers of the paths alone, a file at a time."""
        from sevenfold_jobs.sinks.delta.reading import read_rows
        from sevenfold_jobs.sinks.delta.table import overlapping

        days = _days(dates)
        extra: dict[date, tuple[int, int]] = {}
        for file in overlapping(list(self.files), days):
            found, ids, *_ = read_rows(file_system(self.path), [file.path], days, 0, [])
            for day in np.unique(found[ids > paths]):
                beyond = ids[(found == day) & (ids > paths)]
                count, first = extra.get(_date(day), (0, int(beyond.min())))
                extra[_date(day)] = (count + len(beyond), min(first, int(beyond.min())))
        return extra

    def put(
        self,
        connection: psycopg.Connection,
        commodity: str,
        version: str,
        rows: StoredPaths,
        fingerprints: Mapping[date, str],
    ) -> None:
        """One file and one version of the table."""
        from sevenfold_jobs.sinks.delta.commit import put_rows

        put_rows(connection, self.path, (commodity, version), rows, fingerprints)

    def _at(self, snapshot: "Snapshot", commodity: str, version: str) -> "DeltaSink":
        return replace(self, files=tuple(snapshot.files(commodity, version)), table_id=snapshot.table_id)

    def _read(self, dates: Sequence[date], horizon: int, lost: list[str]) -> tuple[np.ndarray, ...]:
        from sevenfold_jobs.sinks.delta.reading import read_rows
        from sevenfold_jobs.sinks.delta.table import overlapping

        days = _days(dates)
        files = [file.path for file in overlapping(list(self.files), days)]
        return read_rows(file_system(self.path), files, days, min(horizon, MOST_DAYS), lost)


def file_stem(fence: Fence, dates: int) -> str:
    """What the files of an attempt are called: run, chunk, attempt and how many dates each holds."""
    unit = str(fence["unit"]).replace(" ", "")
    return f"{str(fence['runId'])[:8]}-{unit}-a{fence['attempt']}-{dates}"


def _packed(rows: pa.RecordBatch) -> bytes:
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, rows.schema) as stream:
        stream.write_batch(rows)
    return out.getvalue().to_pybytes()


def _days(dates: Sequence[date]) -> np.ndarray:
    return np.unique(np.array(list(dates), "datetime64[D]").astype(int))


def _date(day: int) -> date:
    return np.datetime64(int(day), "D").item()
