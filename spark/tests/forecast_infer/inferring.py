"""A batch of job forecast_infer and the rows that it leaves."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from forecast_batches import STARTS, Forecasting

from sevenfold_jobs.forecast_infer.main import run

TABLES = ("distributions", "point_forecasts", "forecast_quantiles", "forecast_metadata")


def infer(
    work: Forecasting, dates: Sequence[dt.date] = STARTS, attempt: int = 1, **given: Any
) -> dict[str, Any]:
    return run(work.batch("forecast_infer", dates, attempt, **given))


def counts(work: Forecasting) -> list[int]:
    """Rows of each of TABLES."""
    return [
        work.ask(f"select count(*) from {table} where commodity = %s", work.commodity)[0][0]
        for table in TABLES
    ]
