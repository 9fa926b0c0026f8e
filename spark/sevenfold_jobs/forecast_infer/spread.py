"""A function over the works of a batch: by Spark's tasks, one of each work, with progress as they commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import Fenced, Infrastructure, OutOfMemory, describe
from sevenfold_jobs.forecast_infer.request import Request, Work

Result = dict[str, Any]

PROGRESS_EVERY_SECONDS = 0.5

# What is wrong with the batch and not with the dates: it fails, and is tried again or not by its type.
_OF_THE_BATCH = {failure.type: failure for failure in (Fenced, Infrastructure, OutOfMemory)}


def answer_for(work: Work, do: Callable[[], Result]) -> Result:
    """What `do` answers, or `{dates, errorType, message}`: the failure of one task is not that of the others.

    A lost connection, memory and a fence that is closed are raised.
    """
    try:
        return do()
    except Exception as error:
        error_type, message = describe(error)
        failure = _OF_THE_BATCH.get(error_type)
        if failure is not None:
            # By its own type: Spark passes nothing but the text on.
            raise failure(message) from error
        return {
            "dates": [day.isoformat() for day in work.dates],
            "errorType": error_type,
            "message": message,
        }


def spread(batch: Batch, request: Request, do: Callable[[Work], Result]) -> list[Result]:
    """`do` of each work, in the order of the works. A single one is done here: no task is started for it."""
    works = request.works
    if len(works) < 2:
        return [do(work) for work in works]

    def partition(items: Iterator[Work]) -> Iterator[Result]:
        return map(do, items)

    context = batch.spark().sparkContext
    return context.parallelize(works, len(works)).mapPartitions(partition).collect()


@contextmanager
def watched(batch: Batch, request: Request, count: str, note: str) -> Iterator[None]:
    """Meanwhile tells how many of the dates are done. `count` is a condition on `units`."""
    dates = request.dates
    over = threading.Event()

    def watch() -> None:
        connection = None
        try:
            connection = batch.connect()
            connection.autocommit = True
            while not over.wait(PROGRESS_EVERY_SECONDS):
                [done] = connection.execute(
                    f"""
                    select count(*) from units
                     where run_id = %(runId)s and kind = 'date' and model_version = %(version)s
                       and date = any(%(dates)s) and attempt = %(attempt)s and {count}
                    """,
                    {**batch.fence, "version": request.model_version, "dates": dates},
                ).fetchone()
                batch.progress(done, len(dates), note)
        except psycopg.Error as error:
            print(f"progress is not known any more: {error}")
        finally:
            if connection is not None:
                connection.close()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
