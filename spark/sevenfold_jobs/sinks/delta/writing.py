"""One file of paths: the dates of a task in the order of date and path, checked as it was stored."""

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.forecast_infer.checks import DateFound, check_paths
from sevenfold_jobs.forecast_infer.forecasts import Forecasts
from sevenfold_jobs.forecast_infer.summaries import PathSummaries
from sevenfold_jobs.sinks.delta.place import file_system, partition_folder
from sevenfold_jobs.sinks.delta.reading import count_dates
from sevenfold_jobs.sinks.delta.table import DAYS, FILE_SCHEMA

# A date is found without reading the others of its file: 3 ms instead of 17.
_DATES_IN_A_GROUP = 10
_ROWS_IN_A_GROUP = 200_000
_KEYS = [name for name in FILE_SCHEMA.names if name not in DAYS]


def parquet_writer(path: Path) -> pq.ParquetWriter:
    """Dictionaries only where values repeat: on paths they double the time. Spark 3.5 reads all of it."""
    return pq.ParquetWriter(
        path,
        FILE_SCHEMA,
        compression="zstd",
        compression_level=1,
        use_dictionary=_KEYS,
        write_statistics=_KEYS,
    )


def write_file(
    folder: str, name: str, forecasts: Forecasts, watch: Clock, failpoint: Callable[[str], None]
) -> tuple[dict[str, Any], PathSummaries]:
    """Draws and writes the paths of the dates and reads them back; answers what a commit has to know of the
    file, and the summaries. CheckFailed for rows that are wrong; then the file is gone."""
    request = forecasts.request
    relative = (
        f"{partition_folder(request.commodity, request.model_version)}/{name}-{uuid.uuid4().hex[:12]}.parquet"
    )
    path = Path(folder, relative)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with watch.time("paths"):
            summaries = _write(path, forecasts, watch, failpoint)
        with watch.time("checks"):
            _check(folder, relative, forecasts)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    days = forecasts.starts.astype("datetime64[D]").astype(int)
    return added_file(folder, relative, len(forecasts) * request.paths, days, request.horizon), summaries


def added_file(folder: str, relative: str, rows: int, days: np.ndarray, horizon: int) -> dict[str, Any]:
    """What the log says of a new file. Statistics are always valid: an empty text bricks the table."""
    first, last = (str(np.datetime64(int(day), "D")) for day in (days.min(), days.max()))
    nulls = dict.fromkeys(FILE_SCHEMA.names, 0)
    nulls |= dict.fromkeys(DAYS[horizon:], rows)
    statistics = {
        "numRecords": rows,
        "minValues": {"forecast_start_date": first},
        "maxValues": {"forecast_start_date": last},
        "nullCount": nulls,
    }
    return {"path": relative, "size": Path(folder, relative).stat().st_size, "stats": json.dumps(statistics)}


def _write(path: Path, forecasts: Forecasts, watch: Clock, failpoint: Callable[[str], None]) -> PathSummaries:
    summaries = PathSummaries.empty(forecasts)
    paths, now = forecasts.request.paths, time.time_ns() // 1_000
    dates = max(1, min(_DATES_IN_A_GROUP, _ROWS_IN_A_GROUP // paths))
    with parquet_writer(path) as writer:
        for low in range(0, len(forecasts), dates):
            high = min(low + dates, len(forecasts))
            values = np.empty((forecasts.request.horizon, (high - low) * paths), np.float32)
            for index in range(low, high):
                with watch.time("draw"):
                    drawn = forecasts.paths(index)
                values[:, (index - low) * paths : (index - low + 1) * paths] = drawn.T
                with watch.time("scores"):
                    summaries.add(index, drawn, forecasts.actuals[index])
            writer.write_table(_rows(forecasts, low, high, values, now), row_group_size=values.shape[1])
            if low == 0:
                failpoint("mid-file")
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return summaries


def _rows(forecasts: Forecasts, low: int, high: int, values: np.ndarray, now: int) -> pa.Table:
    paths, rows = forecasts.request.paths, values.shape[1]
    nothing = pa.nulls(rows, pa.float32())
    false = pa.array(np.zeros(rows, bool))
    columns = {
        "path_id": pa.array(np.tile(np.arange(1, paths + 1, dtype=np.int32), high - low)),
        "forecast_start_date": pa.array(np.repeat(forecasts.starts[low:high], paths)),
        "data_cutoff_date": pa.array(np.repeat(forecasts.cutoffs[low:high], paths)),
        "generation_timestamp": pa.array(np.full(rows, now)).cast(
            FILE_SCHEMA.field("generation_timestamp").type
        ),
        **{name: pa.array(values[day]) if day < len(values) else nothing for day, name in enumerate(DAYS)},
        "is_actuals": false,
        "has_data_leakage": false,
    }
    return pa.Table.from_pydict(columns, schema=FILE_SCHEMA)


def _check(folder: str, relative: str, forecasts: Forecasts) -> None:
    request = forecasts.request
    days = forecasts.starts.astype("datetime64[D]").astype(int)
    counts = count_dates(
        file_system(folder), [relative], int(days.min()), int(days.max()), request.paths, request.horizon
    )
    found = {
        int(day): DateFound(
            count=int(counts.found[place]),
            first=int(counts.first[place]),
            last=int(counts.last[place]),
            cutoffs=(_date(counts.cutoffs[place]), _date(counts.cutoffs[place])),
            complete=int(counts.sound[place]),
            beyond=int(counts.found[place]),
            sums=counts.sums[place],
        )
        for place, day in enumerate(counts.days)
    }
    check_paths(forecasts, {np.datetime64(day, "D").item(): each for day, each in found.items()})


def _date(day: Any) -> Any:
    return np.datetime64(int(day), "D").item()
