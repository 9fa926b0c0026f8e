"""The checksum of stored paths: one definition for every sink (docs/decisions/059-one-checksum-of-paths.md).

Of a date: sha256 over its rows in the order of the paths' numbers, each the number and the cutoff (days since
1970) as big-endian int32, then fourteen days as big-endian float32. A day that is no number, null or NaN, is
7fc00000. Of several dates: sha256 over each date (days since 1970, big-endian int32) and its checksum, in
order.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import psycopg

from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.sinks.sink import Sink, StoredPaths

_ROW = np.dtype([("id", ">i4"), ("cutoff", ">i4"), ("days", ">f4", (MOST_DAYS,))])

# Read at a time; 68 bytes each, and for a moment several times that.
_ROWS_AT_ONCE = 100_000
_MOST_DATES_AT_ONCE = 120


def checksum_of_date(ids: np.ndarray, cutoffs: np.ndarray, days: np.ndarray) -> bytes:
    """32 bytes over the rows of one date in order: `ids` (n,), `cutoffs` (n,) datetime64[D] or one for all,
    `days` (n, h) with h up to 14; those beyond h are no numbers."""
    rows = np.zeros(len(ids), _ROW)
    rows["id"] = ids
    rows["cutoff"] = np.asarray(cutoffs, "datetime64[D]").astype(np.int64)
    rows["days"] = np.nan
    rows["days"][:, : days.shape[1]] = np.where(np.isnan(days), np.float32(np.nan), days)
    return hashlib.sha256(rows.tobytes()).digest()


def checksums_by_date(stored: StoredPaths) -> dict[date, bytes]:
    """The checksum of each date; all its rows, with all 14 days, must have been read."""
    starts = np.flatnonzero(np.r_[True, stored.dates[1:] != stored.dates[:-1]]) if len(stored.dates) else []
    bounds = [*starts, len(stored.dates)]
    return {
        stored.dates[low].astype("datetime64[D]").item(): checksum_of_date(
            stored.ids[low:high], stored.cutoffs[low:high], stored.days[low:high]
        )
        for low, high in pairwise(bounds)
    }


def checksum_of_dates(checksums: Mapping[date, bytes]) -> str:
    """One checksum for several dates, as 64 hexadecimal digits."""
    whole = hashlib.sha256()
    for day, checksum in sorted(checksums.items()):
        whole.update(struct.pack(">i", (day - date(1970, 1, 1)).days) + checksum)
    return whole.hexdigest()


def days_between(first: date, last: date, paths: int) -> Iterator[list[date]]:
    """Blocks of days, all of which hold about as many rows as are read at a time."""
    at_once = max(1, min(_MOST_DATES_AT_ONCE, _ROWS_AT_ONCE // paths))
    while first <= last:
        block = [first + timedelta(days=day) for day in range(min(at_once, (last - first).days + 1))]
        yield block
        first = block[-1] + timedelta(days=1)


def stored_checksums(
    connection: psycopg.Connection, sink: Sink, of: tuple[str, str], dates: Sequence[date]
) -> dict[date, bytes]:
    """The checksum of each of the dates that has a path; the caller bounds how many. `of` is the commodity
    and model version for which the sink was opened."""
    return checksums_by_date(sink.read_paths(connection, *of, dates, MOST_DAYS))
