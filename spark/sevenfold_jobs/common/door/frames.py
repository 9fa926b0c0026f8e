"""The index of a data frame among its columns: where rows were sorted by outcome, their numbers tell it."""

import json
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

#: Names that writers give to an index: pandas, R and its readers, polars, Spark.
_NAMES = re.compile(
    r"Unnamed: \d+(\.\d+)*(_level_\d+)?|__index_level_\d+__|level_\d+|index"
    r"|_?row_?(names?|num|nr|number|index|id)?|row\.names?"
    r"|X|X\.\d+|X1|\.\.\.1|V1|_c0|column0|#|\(column \d+\)",
    re.IGNORECASE,
)
_NAMELESS = re.compile(r"Unnamed: \d+(\.\d+)*(_level_\d+)?|__index_level_\d+__|\(column \d+\)")
_WHOLE = r"^\d{1,18}$"
# Below, a column of 1, 2, 3 may be a measurement.
_FEWEST_ROWS = 20
_SAVED = "is the index of the frame that was saved"


def nameless(place: int) -> str:
    """What a column without a name is called; `place` counts from 0."""
    return f"(column {place + 1})"


def index_of(columns: dict[str, Any], rows: int, metadata: dict[bytes, bytes]) -> dict[str, str]:
    """Columns that are an index, each with a reason that ends "it …".

    By what pandas writes into the file, by a name that only an index has, and by holding the number of each
    row. An index that was given a name may be the rows' id or date: who asks for it by name gets it.
    """
    found = {name: _SAVED for name in _by_metadata(metadata) if name in columns}
    for place, (name, column) in enumerate(columns.items()):
        if name not in found and isinstance(column, pa.ChunkedArray):
            reason = index_reason(place, name, column, rows, metadata)
            if reason is not None:
                found[name] = reason
    return found


def index_reason(
    place: int, name: str, column: pa.ChunkedArray, rows: int, metadata: dict[bytes, bytes]
) -> str | None:
    """What `index_of` says of one column, which stands at `place` from 0."""
    if name in _by_metadata(metadata):
        return _SAVED
    if _NAMELESS.fullmatch(name):
        first = place == 0 or name.startswith(("Unnamed", "__index"))
        return _SAVED if first else "has no name"
    if _counts_rows(column, rows, _FEWEST_ROWS):
        return "only numbers the rows"
    if _NAMES.fullmatch(name) and (_counts_rows(column, rows, 1) or _is_taken_rows(column)):
        return "holds numbers of rows"
    return None


def _by_metadata(metadata: dict[bytes, bytes]) -> list[str]:
    try:
        said = json.loads(metadata[b"pandas"])["index_columns"]
    except (KeyError, ValueError, TypeError):
        return []
    return [name for name in said if isinstance(name, str)] if isinstance(said, list) else []


def _counts_rows(column: pa.ChunkedArray, rows: int, fewest: int) -> bool:
    """Whole numbers from 0 or 1, in the order of the rows."""
    if rows < fewest or rows == 0 or column.null_count:
        return False
    for start in (0, 1):
        ends = {str(column[0].as_py()): str(start), str(column[rows - 1].as_py()): str(start + rows - 1)}
        if all(value == expected for value, expected in ends.items()):
            numbers = pa.array(range(start, start + rows), pa.int64())
            expected = numbers if pa.types.is_integer(column.type) else numbers.cast(pa.string())
            return expected.type == column.type and pc.all(pc.equal(column, expected)).as_py()
    return False


def _is_taken_rows(column: pa.ChunkedArray) -> bool:
    """Whole numbers from 0 that differ: those of rows which were drawn or kept from a larger frame."""
    if column.null_count:
        return False
    if pa.types.is_string(column.type):
        if not pc.all(pc.match_substring_regex(column, _WHOLE)).as_py():
            return False
    elif not pa.types.is_integer(column.type) or (len(column) and pc.min(column).as_py() < 0):
        return False
    return pc.count_distinct(column).as_py() == len(column)
