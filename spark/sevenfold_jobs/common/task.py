"""What code inside a Spark task needs of its batch."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
import pyarrow as pa

from sevenfold_jobs.common.copy import copy_record_batches
from sevenfold_jobs.common.database import connect
from sevenfold_jobs.common.failpoints import failpoint
from sevenfold_jobs.common.processes import register_process
from sevenfold_jobs.common.session import database_of_task
from sevenfold_jobs.common.usage import cpu_seconds

# CPU time of this process that is already in the ledger: on a cluster a process serves many tasks.
_reported_seconds = 0.0


@dataclass(frozen=True)
class Task:
    """A batch's way into the database from a task's process.

    The database's address holds a password and stays behind when this is sent to a task, which finds it in
    its own properties (session.database_of_task).
    """

    batch_id: str
    attempt: int
    directory: str | None = None
    database_url: str = field(default="", repr=False)
    failpoints: str | None = None

    @property
    def application_name(self) -> str:
        """The name under which the database knows every session of this attempt."""
        return f"{self.batch_id}-a{self.attempt}"

    def connect(self) -> psycopg.Connection:
        """A connection without autocommit. Registers the process first: a cancel must know what can write."""
        self.register()
        return connect(self._address, self.application_name)

    def metered(self, do: Callable[[Iterator], Iterator]) -> Callable[[Iterator], Iterator]:
        """`do` for the rows of a partition; at its end the CPU time it took is added to the ledger."""
        return partial(_metered, self, do)

    def report_cpu_time(self) -> None:
        """Adds this process's CPU time to that of the batch's tasks. Never fails."""
        global _reported_seconds
        used = cpu_seconds()
        try:
            with connect(
                self._address,
                self.application_name,
                autocommit=True,
                connect_timeout=2,
                options="-c statement_timeout=2000",
            ) as connection:
                connection.execute(
                    "update batches set task_cpu_seconds = task_cpu_seconds + %s where batch_id = %s",
                    (used - _reported_seconds, self.batch_id),
                )
            _reported_seconds = used
        except (psycopg.Error, RuntimeError) as error:
            print(f"the CPU time of a task was not written: {error}", file=sys.stderr)

    @property
    def _address(self) -> str:
        return self.database_url or database_of_task()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "database_url"}

    def copy(
        self,
        connection: psycopg.Connection,
        table: str,
        columns: Sequence[str],
        record_batches: Iterable[pa.RecordBatch],
    ) -> int:
        """As `Batch.copy`."""
        return copy_record_batches(connection, table, columns, record_batches, self.failpoint)

    def failpoint(self, name: str, about: str = "") -> None:
        """Tests only: stops at the named point when a test armed it, for what it is `about` or for all."""
        failpoint(self.failpoints, name, about)

    def register(self) -> None:
        """Tells the keeper of this process. A task's process is a child of the shared JVM, not of the job."""
        if self.directory is not None:
            register_process(self.directory, os.getpid())


def _metered(task: Task, do: Callable[[Iterator], Iterator], rows: Iterator) -> Iterator:
    try:
        yield from do(rows)
    finally:
        task.report_cpu_time()
