"""The smallest batch there is: what a batch costs before it does anything, for the benchmark and `doctor`."""

from typing import Any

from sevenfold_jobs.common.batch import Batch


def run(batch: Batch) -> dict[str, Any]:
    """One Spark count of `input.rows` numbers (default 1,000)."""
    return {"count": batch.spark().range(int(batch.input.get("rows", 1_000))).count()}
