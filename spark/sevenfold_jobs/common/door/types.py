"""Arrow's types as the few that the rest reads: text, bool, int64, float64, date32, timestamp[us], and null.

A value that a type cannot hold exactly stays exact as text: 20-digit numbers are names as often as numbers.
"""

import uuid
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.problems import shown

_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)
_NESTED = {
    "lists": (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view),
    "maps": (pa.types.is_map,),
    "records": (pa.types.is_struct,),
}


@dataclass(frozen=True)
class Unusable:
    """Why a column cannot be read; `reason` ends the sentence "column … "."""

    reason: str


def normal(column: pa.ChunkedArray) -> pa.ChunkedArray | Unusable:
    """The same values in one of the seven types, as they are where they have one; NaN becomes null."""
    try:
        return _normal(column)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        said = " ".join(str(error).split())[:100]
        return Unusable(f"holds {_kind_name(column.type)} that cannot be read ({said})")


def _normal(column: pa.ChunkedArray) -> pa.ChunkedArray | Unusable:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(column, kind)
    if pa.types.is_dictionary(kind):
        return _normal(_decoded(column))
    if pa.types.is_run_end_encoded(kind):
        return _normal(_each(column, pc.run_end_decode, kind.value_type))
    if any(is_text(kind) for is_text in _TEXT):
        return _text(column if kind == pa.string() else column.cast(pa.string()))
    if any(is_bytes(kind) for is_bytes in _BYTES):
        return _bytes(column)
    if pa.types.is_null(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind):
        return column
    if pa.types.is_uint64(kind):
        largest = pc.max(column).as_py()
        return column.cast(pa.string() if largest is not None and largest >= 2**63 else pa.int64())
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind):
        return _without_nan(column.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return _decimal(column, kind)
    if pa.types.is_date(kind):
        return column.cast(pa.date32(), safe=False)
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    for what, tests in _NESTED.items():
        if any(test(kind) for test in tests):
            return Unusable(f"holds {what}{_example(column)}")
    return Unusable(f"holds {_kind_name(kind)}{_example(column)}")


def _extension(column: pa.ChunkedArray, kind: pa.BaseExtensionType) -> pa.ChunkedArray | Unusable:
    stored = _each(column, lambda piece: piece.storage, kind.storage_type)
    if kind.extension_name == "arrow.uuid":
        return _uuids(stored)
    if kind.extension_name == "arrow.bool8":
        return stored.cast(pa.bool_())
    return _normal(stored)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray | Unusable:
    # Parquet calls any bytes text if its writer said so.
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return _not_text(_each(column, lambda piece: piece.view(pa.binary()), pa.binary()))
    return column


def _bytes(column: pa.ChunkedArray) -> pa.ChunkedArray | Unusable:
    """Old writers leave text as bytes."""
    plain = column.cast(pa.binary())
    may_be_uuids = pa.types.is_fixed_size_binary(column.type) and column.type.byte_width == 16
    try:
        text = plain.cast(pa.string())
        # Sixteen bytes may be text by chance, but hardly without a control character in any row.
        if not (may_be_uuids and pc.any(pc.match_substring_regex(text, r"[\x00-\x1f\x7f]")).as_py()):
            return text
    except pa.ArrowInvalid:
        pass
    return _uuids(column) if may_be_uuids else _not_text(plain)


def _not_text(column: pa.ChunkedArray) -> Unusable:
    for row, value in enumerate(column.to_pylist(), 1):
        try:
            (value or b"").decode()
        except UnicodeDecodeError:
            return Unusable(f"holds bytes that are not UTF-8 text, such as {shown(value)} in row {row}")
    return Unusable("holds bytes that are not UTF-8 text")


def _uuids(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = [None if value is None else str(uuid.UUID(bytes=value)) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _decimal(column: pa.ChunkedArray, kind: pa.Decimal128Type) -> pa.ChunkedArray:
    if kind.scale > 0:
        return column.cast(pa.float64())
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column.cast(pa.string())


def _without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    is_nan = pc.is_nan(column)
    return pc.if_else(is_nan, pa.scalar(None, pa.float64()), column) if pc.any(is_nan).as_py() else column


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return _each(column, lambda piece: piece.dictionary_decode(), column.type.value_type)


def _each(column: pa.ChunkedArray, change, kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([change(piece) for piece in column.chunks], kind)


def _example(column: pa.ChunkedArray) -> str:
    places = np.flatnonzero(column.is_valid().to_numpy()) if len(column) else []
    if len(places) == 0:
        return ""
    row = int(places[0])
    return f" such as {shown(column[row].as_py())} (row {row + 1})"


def _kind_name(kind: pa.DataType) -> str:
    if pa.types.is_time(kind):
        return "times of day"
    if pa.types.is_duration(kind):
        return "lengths of time"
    return f"values of type {kind}"
