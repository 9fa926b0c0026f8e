"""Rows out of PostgreSQL by binary COPY, as one NumPy array (docs/decisions/002-binary-copy.md)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

#: A date on the wire is the number of days since this one.
POSTGRES_DAY_0 = np.datetime64("2000-01-01", "D")
_HEADER_BYTES, _TRAILER_BYTES = 19, 2

#: Name, NumPy type on the wire (`>i4` for integer and date, `>f8` for double precision), how often in a row.
Field = tuple[str, str] | tuple[str, str, int]


def read_fixed_rows(
    connection: psycopg.Connection,
    statement: str | sql.Composed,
    values: Mapping[str, Any] | None,
    fields: Sequence[Field],
) -> np.ndarray:
    """All rows of a `copy (…) to stdout (format binary)` whose columns are never null.

    Every row then has the same bytes: the answer is a structured array over what came, without a copy.
    Adjacent columns of one type can be one field, whose values are `rows[name]["value"]`, `(rows, n)`.
    """
    with connection.cursor() as cursor, cursor.copy(statement, values) as copy:
        content = b"".join(bytes(piece) for piece in copy)
    wire: list[Any] = [("columns", ">i2")]
    for name, kind, *count in fields:
        if count:
            wire.append((name, [("length", ">i4"), ("value", kind)], tuple(count)))
        else:
            wire += [(f"length of {name}", ">i4"), (name, kind)]
    row = np.dtype(wire)
    rows = (len(content) - _HEADER_BYTES - _TRAILER_BYTES) // row.itemsize
    return np.frombuffer(content, row, count=rows, offset=_HEADER_BYTES)


def days_of(counted: np.ndarray) -> np.ndarray:
    """Dates on the wire as datetime64[D]."""
    return POSTGRES_DAY_0 + counted.astype(np.int64)
