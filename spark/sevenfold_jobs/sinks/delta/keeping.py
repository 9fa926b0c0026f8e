"""What stays of files of which some dates are replaced: copied into a file of its own, bit by bit."""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.sinks.delta.place import file_system, partition_folder
from sevenfold_jobs.sinks.delta.reading import integers
from sevenfold_jobs.sinks.delta.table import DAYS, FILE_SCHEMA, DataFile
from sevenfold_jobs.sinks.delta.writing import added_file, paths_file


def keep_the_rest(
    folder: str, commodity: str, version: str, stem: str, files: Sequence[DataFile], days: np.ndarray
) -> tuple[list[DataFile], list[dict[str, Any]]]:
    """Of files that may hold one of the `days` (since 1970, ascending): those that do, to be removed, and new
    files with their rows of other dates."""
    removed, kept = [], []
    for file in files:
        with (
            file_system(folder).open_input_file(file.path) as stream,
            pq.ParquetFile(stream) as source,
        ):
            dates = integers(source.read(["forecast_start_date"], use_threads=False)["forecast_start_date"])
            stays = ~np.isin(dates, days)
            if stays.all() and len(stays):
                continue
            removed.append(file)
            if stays.any():
                name = f"{stem}-{uuid.uuid4().hex[:12]}.parquet"
                kept.append(
                    _copy(source, folder, f"{partition_folder(commodity, version)}/{name}", dates, stays)
                )
    return removed, kept


def _copy(
    source: pq.ParquetFile, folder: str, relative: str, dates: np.ndarray, stays: np.ndarray
) -> dict[str, Any]:
    first = 0
    nulls: Counter[str] = Counter()
    with paths_file(folder, relative) as writer:
        for number in range(source.num_row_groups):
            rows = source.read_row_group(number, FILE_SCHEMA.names, use_threads=False)
            part = stays[first : first + rows.num_rows]
            first += rows.num_rows
            if part.any():
                left = rows.filter(pa.array(part)).cast(FILE_SCHEMA)
                nulls.update({name: left[name].null_count for name in DAYS})
                writer.write_table(left, row_group_size=left.num_rows)
    return added_file(folder, relative, int(stays.sum()), dates[stays], nulls)
