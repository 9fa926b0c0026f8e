"""One Parquet file: its flat columns, measured while they unpack; of lists and records only an example."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sevenfold_jobs.common.door.content import Part
from sevenfold_jobs.common.door.limits import SMALLER, too_large
from sevenfold_jobs.common.door.types import Unusable, normal
from sevenfold_jobs.common.problems import Problems

Columns = dict[str, "pa.ChunkedArray | Unusable"]

_ROWS_AT_ONCE = 1 << 16
# Values of this encoding share their beginnings: a page of a megabyte can hold a gigabyte.
_SHARED, _ROWS_OF_SHARED = "DELTA_BYTE_ARRAY", 1 << 10
_MOST_OF_AN_EXAMPLE = 1 << 20
# What a damaged file makes the reader raise.
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError, IndexError)


def read_parquet(part: Part, problems: Problems, most: int) -> tuple[Columns, int, dict[bytes, bytes]] | None:
    """(columns in their order, rows, the file's own metadata), or None with the reason among the problems."""
    try:
        return _read(part, problems, most)
    except MemoryError:
        problems.add(part.name, "needs more memory than there is", SMALLER)
    except _DAMAGED as error:
        said = " ".join(str(error).split())[:120]
        problems.add(part.name, f"is not a Parquet file ({said})", "write it again")
    return None


def _read(part: Part, problems: Problems, most: int) -> tuple[Columns, int, dict[bytes, bytes]] | None:
    file = pq.ParquetFile(pa.BufferReader(part.content))
    schema, rows = file.schema_arrow, file.metadata.num_rows
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        problems.add(part.name, f"column {twice!r} stands twice in the header", "keep one of them")
        return None
    nested = [field.name for field in schema if pa.types.is_nested(stored_type(field.type))]
    flat = [field for field in schema if field.name not in nested]
    needed = _stated(file, nested) + rows * sum(_width(field.type) for field in flat)
    if needed > most:
        problems.add(part.name, too_large(needed, most), SMALLER)
        return None
    texts = [field.name for field in flat if _width(field.type) == 0]
    # As dictionaries, so that a text which stands in every row is held once until it is counted.
    reader = pq.ParquetFile(pa.BufferReader(part.content), read_dictionary=texts)
    pieces: dict[str, list[pa.Array]] = {field.name: [] for field in flat}
    size = _ROWS_OF_SHARED if _has_shared(file) else _ROWS_AT_ONCE
    for batch in reader.iter_batches(batch_size=size, columns=list(pieces)) if pieces else ():
        for name in pieces:
            piece = batch.column(name)
            if name in texts and pa.types.is_dictionary(piece.type):
                needed += _decoded_size(piece)
                if needed > most:
                    problems.add(part.name, too_large(needed, most), SMALLER)
                    return None
                piece = piece.dictionary_decode()
            pieces[name].append(piece)
    columns: Columns = {}
    for field in schema:
        if field.name in nested:
            columns[field.name] = example_of(file, field, rows)
        else:
            found = pieces[field.name]
            columns[field.name] = normal(pa.chunked_array(found, found[0].type if found else field.type))
    return columns, rows, dict(schema.metadata or {})


def stored_type(kind: pa.DataType) -> pa.DataType:
    """What lies in the file: the storage of an extension type."""
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _width(kind: pa.DataType) -> int:
    """Bytes of a value; 0 for texts and bytes, whose values are counted."""
    kind = stored_type(kind)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    try:
        return max(kind.bit_width // 8, 1)
    except ValueError:
        return 0


def _stated(file: pq.ParquetFile, nested: list[str]) -> int:
    """Bytes of all pages before they are packed, as the file itself says."""
    total = 0
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            if column.path_in_schema.split(".")[0] not in nested:
                total += column.total_uncompressed_size
    return total


def _has_shared(file: pq.ParquetFile) -> bool:
    return any(
        _SHARED in file.metadata.row_group(number).column(place).encodings
        for number in range(file.num_row_groups)
        for place in range(file.metadata.num_columns)
    )


def _decoded_size(piece: pa.DictionaryArray) -> int:
    lengths = pc.fill_null(pc.binary_length(piece.dictionary), 0)
    return pc.sum(pc.take(lengths, piece.indices.drop_null()).cast(pa.int64())).as_py() or 0


def example_of(file: pq.ParquetFile, field: pa.Field, rows: int) -> Unusable:
    """Why a column of lists, maps or records cannot be used, with a value of it."""
    small = file.metadata.serialized_size + _of_column(file, field.name) < _MOST_OF_AN_EXAMPLE
    if small and rows > 0:
        for batch in file.iter_batches(batch_size=min(rows, 1000), columns=[field.name]):
            found = normal(pa.chunked_array([batch.column(field.name)]))
            return found if isinstance(found, Unusable) else Unusable(f"holds values of type {field.type}")
    found = normal(pa.chunked_array([], field.type))
    return found if isinstance(found, Unusable) else Unusable(f"holds values of type {field.type}")


def _of_column(file: pq.ParquetFile, name: str) -> int:
    """Eight bytes a value, of the column's leaves."""
    return sum(
        8 * column.num_values + column.total_uncompressed_size
        for number in range(file.num_row_groups)
        for place in range(file.metadata.num_columns)
        if (column := file.metadata.row_group(number).column(place)).path_in_schema.split(".")[0] == name
    )
