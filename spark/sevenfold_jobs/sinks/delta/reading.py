"""Rows of a Delta table back from its files, a row group at a time: by pyarrow and NumPy alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import fs

from sevenfold_jobs.sinks.delta.groups import RowGroups
from sevenfold_jobs.sinks.delta.table import DAYS

_KEYS = ["path_id", "forecast_start_date", "data_cutoff_date", "is_actuals", "has_data_leakage"]

# As many bits of (date, path) are kept at a time.
_MOST_SEEN = 128_000_000


@dataclass(frozen=True)
class DateCounts:
    """What is stored of each date, arrays over the same n dates in order: `days` since 1970, `found` rows of
    paths, `sound` of them (each path once, every day finite, one cutoff before the date), `first` and `last`
    path, `cutoffs` since 1970, `sums` (n, h) of each day's values in double precision. `lost` names the
    files of which something could not be read."""

    days: np.ndarray
    found: np.ndarray
    sound: np.ndarray
    first: np.ndarray
    last: np.ndarray
    cutoffs: np.ndarray
    sums: np.ndarray
    lost: np.ndarray


def count_dates(
    files: fs.FileSystem, paths_of_files: Sequence[str], first: int, last: int, paths: int, horizon: int
) -> DateCounts:
    """Counts the rows of the files whose date lies between the days `first` and `last` (since 1970).

    Memory: a row group, and a byte for each (day, path) of a range that is cut where it is too long.
    """
    at_once = max(1, _MOST_SEEN // paths)
    pieces = [
        _count(files, paths_of_files, low, min(low + at_once - 1, last), paths, horizon)
        for low in range(first, last + 1, at_once)
    ]
    fields = DateCounts.__dataclass_fields__
    return DateCounts(**{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in fields})


def _count(
    files: fs.FileSystem, paths_of_files: Sequence[str], first: int, last: int, paths: int, horizon: int
) -> DateCounts:
    days = last - first + 1
    seen = np.zeros((days, paths), bool)
    found = np.zeros(days, np.int64)
    lowest, highest = np.full(days, 2**31 - 1), np.zeros(days, np.int64)
    cutoffs = np.full(days, -(2**31))
    sums = np.zeros((days, horizon))
    lost: list[str] = []
    for rows in _groups_of(files, paths_of_files, [*_KEYS, *DAYS], (first, last), lost):
        ids, dates, cutoff = (integers(rows[name]) for name in _KEYS[:3])
        chosen = _by_date(ids, dates, first, last)
        ids, dates, cutoff = ids[chosen], dates[chosen], cutoff[chosen]
        if len(dates) == 0:
            continue
        # Counted over the days of the group alone: a range has many groups.
        begins = np.flatnonzero(np.diff(dates, prepend=dates[0] - 1))
        lengths = np.diff(begins, append=len(dates))
        day = dates[begins] - first
        found[day] += lengths
        lowest[day] = np.minimum(lowest[day], np.minimum.reduceat(ids, begins))
        highest[day] = np.maximum(highest[day], np.maximum.reduceat(ids, begins))
        cutoffs[day] = np.where(cutoffs[day] == -(2**31), cutoff[begins], cutoffs[day])
        place = np.repeat(day, lengths)
        sound = (ids <= paths) & (cutoff == np.repeat(cutoffs[day], lengths)) & (cutoff < dates)
        for name in _KEYS[3:]:
            sound &= ~flags(rows[name])[chosen]
        for number, name in enumerate(DAYS):
            column = rows[name]
            if number >= horizon:
                if column.null_count < len(column):
                    sound &= np.isnan(singles(column)[chosen])
                continue
            values = singles(column)[chosen]
            sums[day, number] += np.add.reduceat(values, begins, dtype=np.float64)
            sound &= np.isfinite(values)
        seen[place[sound], ids[sound] - 1] = True
    there = np.flatnonzero(found)
    return DateCounts(
        there + first,
        found[there],
        seen[there].sum(axis=1),
        lowest[there],
        highest[there],
        cutoffs[there],
        sums[there],
        np.array(lost, object),
    )


def _by_date(ids: np.ndarray, dates: np.ndarray, first: int, last: int) -> slice | np.ndarray:
    """Which rows of paths lie between the days, date by date; a slice where all do and in that order, as
    they are written: nothing is copied."""
    here = (dates >= first) & (dates <= last) & (ids > 0)
    if here.all() and (np.diff(dates) >= 0).all():
        return slice(None)
    chosen = np.flatnonzero(here)
    return chosen[np.argsort(dates[chosen], kind="stable")]


def read_rows(
    files: fs.FileSystem, paths_of_files: Sequence[str], days: np.ndarray, horizon: int, lost: list[str]
) -> tuple[np.ndarray, ...]:
    """`(dates, ids, cutoffs, values, beyond)` of the days (ascending, since 1970), as in `StoredPaths`
    but dates and cutoffs since 1970; the caller bounds how many days. `lost` gets the files of which
    something could not be read."""
    parts: list[tuple[np.ndarray, ...]] = []
    for rows in _groups_of(files, paths_of_files, [*_KEYS[:3], *DAYS], (days[0], days[-1]), lost):
        ids, dates, cutoffs = (integers(rows[name]) for name in _KEYS[:3])
        place = np.minimum(np.searchsorted(days, dates), len(days) - 1)
        wanted = np.flatnonzero((days[place] == dates) & (ids > 0))
        if len(wanted) == 0:
            continue
        values = np.empty((len(wanted), horizon), np.float32)
        for number, name in enumerate(DAYS[:horizon]):
            values[:, number] = singles(rows[name])[wanted]
        beyond = np.zeros(len(wanted), np.int32)
        for name in DAYS[horizon:]:
            if rows[name].null_count < rows.num_rows:
                beyond += rows[name].combine_chunks().is_valid().to_numpy(zero_copy_only=False)[wanted]
        parts.append((dates[wanted], ids[wanted], cutoffs[wanted], values, beyond))
    if not parts:
        empty = np.empty(0, np.int32)
        return empty, empty, empty, np.empty((0, horizon), np.float32), empty
    dates, ids, cutoffs, values, beyond = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((ids, dates))
    return dates[order], ids[order], cutoffs[order], values[order], beyond[order]


def _groups_of(
    files: fs.FileSystem,
    paths_of_files: Sequence[str],
    columns: list[str],
    days: tuple[int, int],
    lost: list[str],
) -> Iterator[pa.Table]:
    for path in paths_of_files:
        groups = RowGroups(files, path)
        yield from (rows for rows in groups.read(columns, *days) if rows is not None)
        if groups.lost:
            lost.append(path)


def integers(column: pa.ChunkedArray) -> np.ndarray:
    """An int32 or date32 column as int32; a null is the smallest number, which is no day and no path."""
    array = column.combine_chunks()
    if array.null_count:
        array = array.cast(pa.int32()).fill_null(-(2**31))
    values = np.frombuffer(array.buffers()[1], np.int32)
    return values[array.offset : array.offset + len(array)]


def singles(column: pa.ChunkedArray) -> np.ndarray:
    """A column of floats as float32; a null is NaN."""
    array = column.combine_chunks()
    if array.null_count:
        array = array.fill_null(float("nan"))
    values = np.frombuffer(array.buffers()[1], np.float32)
    return values[array.offset : array.offset + len(array)]


def flags(column: pa.ChunkedArray) -> np.ndarray:
    """A column of booleans; a null is true, which none of them may be."""
    return column.combine_chunks().fill_null(True).to_numpy(zero_copy_only=False)
