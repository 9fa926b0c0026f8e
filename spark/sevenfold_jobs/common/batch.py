"""One batch as its job sees it: the request, the ways to Spark and the database, the one door to a commit."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from psycopg.conninfo import conninfo_to_dict

from sevenfold_jobs.common import session
from sevenfold_jobs.common.database import connect
from sevenfold_jobs.common.failpoints import failpoint
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.fence import pass_unit
from sevenfold_jobs.common.printable import storable
from sevenfold_jobs.common.task import Task

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROGRESS_EVERY_SECONDS = 0.5


class Batch:
    """A request from the keeper, or one a test made: `Batch({"batchId": …, "job": …, "databaseUrl": …})`.

    `attempt` is the unit's attempt; `fence` is `{runId, unit, attempt, fingerprint}`; `directory` is the
    batch's folder (log, outcome, pids); `master` is for a session of its own, where none is attached.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self.batch_id: str = request["batchId"]
        self.job: str = request.get("job", "")
        self.input: dict[str, Any] = request.get("input", {})
        self.fence: dict[str, Any] = request.get("fence", {})
        self.attempt: int = request.get("attempt", self.fence.get("attempt", 1))
        self.directory: str | None = request.get("directory")
        self._database_url: str = request.get("databaseUrl", "")
        self._failpoints: str | None = request.get("failpoints")
        self._warm: dict[str, Any] | None = request.get("warm")
        self._master: str | None = request.get("master")
        self._progress_at = float("-inf")

    def spark(self) -> "SparkSession":
        """A session of this batch alone; a job that never asks for it never pays for Spark."""
        return session.for_batch(self.batch_id, self._warm, self._master, self.directory, self._database_url)

    def partitions(self, a_core: int) -> int:
        """Into how many tasks the work is cut: as planned, else `a_core` for each core that Spark has.

        A cluster's own figure counts the executors that are there in this moment, so there the plan says it
        (src/planning/partitions.ts). It changes no figure.
        """
        return self.input.get("partitions") or a_core * max(self.spark().sparkContext.defaultParallelism, 1)

    def jdbc(self) -> dict[str, str]:
        """Options for `spark.read.format("jdbc").options(**batch.jdbc())`.

        Raises InvalidInput for what JDBC cannot do although libpq can: a Unix socket, a key in PEM.
        """
        given = {name: str(value) for name, value in conninfo_to_dict(self._database_url).items()}
        database = given.get("dbname") or given.get("user") or "postgres"
        options = {
            "url": f"jdbc:postgresql://{_jdbc_hosts(given)}/{database}",
            "driver": "org.postgresql.Driver",
            "user": given.get("user") or "postgres",
            "ApplicationName": self.task().application_name,
        }
        if given.get("sslkey") and not given["sslkey"].endswith((".pk8", ".der", ".p12")):
            raise InvalidInput(
                "sslkey of DATABASE_URL is not a key that Spark's driver reads: make one with "
                "`openssl pkcs8 -topk8 -outform DER -nocrypt -in client.key -out client.pk8` and name that."
            )
        for name in ("password", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword"):
            if given.get(name):
                options[name] = given[name]
        return options

    def connect(self) -> psycopg.Connection:
        """A connection without autocommit, named after this attempt so that a successor can end it."""
        return self.task().connect()

    def task(self) -> Task:
        """What code inside Spark tasks needs of the batch: small, picklable, without Spark."""
        return Task(
            batch_id=self.batch_id,
            attempt=self.attempt,
            directory=self.directory,
            database_url=self._database_url,
            failpoints=self._failpoints,
        )

    def task_cpu_seconds(self) -> float:
        """CPU time that its tasks' Python processes reported to the ledger; 0 where it cannot be read."""
        query = "select task_cpu_seconds from batches where batch_id = %s"
        try:
            with connect(
                self._database_url, self.task().application_name, autocommit=True, connect_timeout=2
            ) as connection:
                row = connection.execute(query, (self.batch_id,)).fetchone()
        except psycopg.Error as error:
            print(f"CPU time of the tasks is not known: {error}", file=sys.stderr)
            return 0.0
        return row[0] if row else 0.0

    def failpoint(self, name: str) -> None:
        """Tests only: stops at the named point when a test armed it."""
        failpoint(self._failpoints, name)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Tells the ledger how far the job is: at most twice a second, its end always. Never fails."""
        now = time.monotonic()
        if done < total and now - self._progress_at < PROGRESS_EVERY_SECONDS:
            return
        self._progress_at = now
        said = {"done": done, "total": total, "note": note, "at": datetime.now(UTC).isoformat()}
        try:
            with connect(
                self._database_url,
                self.task().application_name,
                autocommit=True,
                connect_timeout=2,
                options="-c statement_timeout=2000",
            ) as connection:
                connection.execute(
                    "update batches set progress = %s where batch_id = %s",
                    (json.dumps(storable(said)), self.batch_id),
                )
        except psycopg.Error as error:
            print(f"progress {done}/{total} was not written: {error}", file=sys.stderr)

    def copy(
        self,
        connection: psycopg.Connection,
        table: str,
        columns: Sequence[str],
        record_batches: Iterable[pa.RecordBatch],
    ) -> int:
        """Sends Arrow record batches into `table` by binary COPY, inside the connection's transaction.

        Columns are taken by name; the table's own types decide the encoding. Returns the rows sent.
        """
        return self.task().copy(connection, table, columns, record_batches)

    def commit(self, connection: psycopg.Connection, rows_due: int, detail: dict[str, Any]) -> None:
        """Commits together with the unit's account of what was due, or raises `Fenced` and leaves nothing."""
        self.failpoint("before-commit")
        fence = self.fence
        pass_unit(
            connection,
            fence["runId"],
            fence["unit"],
            fence["attempt"],
            rows_due,
            fence["fingerprint"],
            detail,
        )
        connection.commit()
        self.failpoint("after-commit")


def _jdbc_hosts(given: dict[str, str]) -> str:
    """`host:port`, several with commas between them; an IPv6 address in brackets."""
    hosts = (given.get("host") or given.get("hostaddr") or "127.0.0.1").split(",")
    ports = (given.get("port") or "5432").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    for host in hosts:
        if host.startswith(("/", "@")):
            raise InvalidInput(
                f"DATABASE_URL names the Unix socket {host}, and Spark reads over TCP: "
                "give a host and a port."
            )
    bracketed = [f"[{host}]" if ":" in host and not host.startswith("[") else host for host in hosts]
    return ",".join(f"{host}:{port}" for host, port in zip(bracketed, ports, strict=True))
