"""Dates as people write them, put in order: each row's place among the dates of its column."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.bounds import EARLIEST, LATEST
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.columns import is_number, is_text, numbers_of

_TIME = (
    r"(?:(?:T|\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AP]M)?\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?"
)


def _pattern(date: str) -> re.Pattern[str]:
    return re.compile(rf"\s*{date}{_TIME}\s*", re.IGNORECASE | re.ASCII)


_NAMED_MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
#: Year first, or the month by its name: there is one way to read these.
_CERTAIN = (
    _pattern(r"(?P<year>\d{4})(?P<by>[-/.])(?P<month>\d{1,2})(?:(?P=by)(?P<day>\d{1,2}))?"),
    _pattern(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    _pattern(rf"(?P<day>\d{{1,2}})(?:[-/\s]|\.\s?){_NAMED_MONTH}[-/,\s]+(?P<year>\d{{4}})"),
    _pattern(rf"{_NAMED_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"),
)
#: Two numbers and a year: which of them is the day is a matter of country.
_EITHER = _pattern(r"(?P<one>\d{1,2})(?P<by>[-/.])(?P<other>\d{1,2})(?P=by)(?P<year>\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = "write dates as YYYY-MM-DD"

#: A column called date in which fewer values than these are dates holds something else.
_MOST_ARE_DATES = 0.9

# Plain numbers that can only be days: 20200131.
_FIRST_NUMBER, _LAST_NUMBER = (int(f"{day:%Y%m%d}") for day in (EARLIEST, LATEST))


def holds_dates(column: pa.ChunkedArray) -> bool:
    """Whether nearly all values of a column that nobody called the date are dates: of a date's type, texts
    that can be read as dates, or whole numbers such as 20200131."""
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return True
    if is_text(kind):
        texts = [text for text in _texts(column).unique().to_pylist() if text is not None and text.strip()]
        dates = sum(instant(text, True) is not None or instant(text, False) is not None for text in texts)
        return dates > 0 and dates >= _MOST_ARE_DATES * len(texts)
    if pa.types.is_integer(kind):
        numbers = [value for value in column.unique().to_pylist() if value is not None]
        return bool(numbers) and all(
            _FIRST_NUMBER <= value <= _LAST_NUMBER and instant(str(value), True) is not None
            for value in numbers
        )
    return False


def is_empty(column: pa.ChunkedArray) -> np.ndarray:
    """(rows,) bool: no value, or a text of blanks only."""
    empty = pc.is_null(column, nan_is_null=True)
    if is_text(column.type):
        empty = pc.or_kleene(empty, pc.equal(pc.utf8_trim_whitespace(_texts(column)), ""))
    return pc.fill_null(empty, True).to_numpy(zero_copy_only=False)


def order_of(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """(rows,) int64: the place of each row's date among the distinct dates, from 0; -1 without one.

    Texts are read once: year first, or with the month's name, or as two numbers and a year, of which the
    other values must make certain which is the day. With an offset they are taken to UTC, without one they
    are UTC. Numbers are in their own order. Raises InvalidInput, naming row and value, for what is no date,
    and for texts that could be read either way round with another order each.
    """
    kind = column.type
    if is_number(kind):
        return _places(numbers_of(column), is_empty(column))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        plain = pc.cast(column, pa.timestamp("ns"), safe=False) if pa.types.is_date(kind) else column
        values = plain.combine_chunks().cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return _places(values, is_empty(column))
    if not is_text(kind):
        raise InvalidInput(f"Column {shown(name)} is the date and is of type {kind}: {_ISO}.")
    encoded = _texts(column).combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    empty = is_empty(column)
    codes = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return _places(_read(texts, name, codes, empty)[codes], empty)


def _read(texts: list[str], name: str, codes: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """(texts,) int64 microseconds."""
    used = np.unique(codes[~empty])
    written = [texts[code] for code in used]
    found = {day_first: [instant(text, day_first) for text in written] for day_first in (True, False)}
    can = {day_first: None not in instants for day_first, instants in found.items()}
    if not any(can.values()):
        _refuse(texts, used, found, name, codes, empty)
    if all(can.values()) and not np.array_equal(
        *(np.unique(each, return_inverse=True)[1] for each in found.values())
    ):
        place = next(place for place, text in enumerate(written) if found[True][place] != found[False][place])
        raise InvalidInput(
            f"Column {shown(name)} is the date and holds {shown(written[place])}, which is one day with the "
            f"day first and another with the month first, and no value says which is meant: {_ISO}."
        )
    result = np.zeros(len(texts), np.int64)
    result[used] = found[can[True]]
    return result


def _refuse(
    texts: list[str],
    used: np.ndarray,
    found: dict[bool, list[int | None]],
    name: str,
    codes: np.ndarray,
    empty: np.ndarray,
) -> None:
    def row_of(place: int) -> int:
        return 1 + int(np.flatnonzero((codes == used[place]) & ~empty)[0])

    none = [place for place in range(len(used)) if found[True][place] is None and found[False][place] is None]
    if none:
        row, place = min((row_of(place), place) for place in none)
        raise InvalidInput(
            f"Column {shown(name)} is the date and holds {shown(texts[used[place]])} in row {row:,}, which "
            f"is none: {_ISO}."
        )
    # Each can be read, but not all the same way round.
    day, month = (
        min((row_of(place), place) for place in range(len(used)) if found[other][place] is None)
        for other in (False, True)
    )
    raise InvalidInput(
        f"Column {shown(name)} is the date and has the day first in row {day[0]:,} "
        f"({shown(texts[used[day[1]]])}) and the month first in row {month[0]:,} "
        f"({shown(texts[used[month[1]]])}): {_ISO}."
    )


def _places(values: np.ndarray, empty: np.ndarray) -> np.ndarray:
    places = np.full(len(values), -1, np.int64)
    places[~empty] = np.unique(values[~empty], return_inverse=True)[1].reshape(-1)
    return places


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def instant(text: str, day_first: bool) -> int | None:
    """Microseconds since 1970 UTC; None for what is no date when read so."""
    for pattern in _CERTAIN:
        match = pattern.fullmatch(text)
        if match:
            return _moment(match, _certain_day)
    match = _EITHER.fullmatch(text)
    if match is None:
        return None
    first, second = int(match["one"]), int(match["other"])
    # With points between them it is the day in every country that writes so.
    if match["by"] == "." and not day_first:
        day_first = True
    day, month = (first, second) if day_first else (second, first)
    return _moment(match, lambda _: (int(match["year"]), month, day))


def _certain_day(match: re.Match[str]) -> tuple[int, int, int]:
    named = match.groupdict()
    if named.get("name"):
        month = _MONTHS.index(named["name"][:3].lower()) + 1 if named["name"][:3].lower() in _MONTHS else 0
    else:
        month = int(named["month"])
    return int(named["year"]), month, int(named.get("day") or 1)


def _moment(match: re.Match[str], day_of: Callable[[re.Match[str]], tuple[int, int, int]]) -> int | None:
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].upper() == "PM" else 0)
    micros = int((match["part"] or "0").ljust(6, "0")[:6])
    try:
        moment = datetime(
            *day_of(match),
            hour,
            int(match["minute"] or 0),
            int(match["second"] or 0),
            micros,
            _zone(match["zone"]),
        )
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except ValueError:
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text.upper() in ("Z", "UTC"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
