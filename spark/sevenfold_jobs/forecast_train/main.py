"""Job `forecast_train`: a fitted model for each training window that it is given."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.watching import watched
from sevenfold_jobs.forecast.series import read_series
from sevenfold_jobs.forecast_train.request import Work, read_request
from sevenfold_jobs.forecast_train.training import Result, train_window


def run(batch: Batch) -> dict[str, Any]:
    """Each window is one transaction: fitted on the rows known before its training date, stored, committed.

    Input `{commodity, calendar, trainFrequency, replace, objectFolder, minimumRows, settings, windows:
    [{model, modelVersion, trainVersion, trainingDate}]}`. A window that has a model keeps it, unless
    `replace`. Returns `{trained, kept, failed: [{model, modelVersion, trainingDate, errorType, message}],
    seconds}`; the failure of one window is not that of the others. Raises InvalidInput for a request that
    is wrong, Fenced, Infrastructure and OutOfMemory.
    """
    began = time.perf_counter()
    request = read_request(batch.input)
    with batch.connect() as connection:
        prices = read_series(connection, request.commodity, request.calendar)
    read = time.perf_counter() - began
    do = partial(train_window, batch.task(), batch.fence, request, prices)
    works = request.works
    note = f"{request.commodity}: {len(works)} windows of {', '.join(sorted({work.model for work in works}))}"
    with watched(batch, len(works), note, partial(_committed, batch.fence, works)):
        results = _spread(batch, works, do)
    failed = [result for result in results if "errorType" in result]
    trained = [result for result in results if result.get("trained")]
    batch.progress(len(works), len(works), note)
    return {
        "trained": len(trained),
        "kept": len(results) - len(trained) - len(failed),
        "failed": failed,
        "seconds": {
            "read": round(read, 3),
            "tasks": round(time.perf_counter() - began - read, 3),
            "fits": round(sum(result["seconds"] for result in trained), 3),
        },
    }


def _spread(batch: Batch, works: list[Work], do: "partial[Result]") -> list[Result]:
    """By one task a core: each imports XGBoost and statsmodels once, which takes as long as ten fits.

    The windows of a model are dealt out in turn. A single one is fitted here: no task is started for it.
    """
    if len(works) < 2:
        return [do(work) for work in works]
    context = batch.spark().sparkContext
    parts = min(batch.partitions(a_core=1), len(works))
    dealt = [works[part::parts] for part in range(parts)]

    def partition(hands: Iterator[list[Work]]) -> Iterator[Result]:
        return (do(work) for hand in hands for work in hand)

    return context.parallelize(dealt, parts).mapPartitions(batch.task().metered(partition)).collect()


def _committed(fence: dict[str, Any], works: list[Work], connection: psycopg.Connection) -> int:
    [count] = connection.execute(
        """
        select count(*)
          from units u
          join unnest(%(versions)s::text[], %(dates)s::date[]) as w (model_version, date)
            using (model_version, date)
         where u.run_id = %(runId)s and u.kind = 'window' and u.attempt = %(attempt)s
           and u.committed_attempt = %(attempt)s
        """,
        {
            **fence,
            "versions": [work.model_version for work in works],
            "dates": [work.training_date for work in works],
        },
    ).fetchone()
    return count
