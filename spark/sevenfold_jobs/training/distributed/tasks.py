"""Work in Spark's tasks."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sevenfold_jobs.common.failures import InvalidInput

if TYPE_CHECKING:  # what is imported here is imported by every task
    from sevenfold_jobs.common.batch import Batch

_PATIENCE_SECONDS = 60


class Tasks:
    """The tasks of a batch."""

    def __init__(self, batch: "Batch") -> None:
        self.spark = batch.spark()
        self._task = batch.task()

    def map(self, do: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """What `do` makes of each item, in their order; each is a task of its own."""

        def each(hand: Iterator[Any]) -> Iterator[Any]:
            return (do(item) for item in hand)

        if not items:
            return []
        # One element a partition: of elements that are not a multiple Spark gives the last one the rest.
        parts = self.spark.sparkContext.parallelize(list(items), len(items))
        return parts.mapPartitions(self._task.metered(each)).collect()

    def metered(self, do: Callable[[Iterator], Iterator]) -> Callable[[Iterator], Iterator]:
        """`do` for the rows of a partition, with its CPU time in the ledger."""
        return self._task.metered(do)

    def refuse_too_few_cores(self, needed: int) -> None:
        """InvalidInput where so many tasks cannot run at the same time: they would wait for each other.

        A cluster's executors come one by one, and are waited for.
        """
        context = self.spark.sparkContext
        until = time.monotonic() + (0 if context.master.startswith("local") else _PATIENCE_SECONDS)
        while (cores := context.defaultParallelism) < needed and time.monotonic() < until:
            time.sleep(0.5)
        if cores < needed:
            raise InvalidInput(
                f"Fits of {needed} tasks need {needed} cores of Spark at a time, and there are {cores}: "
                f"start more workers, or ask for fewer (--tasks {cores})."
            )


def ranges(rows: int, parts: int) -> list[tuple[int, int]]:
    """[first, end) of each part: as many rows each, in order."""
    return list(pairwise(rows * part // parts for part in range(parts + 1)))
