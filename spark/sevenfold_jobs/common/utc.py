"""Days of UTC from whatever a file calls a day: dates, stamps with or without an offset, ISO text."""

import re
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DAY = r"^\d{4}-\d{2}-\d{2}$"
_STAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s?(Z|z|UTC|[+-]\d{2}(:?\d{2})?)?"
)


def stamps_in_utc(values: pa.Array) -> pa.Array:
    """Timestamps with a zone as those of UTC; without one they count as UTC. Dates stay dates."""
    if not pa.types.is_timestamp(values.type):
        return values
    unit = values.type.unit
    # the number of a stamp is UTC whatever its zone is called: only the name has to go
    return values.cast(pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit))


def days_of_stamps(values: pa.Array) -> pa.Array:
    """date32 of dates and of stamps without a zone."""
    if pa.types.is_timestamp(values.type):
        values = pc.floor_temporal(values, unit="day")
    return pc.cast(values, pa.date32())


def off_midnight(values: pa.Array) -> pa.Array:
    """Which stamps (without a zone) are not at midnight; all false for dates."""
    if not pa.types.is_timestamp(values.type):
        return pa.array([False] * len(values))
    return pc.fill_null(pc.not_equal(values, pc.floor_temporal(values, unit="day")), False)


def hour_of(stamp: pa.TimestampScalar) -> str:
    """HH:MM of a stamp without a zone."""
    return str(np.datetime64(stamp.value, stamp.type.unit).astype("datetime64[m]"))[-5:]


def stamps_of_text(text: pa.Array) -> pa.Array:
    """Days and stamps written out, as timestamp[us] of UTC without a zone; null where the text is neither."""
    is_day = pc.match_substring_regex(text, DAY)
    if pc.all(pc.fill_null(is_day, True)).as_py() is not False:
        try:
            return pc.cast(pc.cast(text, pa.date32()), pa.timestamp("us"))
        except pa.ArrowInvalid:  # a day that no calendar has: look at each
            pass
    found = {value: _stamp_or_none(value) for value in pc.unique(text).to_pylist()}
    return pa.array([found[value] for value in text.to_pylist()], pa.timestamp("us"))


def _stamp_or_none(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if re.fullmatch(DAY, text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time())
        if not _STAMP.fullmatch(text):
            return None
        stamp = datetime.fromisoformat(_plain_offset(text))
    except (ValueError, OverflowError):
        return None
    try:
        return stamp if stamp.tzinfo is None else stamp.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return None


def _plain_offset(text: str) -> str:
    """`2025-01-01 00:00:00,5 UTC` as Python reads it."""
    plain = re.sub(r"\s?(Z|z|UTC)$", "+00:00", text.replace(",", "."))
    return re.sub(r"\s([+-]\d{2})", r"\1", plain[:11] + plain[11:].replace(" ", "")) if plain else plain
