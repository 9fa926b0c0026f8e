"""A view of the registry (src/exports/views.ts) as one COPY statement, and its columns as Arrow types."""

from dataclasses import dataclass
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from sevenfold_jobs.common.failures import InvalidInput

_ARROW: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float8": pa.float64(),
    "text": pa.string(),
    "uuid": pa.string(),
    "jsonb": pa.string(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class View:
    """`copy`: the statement that streams CSV with a header; `schema`: its columns in their order."""

    name: str
    copy: sql.Composable
    schema: pa.Schema


def describe(connection: psycopg.Connection, request: dict[str, Any]) -> View:
    """Asks PostgreSQL for the columns of the view and puts the restrictions and the order around it."""
    rows = _restricted(request)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select * from ({}) as v limit 0").format(rows))
        columns = cursor.description or []
        fields = [pa.field(column.name, _arrow_type(connection, column)) for column in columns]
    copy = sql.SQL("copy (select {} from ({}) as v order by {}) to stdout (format csv, header)").format(
        sql.SQL(", ").join(_text_of(field) for field in fields),
        rows,
        sql.SQL(", ").join(sql.Identifier("v", name) for name in request["order"]),
    )
    return View(request["view"], copy, pa.schema(fields))


def _restricted(request: dict[str, Any]) -> sql.Composable:
    # COPY takes no parameters: the driver quotes the values.
    day = request["day"]
    wanted = [
        sql.SQL("w.{} {} {}").format(sql.Identifier(column), sql.SQL(comparison), sql.Literal(value))
        for column, comparison, value in (
            ("dataset", "=", request["dataset"]),
            (day, ">=", request["from"]),
            (day, "<=", request["to"]),
        )
        if value is not None
    ]
    conditions = sql.SQL(" and ").join(wanted) if wanted else sql.SQL("true")
    return sql.SQL("select * from ({}) as w where {}").format(sql.SQL(request["sql"]), conditions)


def _arrow_type(connection: psycopg.Connection, column: psycopg.Column) -> pa.DataType:
    if column.precision is not None and column.scale is not None:
        return pa.decimal128(column.precision, column.scale)
    info = connection.adapters.types.get(column.type_code)
    known = _ARROW.get(info.name) if info is not None else None
    if known is None:
        raise InvalidInput(
            f"column {column.name} of the view has a type that no file has: cast it in its SQL"
        )
    return known


def _text_of(field: pa.Field) -> sql.Composable:
    """How the value stands in the file: ISO 8601 in UTC, `true` and `false`, else PostgreSQL's own text."""
    column = sql.Identifier("v", field.name)
    name = sql.Identifier(field.name)
    if pa.types.is_timestamp(field.type):
        return sql.SQL("to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as {}").format(
            column, name
        )
    if pa.types.is_boolean(field.type):
        return sql.SQL("{}::text as {}").format(column, name)
    return column
