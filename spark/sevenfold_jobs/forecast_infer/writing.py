"""One task: the forecasts of a few dates of one window, handed to the sink."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.forecast.series import Prices
from sevenfold_jobs.forecast_infer.forecasts import Maker
from sevenfold_jobs.forecast_infer.request import Request, Work
from sevenfold_jobs.sinks.sink import Fence, Sink


def writing(
    task: Task, fence: Fence, sink: Sink, request: Request, prices: Prices, works: Sequence[Work]
) -> Callable[[psycopg.Connection, Work], dict[str, Any]]:
    """A function that makes and writes each of the works. It answers `{dates, seconds}`, `cpu` among the
    seconds: those of this process; and with them what the sink wants to commit them by.

    Raises whatever is wrong, and then nothing of the work is visible: CheckFailed, Leakage, JobError for a
    model that is missing or damaged, Fenced, errors of psycopg.
    """
    maker = Maker(request, prices, works)

    def write(connection: psycopg.Connection, work: Work) -> dict[str, Any]:
        cpu, watch = time.process_time(), Clock()
        with watch.time("forecast"):
            forecasts = maker.make(connection, work)
        written = sink.write(connection, task, fence, forecasts, watch)
        seconds = {**watch.seconds, "cpu": time.process_time() - cpu}
        return {**written, "dates": [day.isoformat() for day in work.dates], "seconds": seconds}

    return write
