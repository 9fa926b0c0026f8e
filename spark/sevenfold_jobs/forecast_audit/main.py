"""Job `forecast_audit`: forecasts that are stored, made again and compared bit by bit."""

import time
from functools import partial
from typing import Any

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.watching import watched
from sevenfold_jobs.forecast_audit.verdicts import auditing, compared
from sevenfold_jobs.forecast_infer.request import read_request
from sevenfold_jobs.forecast_infer.spread import open_request, spread


def run(batch: Batch) -> dict[str, Any]:
    """Writes nothing but the verdicts: `units.detail` gets `{equal, differs}` of each date, behind the fence.

    The input is that of `forecast_infer`. Returns `{checked, different, failed: [{dates, errorType,
    message}], seconds}`; dates that cannot be made again (a model is missing or damaged) have failed.
    """
    began = time.perf_counter()
    request = read_request(batch.input)
    prices, sink = open_request(batch, request)
    due = len(request.dates)
    note = f"{request.model_version}: comparing {due} dates"
    begin = partial(auditing, batch.fence, sink, request, prices)
    with watched(batch, due, note, partial(compared, request, batch.fence)):
        answers = spread(batch, request, begin)
    failed = [answer for answer in answers if "errorType" in answer]
    checked = due - sum(len(answer["dates"]) for answer in failed)
    batch.progress(checked, checked, note)
    return {
        "checked": checked,
        "different": sum(answer.get("different", 0) for answer in answers),
        "failed": failed,
        "seconds": {"all": round(time.perf_counter() - began, 3)},
    }
