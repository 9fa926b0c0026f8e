"""What stays of files of which some dates are replaced: copied into a file of its own, bit by bit."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.sinks.delta.place import partition_folder
from sevenfold_jobs.sinks.delta.reading import integers
from sevenfold_jobs.sinks.delta.table import FILE_SCHEMA, DataFile
from sevenfold_jobs.sinks.delta.writing import added_file, parquet_writer

if TYPE_CHECKING:
    from sevenfold_jobs.forecast_infer.request import Request


def keep_the_rest(
    folder: str, request: "Request", stem: str, files: Sequence[DataFile], days: np.ndarray
) -> tuple[list[DataFile], list[dict[str, Any]]]:
    """Of files that may hold one of the `days` (since 1970, ascending): those that do, to be removed, and new
    files with their rows of other dates."""
    removed, kept = [], []
    for file in files:
        source = pq.ParquetFile(Path(folder, file.path))
        with source:
            dates = integers(source.read(["forecast_start_date"], use_threads=False)["forecast_start_date"])
            stays = ~np.isin(dates, days)
            if stays.all() and len(stays):
                continue
            removed.append(file)
            if stays.any():
                kept.append(_copy(source, folder, request, stem, dates, stays))
    return removed, kept


def _copy(
    source: pq.ParquetFile, folder: str, request: "Request", stem: str, dates: np.ndarray, stays: np.ndarray
) -> dict[str, Any]:
    name = f"{stem}-{uuid.uuid4().hex[:12]}.parquet"
    relative = f"{partition_folder(request.commodity, request.model_version)}/{name}"
    path = Path(folder, relative)
    first = 0
    with parquet_writer(path) as writer:
        for number in range(source.num_row_groups):
            rows = source.read_row_group(number, FILE_SCHEMA.names, use_threads=False)
            part = stays[first : first + rows.num_rows]
            first += rows.num_rows
            if part.any():
                left = rows.filter(pa.array(part)).cast(FILE_SCHEMA)
                writer.write_table(left, row_group_size=left.num_rows)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return added_file(folder, relative, int(stays.sum()), dates[stays], request.horizon)
