"""What stays of files of which some dates are replaced: copied into a file of its own, bit by bit."""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.sinks.delta.groups import RowGroups
from sevenfold_jobs.sinks.delta.place import file_system, partition_folder
from sevenfold_jobs.sinks.delta.reading import integers
from sevenfold_jobs.sinks.delta.table import DAYS, FILE_SCHEMA, DataFile
from sevenfold_jobs.sinks.delta.writing import added_file, paths_file


def keep_the_rest(
    folder: str, commodity: str, version: str, stem: str, files: Sequence[DataFile], days: np.ndarray
) -> tuple[list[DataFile], list[dict[str, Any]]]:
    """Sorts files that may hold one of the `days` (since 1970, ascending). Answers those to be removed, since
    they hold one or cannot be read whole, and new files with their rows of other dates."""
    removed, kept = [], []
    for file in files:
        groups = RowGroups(file_system(folder), file.path)
        stays = [
            None if rows is None else ~np.isin(integers(rows["forecast_start_date"]), days)
            for rows in groups.read(["forecast_start_date"])
        ]
        rows = sum(len(of_group) for of_group in stays if of_group is not None)
        if rows and not groups.lost and all(of_group.all() for of_group in stays if of_group is not None):
            continue
        removed.append(file)
        if any(of_group is not None and of_group.any() for of_group in stays):
            name = f"{partition_folder(commodity, version)}/{stem}-{uuid.uuid4().hex[:12]}.parquet"
            kept += _copy(folder, name, _rest(RowGroups(file_system(folder), file.path), stays))
    return removed, kept


def _rest(groups: RowGroups, stays: Sequence[np.ndarray | None]) -> Iterator[pa.Table]:
    for rows, of_group in zip(groups.read(FILE_SCHEMA.names), stays, strict=True):
        if rows is not None and of_group is not None and of_group.any():
            yield rows.filter(pa.array(of_group)).cast(FILE_SCHEMA)


def _copy(folder: str, relative: str, parts: Iterator[pa.Table]) -> list[dict[str, Any]]:
    """One file, or none where nothing could be read."""
    nulls: Counter[str] = Counter()
    dates: list[np.ndarray] = []
    with ExitStack() as stack:
        for rows in parts:
            if not dates:
                writer = stack.enter_context(paths_file(folder, relative))
            nulls.update({name: rows[name].null_count for name in DAYS})
            dates.append(integers(rows["forecast_start_date"]))
            writer.write_table(rows, row_group_size=rows.num_rows)
    if not dates:
        return []
    days = np.concatenate(dates)
    return [added_file(folder, relative, len(days), days, nulls)]
