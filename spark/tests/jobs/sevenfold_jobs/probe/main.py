"""A job that does what a test of the engine tells it to: `{"do": …}`."""

import os
import time
from collections.abc import Iterator
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
    jvm = batch.spark()._jvm
    held = jvm.java.util.ArrayList()
    while True:
        held.add("x" * 50_000_000)


def progress(batch: Batch) -> dict[str, Any]:
    batch.progress(3, 4, "pools")
    batch.failpoint("probe-running")
    batch.progress(4, 4, "pools")
    return {}
