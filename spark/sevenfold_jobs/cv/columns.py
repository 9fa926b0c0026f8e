"""Columns of a source as numbers: gaps are NaN in numeric ones and level -1 in categorical ones."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = "(missing)"


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


def numbers_of(column: pa.ChunkedArray) -> np.ndarray:
    """(rows,) float64, NaN for null. The column is one of numbers, or `is_numeric_text`."""
    column = _plain(column)
    if is_text(column.type):
        column = pc.utf8_trim_whitespace(column)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)


def is_numeric_text(column: pa.ChunkedArray) -> bool:
    """Whether each of its texts is a number; one that begins with a zero, as codes do, is none."""
    if pc.any(pc.match_substring_regex(_plain(column), r"^\s*0\d")).as_py():
        return False
    try:
        numbers_of(column)
    except pa.ArrowInvalid:
        return False
    return True


def categories_of(column: pa.ChunkedArray) -> Categorical:
    """The column's levels as texts, sorted by value; whole numbers are written without a point."""
    encoded = _plain(column).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    values = encoded.dictionary
    order = pc.sort_indices(values).to_numpy()
    places = np.empty(len(order) + 1, np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    places[-1] = -1
    codes = encoded.indices.fill_null(len(order)).to_numpy(zero_copy_only=False)
    return Categorical(places[codes], [_level(value) for value in values.take(pa.array(order)).to_pylist()])


def _level(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
