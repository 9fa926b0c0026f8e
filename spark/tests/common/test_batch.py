import psycopg
import pytest

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import Fenced, InvalidInput


def unit_of(database_url, batch):
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "select committed_fingerprint, committed_attempt, rows_due, detail from units where run_id = %s",
            (batch.fence["runId"],),
        ).fetchone()


def test_commit_records_what_was_due_with_the_rows(make_batch, database_url):
    batch = make_batch("pool_metrics", {})
    with batch.connect() as connection:
        connection.execute("create table committed_rows (n integer)")
        connection.execute("insert into committed_rows values (1), (2)")
        batch.commit(connection, 2, {"mode": "full"})
    assert unit_of(database_url, batch) == ("today", 1, 2, {"mode": "full"})
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from committed_rows").fetchone() == (2,)


def test_an_overtaken_attempt_cannot_commit_its_rows(make_batch, database_url):
    batch = make_batch("pool_metrics", {})
    with psycopg.connect(database_url, autocommit=True) as ledger:
        ledger.execute("update units set attempt = 2 where run_id = %s", (batch.fence["runId"],))
    with batch.connect() as connection:
        connection.execute("create table fenced_rows (n integer)")
        with pytest.raises(Fenced, match="Attempt 1 of metrics was overtaken"):
            batch.commit(connection, 2, {})
    assert unit_of(database_url, batch) == (None, None, None, {})
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select to_regclass('fenced_rows')").fetchone() == (None,)


def test_progress_is_throttled_but_the_end_always_arrives(make_batch, database_url):
    batch = make_batch("pool_metrics", {})
    for done in range(100):
        batch.progress(done, 100, "pools")
    with psycopg.connect(database_url, autocommit=True) as connection:

        def written():
            query = "select progress from batches where batch_id = %s"
            return connection.execute(query, (batch.batch_id,)).fetchone()[0]

        assert written()["done"] < 50
        batch.progress(100, 100, "pools")
        assert {**written(), "at": ""} == {"done": 100, "total": 100, "note": "pools", "at": ""}


def test_progress_never_fails_the_job(capsys):
    batch = Batch({"batchId": "sf-x-1", "databaseUrl": "postgresql://127.0.0.1:1/none"})
    batch.progress(1, 1)
    assert "progress 1/1 was not written" in capsys.readouterr().err


def test_work_is_cut_as_planned_and_spark_is_not_asked():
    batch = Batch({"batchId": "sf-x-1", "input": {"partitions": 48}})
    batch.spark = lambda: pytest.fail("counts only the executors that are there in this moment")
    assert batch.partitions(a_core=2) == 48


def test_without_a_plan_work_is_cut_by_the_cores_that_spark_has(spark):
    batch = Batch({"batchId": "sf-x-1", "input": {}})
    batch.spark = lambda: spark
    assert batch.partitions(a_core=3) == 3 * spark.sparkContext.defaultParallelism


def test_the_sessions_of_an_attempt_carry_its_name(make_batch):
    batch = make_batch("pool_metrics", {})
    with batch.connect() as connection:
        assert connection.execute("show application_name").fetchone() == (f"{batch.batch_id}-a1",)
    assert batch.jdbc()["ApplicationName"] == f"{batch.batch_id}-a1"


def test_jdbc_options_hold_the_password_outside_the_address():
    url = "postgresql://me:p%40ss@127.0.0.1:5433/db?sslmode=disable"
    options = Batch({"batchId": "sf-x-1", "databaseUrl": url}).jdbc()
    assert options["url"] == "jdbc:postgresql://127.0.0.1:5433/db"
    assert (options["user"], options["password"], options["sslmode"]) == ("me", "p@ss", "disable")


def test_a_process_that_registers_is_known_by_its_start_time(make_batch, tmp_path):
    import os

    make_batch("pool_metrics", {}).task().register()
    written = (tmp_path / "pids" / str(os.getpid())).read_text()
    with open("/proc/self/stat") as stat:
        assert written == stat.read().rpartition(")")[2].split()[19]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@db.example/fc", "jdbc:postgresql://db.example:5432/fc"),
        ("postgresql://u@[::1]:5433/fc", "jdbc:postgresql://[::1]:5433/fc"),
        ("postgresql://u@a:1,b:2/fc", "jdbc:postgresql://a:1,b:2/fc"),
        ("host=10.0.0.1 dbname=fc user=u", "jdbc:postgresql://10.0.0.1:5432/fc"),
    ],
)
def test_spark_reads_from_the_same_hosts(url: str, expected: str) -> None:
    assert Batch({"batchId": "sf-x-1", "databaseUrl": url}).jdbc()["url"] == expected


def test_client_certificates_go_along_and_what_spark_cannot_read_is_said() -> None:
    def jdbc(query: str) -> dict[str, str]:
        url = f"postgresql://u@db/fc?{query}"
        return Batch({"batchId": "sf-x-1", "databaseUrl": url}).jdbc()

    options = jdbc("sslmode=verify-full&sslcert=client.crt&sslkey=client.pk8")
    assert (options["sslcert"], options["sslkey"]) == ("client.crt", "client.pk8")
    with pytest.raises(InvalidInput, match="openssl pkcs8"):
        jdbc("sslmode=verify-full&sslcert=client.crt&sslkey=client.key")
    with pytest.raises(InvalidInput, match="Unix socket /var/run/postgresql"):
        Batch({"batchId": "sf-x-1", "databaseUrl": "host=/var/run/postgresql dbname=fc"}).jdbc()
