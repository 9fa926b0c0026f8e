"""A function over the works of a batch, in Spark's tasks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import psycopg

from sevenfold_jobs.common.failures import describe_piece
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.forecast.series import Prices, read_series
from sevenfold_jobs.forecast_infer.request import Request, Work
from sevenfold_jobs.sinks import sink_at
from sevenfold_jobs.sinks.sink import Sink

if TYPE_CHECKING:  # what is imported here is imported by every task
    from sevenfold_jobs.common.batch import Batch

Result = dict[str, Any]
Do = Callable[[psycopg.Connection, Work], Result]
# Given the works of a partition, once, in its process.
Begin = Callable[[Sequence[Work]], Do]

# A process of its own costs each partition 0.05 s, most of it imports of ours; the last one to end keeps the
# other cores waiting.
PARTITIONS_A_CORE = 2

# The planner knows nothing of a leaf that was filled a moment ago: to scan all of it is always wrong, and
# starting helpers for a scan of a task's rows takes as long as the scan.
PLANS = "set enable_seqscan = off; set max_parallel_workers_per_gather = 0"


def open_request(batch: "Batch", request: Request) -> tuple[Prices, Sink]:
    """The prices as they are now, and the sink, opened for the model version."""
    with batch.connect() as connection:
        prices = read_series(connection, request.commodity, request.calendar)
        sink = sink_at(request.sink).opened(connection, request.commodity, request.model_version)
    # Worked out once here, and sent along with the rest.
    _ = prices.newest, prices.is_plain
    return prices, sink


def spread(batch: "Batch", request: Request, begin: Begin) -> list[Result]:
    """What `begin` makes, done to each work, in order; what failed answers `{dates, errorType, message}`.

    A single work is done here: no task is started for it. A lost connection, too little memory and a closed
    fence are raised.
    """
    works = request.works
    task = batch.task()
    answers = partial(_answers, task, begin)
    if len(works) < 2:
        return list(answers(works))
    context = batch.spark().sparkContext
    parts = min(len(works), batch.partitions(PARTITIONS_A_CORE))
    bounds = [len(works) * part // parts for part in range(parts + 1)]
    # One element a partition: of elements that are not a multiple Spark gives the last partition the rest.
    dealt = [works[low:high] for low, high in pairwise(bounds)]

    def each(hands: Iterator[list[Work]]) -> Iterator[Result]:
        return (answer for hand in hands for answer in answers(hand))

    return context.parallelize(dealt, parts).mapPartitions(task.metered(each)).collect()


def _answers(task: Task, begin: Begin, works: Sequence[Work]) -> Iterator[Result]:
    """The works of a partition, one after the other over one connection."""
    do = begin(works)
    with closing(task.connect()) as connection:
        connection.execute(PLANS)
        connection.commit()
        for work in works:
            try:
                answer = do(connection, work)
            except Exception as error:
                error_type, message = describe_piece(error)
                connection.rollback()
                answer = {
                    "dates": [day.isoformat() for day in work.dates],
                    "errorType": error_type,
                    "message": message,
                }
            yield answer
