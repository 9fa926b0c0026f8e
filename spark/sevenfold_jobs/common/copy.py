"""Arrow record batches into PostgreSQL by COPY."""

from collections.abc import Callable, Iterable, Sequence

import psycopg
import pyarrow as pa
from psycopg import sql


def copy_record_batches(
    connection: psycopg.Connection,
    table: str,
    columns: Sequence[str],
    record_batches: Iterable[pa.RecordBatch],
    failpoint: Callable[[str], None],
) -> int:
    """Sends the named columns of every record batch; failure point `mid-copy` lies after the first one."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    rows = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in record_batches:
            for row in zip(*(batch.column(name).to_pylist() for name in columns), strict=True):
                copy.write_row(row)
            if rows == 0:
                failpoint("mid-copy")
            rows += batch.num_rows
    return rows
