"""One file of paths: the dates of a task in the order of date and path, checked as it was stored."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.forecast_infer.checks import DateFound, check_paths
from sevenfold_jobs.forecast_infer.forecasts import Forecasts
from sevenfold_jobs.forecast_infer.summaries import PathSummaries
from sevenfold_jobs.sinks.delta.place import file_system, new_file, partition_folder, remove_files, size_of
from sevenfold_jobs.sinks.delta.reading import count_dates
from sevenfold_jobs.sinks.delta.table import DAYS, FILE_SCHEMA
from sevenfold_jobs.sinks.sink import StoredPaths

# Ten dates of 2,000 paths: one of them is found in 3 ms, and in 17 in a file of one group. Of dates with few
# paths a
# group has more, because opening one takes a millisecond whatever is in it.
_ROWS_IN_A_GROUP = 20_000
_KEYS = [name for name in FILE_SCHEMA.names if name not in DAYS]


def parquet_writer(where: Any) -> pq.ParquetWriter:
    """Dictionaries only where values repeat: on paths they double the time. Pages with a checksum, so that
    damaged values are found like missing ones. Spark 3.5 reads all of it."""
    return pq.ParquetWriter(
        where,
        FILE_SCHEMA,
        compression="zstd",
        compression_level=1,
        use_dictionary=_KEYS,
        write_statistics=_KEYS,
        write_page_checksum=True,
    )


@contextmanager
def paths_file(folder: str, relative: str) -> Iterator[pq.ParquetWriter]:
    """A new file of the table; at the end it is on the disk, and gone where that fails."""
    with new_file(folder, relative) as stream, parquet_writer(stream) as writer:
        yield writer


def write_file(
    folder: str, name: str, forecasts: Forecasts, watch: Clock, failpoint: Callable[[str], None]
) -> tuple[dict[str, Any], PathSummaries]:
    """Draws and writes the paths of the dates and reads them back; answers what a commit has to know of the
    file, and the summaries. CheckFailed for rows that are wrong; then the file is gone."""
    request = forecasts.request
    relative = (
        f"{partition_folder(request.commodity, request.model_version)}/{name}-{uuid.uuid4().hex[:12]}.parquet"
    )
    with watch.time("paths"):
        summaries = _write(folder, relative, forecasts, watch, failpoint)
    try:
        with watch.time("checks"):
            _check(folder, relative, forecasts)
    except BaseException:
        remove_files(folder, [relative])
        raise
    days = forecasts.starts.astype("datetime64[D]").astype(int)
    rows = len(forecasts) * request.paths
    nulls = dict.fromkeys(DAYS[request.horizon :], rows)
    return added_file(folder, relative, rows, days, nulls), summaries


def added_file(
    folder: str, relative: str, rows: int, days: np.ndarray, nulls: Mapping[str, int]
) -> dict[str, Any]:
    """What the log says of a new file; `nulls` counts them by column, none where it names none.
    Statistics are always valid: an empty text bricks the table."""
    first, last = (str(np.datetime64(int(day), "D")) for day in (days.min(), days.max()))
    nulls = dict.fromkeys(FILE_SCHEMA.names, 0) | dict(nulls)
    statistics = {
        "numRecords": rows,
        "minValues": {"forecast_start_date": first},
        "maxValues": {"forecast_start_date": last},
        "nullCount": nulls,
    }
    return {"path": relative, "size": size_of(folder, relative), "stats": json.dumps(statistics)}


def _write(
    folder: str, relative: str, forecasts: Forecasts, watch: Clock, failpoint: Callable[[str], None]
) -> PathSummaries:
    summaries = PathSummaries.empty(forecasts)
    paths, now = forecasts.request.paths, time.time_ns() // 1_000
    dates = max(1, _ROWS_IN_A_GROUP // paths)
    with paths_file(folder, relative) as writer:
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
    return summaries


def write_rows(folder: str, relative: str, rows: StoredPaths) -> dict[str, Any]:
    """Writes paths that another sink holds, all days of a row; answers as `added_file`. A day that is no
    number is null."""
    now = pa.scalar(time.time_ns() // 1_000).cast(FILE_SCHEMA.field("generation_timestamp").type)
    days = rows.dates.astype("datetime64[D]").astype(int)
    nulls: Counter[str] = Counter()
    with paths_file(folder, relative) as writer:
        for part in _groups(days):
            count = part.stop - part.start
            false = pa.array(np.zeros(count, bool))
            values = {name: _days_of(rows, part, day) for day, name in enumerate(DAYS)}
            nulls.update({name: column.null_count for name, column in values.items()})
            columns = {
                "path_id": pa.array(rows.ids[part]),
                "forecast_start_date": pa.array(rows.dates[part].astype("datetime64[D]")),
                "data_cutoff_date": pa.array(rows.cutoffs[part].astype("datetime64[D]")),
                "generation_timestamp": pa.repeat(now, count),
                **values,
                "is_actuals": false,
                "has_data_leakage": false,
            }
            writer.write_table(pa.Table.from_pydict(columns, schema=FILE_SCHEMA), row_group_size=count)
    return added_file(folder, relative, len(days), days, nulls)


def _days_of(rows: StoredPaths, part: slice, day: int) -> pa.Array:
    # PostgreSQL's are big-endian, which Arrow does not take.
    return pa.array(np.ascontiguousarray(rows.days[part, day], np.float32), from_pandas=True)


def _groups(days: np.ndarray) -> Iterator[slice]:
    """Rows (in the order of their days) of whole dates, as many as belong into a group and one date at
    least."""
    starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    bounds = [*starts.tolist(), len(days)]
    low = 0
    while low < len(starts):
        high = low + 1
        while high < len(starts) and bounds[high + 1] - bounds[low] <= _ROWS_IN_A_GROUP:
            high += 1
        yield slice(bounds[low], bounds[high])
        low = high


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
