"""Dates as people write them: 31/01/2024, Jan 31, 2024, 20240131."""

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.door.values import Reading, trimmed
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.columns import is_text
from sevenfold_jobs.cv.dates import holds_dates, instant
from sevenfold_jobs.cv.reading import about

_ISO = "write dates as YYYY-MM-DD"
# To read a text as a date takes microseconds, and there are columns of a million texts.
_LOOKED_AT = 1_000


def first_date(column: pa.ChunkedArray) -> str | None:
    """The first value of a text column whose values are dates as people write them; None of any other."""
    column = column.slice(0, _LOOKED_AT)
    if not is_text(column.type) or not holds_dates(column):
        return None
    return next((text for text in column.to_pylist() if text is not None and text.strip()), None)


def written_dates(table: pa.Table, name: str, source: str, day_first: bool | None) -> tuple[Reading, bool]:
    """(moments in UTC, gaps null; whether the day stands before the month).

    `day_first` None: as the values themselves show it; a later file is read as training was. Raises
    InvalidInput, naming the first value, for what is no date and for days that could be months.
    """
    column = table[name]
    encoded = trimmed(column.cast(pa.string())).combine_chunks().dictionary_encode()
    texts, codes = encoded.dictionary.to_pylist(), encoded.indices
    found = {
        each: [instant(text, each) for text in texts]
        for each in ((True, False) if day_first is None else (day_first,))
    }
    can = [each for each, moments in found.items() if None not in moments]
    what = f"Column {shown(name)} of {source} shall be a date and holds"
    if not can:
        wrong = min(
            (
                [text for text, moment in zip(texts, each, strict=True) if moment is None]
                for each in found.values()
            ),
            key=len,
        )
        place = about(table).place(codes.to_pylist().index(texts.index(wrong[0])))
        raise InvalidInput(f"{what} {shown(wrong[0])} in {place}, which is none: {_ISO}.")
    if len(can) == 2 and found[True] != found[False]:
        either = next(text for text, one, two in zip(texts, *found.values(), strict=True) if one != two)
        raise InvalidInput(
            f"{what} {shown(either)}, and no value says whether the day or the month stands first: {_ISO}."
        )
    moments = pa.array(np.array([*found[can[0]], 0], np.int64)[: len(texts)], pa.int64()).take(codes)
    return Reading("moment", pa.chunked_array([moments.cast(pa.timestamp("us"))])), can[0]
