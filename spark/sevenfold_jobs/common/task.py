"""What code inside a Spark task needs of its batch."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import psycopg
import pyarrow as pa

from sevenfold_jobs.common.copy import copy_record_batches
from sevenfold_jobs.common.database import connect
from sevenfold_jobs.common.failpoints import failpoint
from sevenfold_jobs.common.processes import register_process


@dataclass(frozen=True)
class Task:
    """A batch's way into the database from a task's process."""

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
        return connect(self.database_url, self.application_name)

    def copy(
        self,
        connection: psycopg.Connection,
        table: str,
        columns: Sequence[str],
        record_batches: Iterable[pa.RecordBatch],
    ) -> int:
        """As `Batch.copy`."""
        return copy_record_batches(connection, table, columns, record_batches, self.failpoint)

    def failpoint(self, name: str) -> None:
        """Tests only: stops at the named point when a test armed it."""
        failpoint(self.failpoints, name)

    def register(self) -> None:
        """Tells the keeper of this process. A task's process is a child of the shared JVM, not of the job."""
        if self.directory is not None:
            register_process(self.directory, os.getpid())
