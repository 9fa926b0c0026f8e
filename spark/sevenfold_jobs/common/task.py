"""What code inside a Spark task needs of its batch."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pyarrow as pa

from sevenfold_jobs.common.copy import copy_record_batches
from sevenfold_jobs.common.failpoints import failpoint


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
        return psycopg.connect(self.database_url, application_name=self.application_name)

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


def register_process(directory: str, pid: int) -> None:
    """Writes `pids/<pid>` with the process's start time: a pid alone may by then belong to somebody else."""
    path = Path(directory, "pids", str(pid))
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(start_time_of(pid))
    unfinished.rename(path)


def start_time_of(pid: int) -> str:
    """As `startTimeOf` in src/stack/processes.ts: ticks since boot on Linux, `ps`'s words on macOS."""
    if sys.platform == "linux":
        # The second field, the program's name in parentheses, may hold spaces; the start time is the 22nd.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return answer.stdout.strip()
