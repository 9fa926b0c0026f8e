"""Arrow record batches into PostgreSQL by COPY in its binary form (docs/decisions/002-binary-copy.md)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"

# Rows become a matrix of bytes, which should stay in the processor's cache; one long text makes it wide.
_ROWS_AT_ONCE = 4_096
_BYTES_AT_ONCE = 16_000_000

# How a value of fixed width lies on the wire (big-endian), and the day 0 of PostgreSQL counted from Arrow's.
_FIXED: dict[pa.DataType, tuple[str, int]] = {
    pa.bool_(): ("u1", 0),
    pa.int16(): (">i2", 0),
    pa.int32(): (">i4", 0),
    pa.int64(): (">i8", 0),
    pa.float32(): (">f4", 0),
    pa.float64(): (">f8", 0),
    pa.date32(): (">i4", 10_957),
    pa.timestamp("us"): (">i8", 10_957 * 86_400_000_000),
    pa.timestamp("us", "UTC"): (">i8", 10_957 * 86_400_000_000),
}


def copy_record_batches(
    connection: psycopg.Connection,
    table: str,
    columns: Sequence[str],
    record_batches: Iterable[pa.RecordBatch],
    failpoint: Callable[[str], None],
) -> int:
    """Sends the named columns of every record batch and returns the rows sent.

    An Arrow type must be that of its column: int32 for integer, int64 for bigint, float64 for double
    precision, string for text, date32 for date, bool for boolean, timestamp[us] for a timestamp.
    """
    rows = 0
    with connection.cursor() as cursor, cursor.copy(_copy_statement(table, columns)) as copy:
        copy.write(_HEADER)
        for batch in record_batches:
            for piece in _encoded(batch.select(list(columns))):
                copy.write(piece)
            if rows == 0:
                failpoint("mid-copy")
            rows += batch.num_rows
        copy.write(_END)
    return rows


class FixedRows:
    """Rows on the wire that have no nulls and no texts: laid out once, then filled again and again.

    `columns` gives each column's name and its NumPy type on the wire (`>i4` for integer and date, `>f4` for
    real). A third of the work of record batches where the rows are many and their columns alike.
    """

    def __init__(self, columns: Mapping[str, str], rows: int) -> None:
        self.columns = list(columns)
        fields = [("fields", ">i2")]
        for name, kind in columns.items():
            fields += [(f"length of {name}", ">i4"), (name, kind)]
        self._rows = np.zeros(rows, np.dtype(fields))
        self._rows["fields"] = len(columns)
        for name, kind in columns.items():
            self._rows[f"length of {name}"] = np.dtype(kind).itemsize

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, column: str) -> np.ndarray:
        """The column's values, to be written to."""
        return self._rows[column]

    def block(self, first: str, columns: int) -> np.ndarray:
        """The values of adjacent columns of one type, from `first` on: (rows, columns), to be written to."""
        dtype, offset = self._rows.dtype.fields[first]
        strides = (self._rows.dtype.itemsize, 4 + dtype.itemsize)
        return np.ndarray((len(self), columns), dtype, self._rows.data, offset, strides)

    def bytes_of(self, rows: int) -> memoryview:
        """The first `rows` rows as they are sent."""
        return memoryview(self._rows[:rows].view(np.uint8))


def copy_fixed_rows(
    connection: psycopg.Connection,
    table: str,
    rows: FixedRows,
    fillings: Iterable[int],
    failpoint: Callable[[str], None],
) -> int:
    """Sends `rows` as often as `fillings` says that it was filled, with how many rows; returns the rows sent.

    libpq copies what it is given, so the next filling may write over the last one.
    """
    sent = 0
    with connection.cursor() as cursor, cursor.copy(_copy_statement(table, rows.columns)) as copy:
        copy.write(_HEADER)
        for filled in fillings:
            copy.write(rows.bytes_of(filled))
            if sent == 0:
                failpoint("mid-copy")
            sent += filled
        copy.write(_END)
    return sent


def _copy_statement(table: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )


def _encoded(batch: pa.RecordBatch) -> Iterator[bytes]:
    """The rows of the batch on the wire, in pieces."""
    for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
        yield from _encoded_within_bounds(batch.slice(start, _ROWS_AT_ONCE))


def _encoded_within_bounds(batch: pa.RecordBatch) -> Iterator[bytes]:
    fields = [_field(name, batch.column(name)) for name in batch.schema.names]
    width = 2 + sum(4 + field_width for field_width, _ in fields)
    rows = batch.num_rows
    if rows > 1 and rows * width > _BYTES_AT_ONCE:
        yield from _encoded_within_bounds(batch.slice(0, rows // 2))
        yield from _encoded_within_bounds(batch.slice(rows // 2))
        return
    # Every row is laid out with room for the longest values; what it does not use is left out at the end.
    content = np.empty((rows, width), np.uint8)
    used = np.ones((rows, width), bool)
    content[:, :2] = _bytes_of(np.array([len(fields)], ">i2"), 2)
    position = 2
    for field_width, write in fields:
        end = position + 4 + field_width
        write(content[:, position:end], used[:, position:end])
        position = end
    yield content.tobytes() if used.all() else content[used].tobytes()


_Write = Callable[[np.ndarray, np.ndarray], None]


def _field(name: str, column: pa.Array) -> tuple[int, _Write]:
    """The width of the column's longest value, and what writes lengths and values into their bytes."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type in _FIXED:
        return _fixed(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _text(column.cast(pa.large_string()))
    raise TypeError(f"column {name} has type {column.type}, for which no binary COPY is known")


def _fixed(column: pa.Array) -> tuple[int, _Write]:
    kind, day_zero = _FIXED[column.type]
    valid = _valid(column)
    if pa.types.is_temporal(column.type):
        column = column.view(pa.int32() if pa.types.is_date32(column.type) else pa.int64())
    filled = column.fill_null(False if pa.types.is_boolean(column.type) else 0)
    values = filled.to_numpy(zero_copy_only=False)
    values = (values - day_zero if day_zero else values).astype(kind)
    width = values.dtype.itemsize

    def write(content: np.ndarray, used: np.ndarray) -> None:
        content[:, :4] = _bytes_of(np.array([width], ">i4"), 4)
        content[:, 4:] = _bytes_of(values, width)
        if valid is not None:
            content[~valid, :4] = 0xFF  # length -1
            used[~valid, 4:] = False

    return width, write


def _text(column: pa.LargeStringArray) -> tuple[int, _Write]:
    valid = _valid(column)
    filled = column.fill_null("")
    _, offset_buffer, data_buffer = filled.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[filled.offset : filled.offset + len(filled) + 1]
    lengths = np.diff(offsets)
    width = int(lengths.max(initial=0))

    def write(content: np.ndarray, used: np.ndarray) -> None:
        content[:, :4] = _bytes_of(lengths.astype(">i4"), 4)
        if width > 0:
            data = np.frombuffer(data_buffer, np.uint8)
            places = np.arange(width)
            content[:, 4:] = data[np.minimum(offsets[:-1, None] + places, len(data) - 1)]
            used[:, 4:] = places < lengths[:, None]
        if valid is not None:
            content[~valid, :4] = 0xFF

    return width, write


def _valid(column: pa.Array) -> np.ndarray | None:
    return None if column.null_count == 0 else column.is_valid().to_numpy(zero_copy_only=False)


def _bytes_of(values: np.ndarray, width: int) -> np.ndarray:
    return values.view(np.uint8).reshape(len(values), width)
