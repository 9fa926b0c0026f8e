"""The row groups of a table's data file, of which some, or all, may be damaged or gone.

What cannot be read has no rows: the verdicts find its dates missing, and the next run makes them again. An
error of the disk or of the store is raised instead, because it may answer when it is asked again.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from sevenfold_jobs.sinks.delta.table import FILE_SCHEMA

# What Arrow raises for bytes that are no Parquet or fail the checksum of their page. A store's errors are
# OSError too.
_UNREADABLE = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError)


class RowGroups:
    """One data file; `lost` says whether something of it could not be read so far."""

    def __init__(self, files: fs.FileSystem, path: str) -> None:
        self.lost = False
        self._files = files
        self._path = path
        self._in_memory = False
        self._file = self._opened()

    def read(
        self, columns: Sequence[str], first: int = -(2**31), last: int = 2**31 - 1
    ) -> Iterator[pa.Table | None]:
        """Each that may hold a day from `first` to `last` (since 1970), with these columns; None for one
        that is lost."""
        with self:
            for number in range(0 if self._file is None else self._file.num_row_groups):
                if _may_hold(self._file, number, first, last):
                    yield self._group(number, columns)

    def __enter__(self) -> "RowGroups":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close(force=True)

    def _opened(self) -> pq.ParquetFile | None:
        try:
            return _parquet(self._files.open_input_file(self._path))
        except FileNotFoundError:
            self.lost = True
            return None
        except _UNREADABLE:
            return self._opened_in_memory()

    def _opened_in_memory(self) -> pq.ParquetFile | None:
        """None where all bytes can be read and are no Parquet; raises where they cannot."""
        self._in_memory = True
        with self._files.open_input_file(self._path) as stream:
            whole = stream.read_buffer()
        try:
            return _parquet(pa.BufferReader(whole))
        except _UNREADABLE:
            self.lost = True
            return None

    def _group(self, number: int, columns: Sequence[str]) -> pa.Table | None:
        try:
            return _columns(self._file, number, columns)
        except _UNREADABLE:
            if not self._in_memory:
                self._file.close(force=True)
                self._file = self._opened_in_memory()
                return None if self._file is None else self._group(number, columns)
            self.lost = True
            return None


def _parquet(source: pa.NativeFile) -> pq.ParquetFile:
    return pq.ParquetFile(source, page_checksum_verification=True)


def _columns(file: pq.ParquetFile, number: int, names: Sequence[str]) -> pa.Table:
    """As they are in a file of ours: another writer may have other types, and columns without a value left
    out."""
    there = set(file.schema_arrow.names)
    rows = file.read_row_group(number, [name for name in names if name in there], use_threads=False)

    def column(name: str) -> pa.ChunkedArray:
        wanted = FILE_SCHEMA.field(name).type
        if name not in there:
            return pa.chunked_array([pa.nulls(rows.num_rows, wanted)])
        return rows[name] if rows[name].type == wanted else rows[name].cast(wanted, safe=False)

    return pa.Table.from_arrays([column(name) for name in names], names=list(names))


def _may_hold(file: pq.ParquetFile, number: int, first: int, last: int) -> bool:
    place = file.schema_arrow.get_field_index("forecast_start_date")
    if place < 0:
        return True
    bounds = file.metadata.row_group(number).column(place).statistics
    if bounds is None or not bounds.has_min_max:
        return True
    low, high = (int(np.datetime64(day, "D").astype(int)) for day in (bounds.min, bounds.max))
    return high >= first and low <= last
