"""Partitions on their way into staging: each once, however often Spark does a stage again."""

import threading
from datetime import date

import psycopg
import pyarrow as pa
import pytest

from sevenfold_jobs.pool_metrics import sink
from sevenfold_jobs.pool_metrics.rules import DECIMALS


def rows(pool: str, count: int = 3) -> pa.RecordBatch:
    figures = {name: pa.array([1.0] * count) for name in DECIMALS}
    days = [date(2025, 6, day + 1) for day in range(count)]
    return pa.RecordBatch.from_pydict(
        {
            "pool_id": pa.array([pool] * count),
            "date": pa.array(days, pa.date32()),
            **figures,
            "stale_days": pa.array([0] * count, pa.int32()),
        }
    )


@pytest.fixture
def staged(make_batch, database_url):
    """A batch with its staging tables, and a count of what is in them by partition."""
    batch = make_batch("pool_metrics", {})
    with psycopg.connect(database_url) as connection:
        sink.create_staging(connection, sink.staging(batch.batch_id))
        sink.create_parts(connection, sink.staging(batch.batch_id, "-parts"))

    def count():
        with psycopg.connect(database_url) as connection:
            query = f'select part, count(*) from staging."{batch.batch_id}" group by 1 order by 1'
            return connection.execute(query).fetchall()

    yield batch, count
    with psycopg.connect(database_url) as connection:
        sink.drop_staging(connection, [batch.batch_id])
        left = connection.execute("select count(*) from pg_tables where schemaname = 'staging'").fetchone()
    assert left == (0,)


def stage(batch, part, batches):
    return sink.stage_part(batch.task(), f"staging.{batch.batch_id}", part, iter(batches))


def test_a_stage_that_is_done_again_stages_no_row_twice(staged):
    batch, count = staged
    assert stage(batch, 0, [rows("a"), rows("b")]) == 6
    assert stage(batch, 1, [rows("c")]) == 3
    # the attempts of the second try begin at 0 again
    assert stage(batch, 0, [rows("a"), rows("b")]) == 6
    assert count() == [(0, 6), (1, 3)]


def test_two_tries_at_once_stage_the_partition_once(staged):
    batch, count = staged
    half_sent, go_on = threading.Event(), threading.Event()

    def slowly():
        yield rows("a")
        half_sent.set()
        go_on.wait(20)
        yield rows("b")

    answers = []
    first = threading.Thread(target=lambda: answers.append(stage(batch, 0, slowly())))
    second = threading.Thread(target=lambda: answers.append(stage(batch, 0, [rows("a"), rows("b")])))
    first.start()
    assert half_sent.wait(20)
    second.start()
    go_on.set()
    first.join(20)
    second.join(20)
    assert answers == [6, 6]
    assert count() == [(0, 6)]


def test_a_try_that_broke_leaves_its_partition_to_the_next(staged):
    batch, count = staged

    def broken():
        yield rows("a")
        raise OSError("a shuffle file is lost")

    with pytest.raises(OSError, match="shuffle"):
        stage(batch, 0, broken())
    assert count() == []
    assert stage(batch, 0, [rows("a")]) == 3
    assert count() == [(0, 3)]
