"""Job `forecast_infer`: forecasts of the dates that it is given, from stored models, into their sink."""

import time
from collections import Counter
from functools import partial
from typing import Any

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.watching import watched
from sevenfold_jobs.forecast_infer.request import read_request
from sevenfold_jobs.forecast_infer.spread import open_request, spread
from sevenfold_jobs.forecast_infer.writing import writing


def run(batch: Batch) -> dict[str, Any]:
    """Each task makes at most `taskDates` dates of one window and replaces their rows, or none of them; a
    sink that commits batches replaces those of all tasks that did not fail at once.

    Returns `{dates, rows, failed: [{dates, errorType, message}], sink, seconds}`: dates and rows of paths
    that were committed; `seconds` by stage, those of the tasks added up (`cpu`: of their processes). Raises
    InvalidInput for a request that is wrong, Fenced and Infrastructure as every job.
    """
    began = time.perf_counter()
    request = read_request(batch.input)
    prices, sink = open_request(batch, request)
    read = time.perf_counter() - began
    due = len(request.dates)
    note = f"{request.model_version}: {due} dates in {len(request.works)} tasks"
    begin = partial(writing, batch.task(), batch.fence, sink, request, prices)
    with watched(batch, due, note, lambda connection: sink.made(connection, request, batch.fence)):
        answers = spread(batch, request, begin)
        committing = sink.commit(batch, request, answers)
    failed = [answer for answer in answers if "errorType" in answer]
    dates = due - sum(len(answer["dates"]) for answer in failed)
    # What has failed is not on its way any more.
    batch.progress(dates, dates, note)
    stages = sum((Counter(answer["seconds"]) for answer in answers if "seconds" in answer), Counter())
    return {
        "dates": dates,
        "rows": dates * request.paths,
        "failed": failed,
        "sink": sink.name,
        "seconds": {
            "read": round(read, 3),
            "tasks": round(time.perf_counter() - began - read, 3),
            **{stage: round(seconds, 3) for stage, seconds in [*stages.items(), *committing.items()]},
        },
    }
