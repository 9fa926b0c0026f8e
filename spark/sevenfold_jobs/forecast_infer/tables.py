"""Rows of the three small tables: points, quantiles and metadata of a task's dates."""

import os
import platform
from collections.abc import Sequence
from datetime import date
from functools import cache

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from sevenfold_jobs.forecast import scores
from sevenfold_jobs.forecast_infer.forecasts import Forecasts
from sevenfold_jobs.forecast_infer.request import Request
from sevenfold_jobs.forecast_infer.summaries import PathSummaries

_LOWER, _UPPER = scores.LEVELS.index(0.025), scores.LEVELS.index(0.975)


def delete_rows(connection: psycopg.Connection, request: Request, dates: Sequence[date]) -> None:
    """Deletes what the three tables have of the dates; free where nothing is."""
    for table in ("point_forecasts", "forecast_quantiles", "forecast_metadata"):
        connection.execute(
            sql.SQL(
                "delete from {} where commodity = %s and model_version = %s and forecast_start_date = any(%s)"
            ).format(sql.Identifier(table)),
            [request.commodity, request.model_version, list(dates)],
        )


def forget_fingerprints(
    connection: psycopg.Connection, sink: str, request: Request, dates: Sequence[date]
) -> None:
    """What the sink's paths of the dates were made of is not known any more, or stands in the metadata."""
    connection.execute(
        """
        delete from path_fingerprints
         where sink = %s and commodity = %s and model_version = %s and forecast_start_date = any(%s)
        """,
        [sink, request.commodity, request.model_version, list(dates)],
    )


def small_rows(forecasts: Forecasts, summaries: PathSummaries, seconds: float) -> dict[str, pa.RecordBatch]:
    """The rows of the three tables by name; `seconds` went into drawing the paths."""
    return {
        "point_forecasts": point_rows(forecasts, summaries),
        "forecast_quantiles": quantile_rows(forecasts, summaries),
        "forecast_metadata": metadata_rows(forecasts, summaries, seconds),
    }


def point_rows(forecasts: Forecasts, summaries: PathSummaries) -> pa.RecordBatch:
    """One row a date and day ahead; the spread is that of the paths by their rule: sqrt(k) of the pool's."""
    count, horizon = forecasts.points.shape
    days = np.arange(1, horizon + 1)
    return pa.RecordBatch.from_pydict(
        {
            **_key(forecasts, horizon),
            "data_cutoff_date": pa.array(np.repeat(forecasts.cutoffs, horizon)),
            "forecast_date": pa.array(forecasts.targets.ravel()),
            "day_ahead": pa.array(np.tile(days, count).astype(np.int32)),
            "forecast_mean": pa.array(forecasts.points.ravel()),
            "forecast_std": pa.array((forecasts.spreads[:, None] * np.sqrt(days)).ravel()),
            "lower_95": pa.array(summaries.quantiles[..., _LOWER].ravel().astype(np.float64)),
            "upper_95": pa.array(summaries.quantiles[..., _UPPER].ravel().astype(np.float64)),
            "actual_close": _known(forecasts.actuals.ravel()),
        }
    )


def quantile_rows(forecasts: Forecasts, summaries: PathSummaries) -> pa.RecordBatch:
    """One row a date and day ahead."""
    count, horizon = forecasts.points.shape
    return pa.RecordBatch.from_pydict(
        {
            **_key(forecasts, horizon),
            "day_ahead": pa.array(np.tile(np.arange(1, horizon + 1), count).astype(np.int32)),
            **{
                column: pa.array(summaries.quantiles[..., place].ravel())
                for place, column in enumerate(scores.LEVEL_COLUMNS)
            },
            "crps": _known(summaries.crps.ravel()),
        }
    )


def metadata_rows(forecasts: Forecasts, summaries: PathSummaries, seconds: float) -> pa.RecordBatch:
    """One row a date. `seconds` went into drawing all of them; a date bears its share."""
    request, model = forecasts.request, forecasts.model
    count = len(forecasts)
    cores, memory = _machine()
    scored = scores.score_forecasts(summaries.quantiles, summaries.crps, forecasts.actuals)
    inference = (forecasts.seconds + seconds) / count
    return pa.RecordBatch.from_pydict(
        {
            "forecast_id": pa.array(
                f"{request.model_version}_{request.commodity}_{start}" for start in forecasts.starts
            ),
            **_key(forecasts, 1),
            "data_cutoff_date": pa.array(forecasts.cutoffs),
            "training_date": _same(model.window.training_date, count, pa.date32()),
            "training_cutoff_date": _same(model.training_cutoff_date, count, pa.date32()),
            "fingerprint": pa.array(forecasts.fingerprints),
            "model_sha256": _same(model.sha256, count, pa.string()),
            "paths": _same(request.paths, count, pa.int32()),
            "horizon": _same(request.horizon, count, pa.int32()),
            "seed": _same(request.seed, count, pa.int64()),
            "unusual_origin": pa.array(forecasts.unusual),
            **{column: _known(values) for column, values in scored.items()},
            "training_time_seconds": _same(model.fit_seconds, count, pa.float64()),
            "inference_time_seconds": _same(inference, count, pa.float64()),
            "total_time_seconds": _same(model.fit_seconds + inference, count, pa.float64()),
            "hardware_type": _same(platform.machine(), count, pa.string()),
            "num_cores": _same(cores, count, pa.int32()),
            "memory_gb": _same(memory, count, pa.int32()),
            "training_days": _same(model.training_samples, count, pa.int32()),
            "actuals_available": pa.array(np.isfinite(forecasts.actuals).sum(axis=1).astype(np.int32)),
        }
    )


def _key(forecasts: Forecasts, horizon: int) -> dict[str, pa.Array]:
    rows = len(forecasts) * horizon
    return {
        "commodity": _same(forecasts.request.commodity, rows, pa.string()),
        "model_version": _same(forecasts.request.model_version, rows, pa.string()),
        "forecast_start_date": pa.array(np.repeat(forecasts.starts, horizon)),
    }


def _same(value: object, count: int, kind: pa.DataType) -> pa.Array:
    return pa.array([value] * count, kind)


def _known(values: np.ndarray) -> pa.Array:
    """NaN is not known, which is null in the tables."""
    return pa.array(values.astype(np.float64), from_pandas=True)


@cache
def _machine() -> tuple[int, int]:
    """Cores and memory in GB of where the task runs."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return os.cpu_count() or 1, round(memory / 2**30)
