"""A job that does what a test of the engine tells it to: `{"do": …}`."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import InvalidInput


def run(batch: Batch) -> dict[str, Any]:
    """Calls the function named by `do`."""
    return {
        "answer": answer,
        "fail": fail,
        "refuse": refuse,
        "leave": leave,
        "wait": wait,
        "hold": hold,
        "fail_in_task": fail_in_task,
        "sum": sum_in_tasks,
        "wait_in_tasks": wait_in_tasks,
        "cache": cache,
        "fill_memory": fill_memory,
        "progress": progress,
        "start": start,
        "write": write,
        "digest": digest,
        "exchange": exchange,
    }[batch.input["do"]](batch)


def answer(batch: Batch) -> dict[str, Any]:
    """Says which process it is and appends a line to a file, so that a second start would show."""
    with open(Path(batch.directory or "", "starts"), "a") as starts:
        starts.write(f"{os.getpid()}\n")
    return {"pid": os.getpid(), "attempt": batch.attempt, "fence": batch.fence}


def fail(batch: Batch) -> dict[str, Any]:
    return {"quotient": 1 / batch.input.get("divisor", 0)}


def refuse(batch: Batch) -> dict[str, Any]:
    raise InvalidInput("pools.csv, line 7: tvl is negative.")


def leave(batch: Batch) -> dict[str, Any]:
    print("the last words", flush=True)
    os._exit(batch.input["code"])


def wait(batch: Batch) -> dict[str, Any]:
    """Holds on until somebody ends it; the failure point `probe-running` tells that it has begun."""
    batch.failpoint("probe-running")
    time.sleep(600)
    return {}


def hold(batch: Batch) -> dict[str, Any]:
    """Halts at the failure point `probe-running` and ends when it is let go."""
    batch.failpoint("probe-running")
    return {}


def fail_in_task(batch: Batch) -> dict[str, Any]:
    def divide(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"quotient": [1 / len(list(batches)[:0])]})

    return {"rows": batch.spark().range(1).mapInArrow(divide, "quotient double").count()}


def sum_in_tasks(batch: Batch) -> dict[str, Any]:
    """The same numbers through a Python task each."""

    def total(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        numbers = sum(sum(one.column("id").to_pylist()) for one in batches)
        yield pa.RecordBatch.from_pydict({"total": [numbers], "pid": [os.getpid()]})

    found = batch.spark().range(0, 1_000, 1, 2).mapInArrow(total, "total long, pid long").collect()
    return {"total": sum(row.total for row in found), "tasks": len({row.pid for row in found})}


def wait_in_tasks(batch: Batch) -> dict[str, Any]:
    """Two tasks that register, say so and wait."""
    task = batch.task()

    def hold(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        task.register()
        time.sleep(600)
        yield from batches

    return {"rows": batch.spark().range(0, 1_000, 1, 2).mapInArrow(hold, "id long").count()}


def cache(batch: Batch) -> dict[str, Any]:
    """Leaves a cached table behind and says how many RDDs were cached before."""
    spark = batch.spark()
    before = spark.sparkContext._jsc.getPersistentRDDs().size()
    spark.range(1_000).cache().count()
    return {"before": before, "after": spark.sparkContext._jsc.getPersistentRDDs().size()}


def fill_memory(batch: Batch) -> dict[str, Any]:
    """More than any heap holds, in the JVM."""
    context = batch.spark().sparkContext
    held = context._jvm.java.util.ArrayList()
    while True:
        held.add(context._gateway.new_array(context._jvm.long, 10_000_000))


def progress(batch: Batch) -> dict[str, Any]:
    batch.progress(3, 4, "pools")
    batch.failpoint("probe-running")
    batch.progress(4, 4, "pools")
    return {}


def start(batch: Batch) -> dict[str, Any]:
    """Notes its start in the table `probe_starts`, so that a second start would show wherever it happens."""
    with batch.connect() as connection:
        connection.execute("insert into probe_starts values (%s, %s)", (batch.batch_id, os.getpid()))
        connection.commit()
    if batch.input.get("hold"):
        batch.failpoint("probe-running")
    return {"pid": os.getpid()}


def write(batch: Batch) -> dict[str, Any]:
    """Replaces the unit's rows of `probe_rows` in one transaction behind the fence, as every sink does."""
    unit, count = batch.fence["unit"], 20_000
    with batch.connect() as connection:
        connection.execute("delete from probe_rows where unit = %s", (unit,))
        rows = pa.RecordBatch.from_pydict(
            {
                "unit": pa.array([unit] * count),
                "id": pa.array(range(count), pa.int32()),
                "value": pa.array([float(batch.input["value"])] * count),
                "attempt": pa.array([batch.attempt] * count, pa.int32()),
            }
        )
        batch.copy(connection, "probe_rows", rows.schema.names, rows_in_pieces(rows))
        batch.commit(connection, count, {})
    return {"rows": count}


def rows_in_pieces(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for first in range(0, rows.num_rows, 1_000):
        yield rows.slice(first, 1_000)


def digest(batch: Batch) -> dict[str, Any]:
    """What tasks draw and solve with NumPy, as its bytes."""
    context = batch.spark().sparkContext
    return {"digest": digest_of(context.parallelize(range(8), 4).mapPartitions(draw).collect())}


def digest_alone() -> str:
    """The same by this process alone, which is what every engine must come to on a processor like this one's:
    which kernels NumPy takes, and with them the last bits, is the processor's choice."""
    return digest_of(draw(iter(range(8))))


def draw(numbers: Iterator[int]) -> Iterator[tuple[int, str]]:
    import hashlib

    import numpy as np

    for number in numbers:
        drawn = np.random.Generator(np.random.Philox(key=number)).standard_normal((200, 50))
        solved = np.linalg.solve(drawn.T @ drawn + np.eye(50), drawn.sum(axis=0))
        yield number, hashlib.sha256(drawn.tobytes() + solved.tobytes()).hexdigest()


def digest_of(drawn: Iterable[tuple[int, str]]) -> str:
    import hashlib

    return hashlib.sha256(repr(sorted(drawn)).encode()).hexdigest()


def exchange(batch: Batch) -> dict[str, Any]:
    """Writes Parquet to a folder (a bucket's too) with Spark and reads it back with Spark."""
    folder = batch.input["folder"]
    spark = batch.spark()
    spark.range(0, 1_000, 1, 2).write.mode("overwrite").parquet(folder)
    return {"rows": spark.read.parquet(folder).count()}
