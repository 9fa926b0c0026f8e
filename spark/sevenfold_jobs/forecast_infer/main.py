"""Job `forecast_infer`: forecasts of the dates that it is given, from stored models, into the four tables."""

import time
from collections import Counter
from functools import partial
from typing import Any

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.watching import watched
from sevenfold_jobs.forecast_infer.request import read_request
from sevenfold_jobs.forecast_infer.sink import writing
from sevenfold_jobs.forecast_infer.spread import committed, open_request, spread


def run(batch: Batch) -> dict[str, Any]:
    """Each task replaces the rows of at most `taskDates` dates of one window, or nothing.

    Returns `{dates, rows, failed: [{dates, errorType, message}], seconds}`: dates and rows of paths that
    were committed; `seconds` by stage, those of the tasks added up (`cpu`: of their processes). Raises
    InvalidInput for a request that is wrong, Fenced and Infrastructure as every job.
    """
    began = time.perf_counter()
    request = read_request(batch.input)
    prices, leaf = open_request(batch, request)
    read = time.perf_counter() - began
    due = len(request.dates)
    note = f"{request.model_version}: {due} dates in {len(request.works)} tasks"
    begin = partial(writing, batch.task(), batch.fence, leaf, request, prices)
    with watched(batch, due, note, partial(committed, request, batch.fence)):
        answers = spread(batch, request, begin)
    failed = [answer for answer in answers if "errorType" in answer]
    dates = due - sum(len(answer["dates"]) for answer in failed)
    # What has failed is not on its way any more.
    batch.progress(dates, dates, note)
    stages = sum((Counter(answer["seconds"]) for answer in answers if "seconds" in answer), Counter())
    return {
        "dates": dates,
        "rows": dates * request.paths,
        "failed": failed,
        "seconds": {
            "read": round(read, 3),
            "tasks": round(time.perf_counter() - began - read, 3),
            **{stage: round(seconds, 3) for stage, seconds in stages.items()},
        },
    }
