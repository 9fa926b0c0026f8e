"""The smallest batch there is: what a batch costs before it does anything, for the benchmark and `doctor`."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from sevenfold_jobs.common.batch import Batch


def run(batch: Batch) -> dict[str, Any]:
    """Counts `input.rows` numbers (default 1,000) in Spark; with `input.pythonTasks`, in two Python tasks."""
    numbers = batch.spark().range(0, int(batch.input.get("rows", 1_000)), 1, 2)
    if batch.input.get("pythonTasks"):
        numbers = numbers.mapInArrow(unchanged, "id long")
    return {"count": numbers.count()}


def unchanged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The identity of mapInArrow."""
    yield from batches
