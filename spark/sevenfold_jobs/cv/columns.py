"""Columns of a source as numbers: gaps are NaN in numeric ones and level -1 in categorical ones."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.door.types import Unusable, normal
from sevenfold_jobs.common.door.values import USUAL, Decimals, Reading, read_values, trimmed

MISSING = "(missing)"

# Category levels that look like this are sorted and written as numbers; others stay as they are.
_PLAIN_LEVELS = r"^-?(0|[1-9]\d{0,17})(\.\d+)?$"


@dataclass(frozen=True)
class Categorical:
    """`codes` (rows,) int32 into `levels`, which are texts in the order of their values; -1 is a gap."""

    codes: np.ndarray
    levels: list[str]

    def take(self, rows: np.ndarray) -> "Categorical":
        """These rows, with the same levels."""
        return Categorical(self.codes[rows], self.levels)


def is_number(kind: pa.DataType) -> bool:
    """Whether values of the type are numbers, true and false among them."""
    return (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether values of the type are texts, dictionaries of texts among them."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def read_column(column: pa.ChunkedArray, decimals: Decimals = USUAL) -> Reading:
    """What the column holds, by one rule for text and for types (`common/door/values`)."""
    return read_values(_plain(column), decimals)


def numbers_of(column: pa.ChunkedArray, decimals: Decimals = USUAL) -> np.ndarray:
    """(rows,) float64, NaN for null. The column is one of numbers or flags, or a text of them."""
    return as_numbers(read_column(column, decimals))


def as_numbers(reading: Reading) -> np.ndarray:
    """(rows,) float64, NaN for gaps and for whatever is no number."""
    values = reading.values
    if reading.kind == "flag":
        values = values.cast(pa.int8())
    elif reading.kind != "number":
        return np.full(len(values), np.nan)
    # Arrow hands out what it holds read-only; callers fill gaps in place.
    return np.array(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def is_numeric_text(column: pa.ChunkedArray, decimals: Decimals = USUAL) -> bool:
    """Whether each of its texts is a number; one that begins with a zero, as codes do, is none."""
    return read_column(column, decimals).kind in ("number", "flag")


def categories_of(column: pa.ChunkedArray, as_written: bool = False) -> Categorical:
    """The column's levels as texts, sorted by value; whole numbers are written without a point.

    `as_written`: texts stay as they are. Whether all texts of a file are numbers or flags hangs on its other
    rows, so that two files would have other names for one level; `plain_level` makes them meet.
    """
    plain = _plain(column)
    plain = trimmed(plain) if as_written and pa.types.is_string(plain.type) else _leveled(plain)
    encoded = plain.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    values = encoded.dictionary
    order = pc.sort_indices(values).to_numpy()
    places = np.empty(len(order) + 1, np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    places[-1] = -1
    codes = encoded.indices.fill_null(len(order)).to_numpy(zero_copy_only=False)
    return Categorical(places[codes], [_level(value) for value in values.take(pa.array(order)).to_pylist()])


def plain_level(text: str) -> str:
    """The level that a text is in a column all of which are flags, or plain numbers; else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower()
    if re.fullmatch(_PLAIN_LEVELS, text):
        return _level(float(text) if "." in text else int(text))
    return text


def _leveled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts of flags and plain numbers as what they are, so that CSV and Parquet give the same levels."""
    if not pa.types.is_string(column.type):
        return column
    text = trimmed(column)
    if not pc.all(pc.match_substring_regex(text, _PLAIN_LEVELS)).as_py():
        reading = read_values(column)
        return reading.values if reading.kind == "flag" else text
    whole = not pc.any(pc.match_substring(text, ".")).as_py()
    return text.cast(pa.int64() if whole else pa.float64())


def _level(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as one of the door's types; all gaps where it cannot be one."""
    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])
    found = normal(column)
    return pa.chunked_array([pa.nulls(len(column))]) if isinstance(found, Unusable) else found
