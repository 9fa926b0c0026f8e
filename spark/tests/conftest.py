"""What tests of jobs share: one Spark session, and a database of their own for each file."""

import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.session import DATABASE_SECRET

CHECKOUT = Path(__file__).resolve().parents[2]
TEMPLATE = "sevenfold_template"


class CostOfFiles:
    """Writes what each file took of the processors, with what it started: `npm test` prints it."""

    def __init__(self, record: Path) -> None:
        self.record = record
        self.before = seconds_of_a_core()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        result = yield
        if nextitem is None or nextitem.path != item.path:
            now = seconds_of_a_core()
            file = item.path.relative_to(Path(__file__).parents[1])
            with self.record.open("a") as record:
                record.write(json.dumps({"file": str(file), "seconds": round(now - self.before, 2)}) + "\n")
            self.before = now
        return result


def seconds_of_a_core() -> float:
    """CPU seconds of this process, its live children and all that they waited for; 0.0 without /proc."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # ended in this moment
        parents[int(stat.parent.name)] = int(fields[1])
        seconds[int(stat.parent.name)] = sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(seconds.get(pid, 0.0) for pid in ours)


def pytest_configure(config: pytest.Config) -> None:
    record = os.environ.get("SEVENFOLD_TEST_COST")
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if record is not None and runs_tests:
        config.pluginmanager.register(CostOfFiles(Path(record)))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A local session with the settings that decide results and speed set as the keeper sets them."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    # As the keeper does: a machine whose own name nobody resolves has Spark all the same.
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    folder = tmp_path_factory.mktemp("spark")
    state = CHECKOUT / os.environ.get("SEVENFOLD_STATE", ".sevenfold")
    toolchain = json.loads((state / "toolchain.json").read_text())
    os.environ.setdefault("JAVA_HOME", toolchain["javaHome"])
    # A JVM of tests lives for a minute: what the second compiler and a parallel collector take is never
    # earned back. Another Java than the archive's passes it over.
    archive = toolchain.get("classArchives", {}).get("local")
    java_options = [
        *([f"-XX:SharedArchiveFile={archive}"] if archive else []),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-Duser.timezone=UTC",
        f"-Djava.io.tmpdir={folder}",
    ]
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraClassPath", ":".join(toolchain["jars"]))
        .config("spark.driver.extraJavaOptions", " ".join(java_options))
        .config("spark.local.dir", str(folder))
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .config("spark.python.daemon.module", "sevenfold_jobs.common.task_daemon")
        .config("spark.python.worker.reuse", "false")
        .config(DATABASE_SECRET, "of each batch")
        .getOrCreate()
    )
    with pytest.MonkeyPatch.context() as patch:
        _refuse_passwords_in_closures(patch)
        yield session
    session.stop()


def _refuse_passwords_in_closures(patch: pytest.MonkeyPatch) -> None:
    """PySpark writes large ones to disk."""
    from pyspark.serializers import CloudPickleSerializer

    password = (urlsplit(os.environ.get("SEVENFOLD_TEST_POSTGRES", "")).password or "").encode()
    dumps = CloudPickleSerializer.dumps

    def checked(self: CloudPickleSerializer, sent: Any) -> bytes:
        pickled = dumps(self, sent)
        assert not password or password not in pickled, "the database's password is in a closure"
        return pickled

    patch.setattr(CloudPickleSerializer, "dumps", checked)


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """A database cloned from the migrated template of the server that the test run started."""
    server = os.environ.get("SEVENFOLD_TEST_POSTGRES")
    if server is None:
        pytest.skip("SEVENFOLD_TEST_POSTGRES names no server: run the tests with npm test")
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE} strategy file_copy")
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def query(database_url: str) -> Callable[..., list[tuple]]:
    """Rows of a statement, on a connection of its own."""

    def ask(statement: str, *values: Any) -> list[tuple]:
        with psycopg.connect(database_url) as connection:
            return connection.execute(statement, values).fetchall()

    return ask


@pytest.fixture
def make_batch(database_url: str, tmp_path: Path) -> Callable[..., Batch]:
    """`make_batch(job, input)`: a batch whose run and unit are in the ledger as its activity leaves them."""

    def make(job: str, given: dict[str, Any], unit: str = "metrics", **request: Any) -> Batch:
        key = f"daily/{uuid.uuid4().hex}"
        with psycopg.connect(database_url, autocommit=True) as connection:
            run_id = connection.execute(
                """
                insert into runs (key, kind, dataset, workflow_id, workflow_run_id, input)
                values (%s, 'dailyPipeline', 'test', %s, 'r', '{}') returning run_id
                """,
                (key, key),
            ).fetchone()[0]
            connection.execute(
                "insert into units (run_id, unit, attempt, fingerprint) values (%s, %s, 1, 'today')",
                (run_id, unit),
            )
            batch_id = f"sf-{job.replace('_', '-')}-{uuid.uuid4().hex[:8]}"
            connection.execute(
                """
                insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request,
                                     workflow_id, workflow_run_id)
                values (%s, %s, %s, 1, %s, 'local', 1, 'RUNNING', '{}', %s, 'r')
                """,
                (batch_id, run_id, unit, job, key),
            )
        fence = {"runId": str(run_id), "unit": unit, "attempt": 1, "fingerprint": "today"}
        return Batch(
            {
                "batchId": batch_id,
                "job": job,
                "input": given,
                "fence": fence,
                "directory": str(tmp_path),
                "databaseUrl": database_url,
                **request,
            }
        )

    return make
