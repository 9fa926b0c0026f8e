"""Brings a source's rows into the database: staged, compared, and only what differs written."""

from collections.abc import Callable
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from sevenfold_jobs.common.batch import Batch

KEYS: dict[str, tuple[str, ...]] = {
    "pools": ("pool_id",),
    "pool_history": ("pool_id", "date"),
    "token_prices_daily": ("symbol", "date"),
    "gas_fees_daily": ("date",),
    "macroeconomic_data": ("series_id", "date"),
    "portfolio_transactions": ("line",),
}

_SQL_TYPES = {
    pa.string(): sql.SQL("text"),
    pa.date32(): sql.SQL("date"),
    pa.float64(): sql.SQL("double precision"),
    pa.int32(): sql.SQL("integer"),
}

# Where the database's value is not the staged one. A column that the source does not carry stays as it is.
_PREPARED: dict[tuple[str, str], str] = {
    ("pools", "pool_address"): "coalesce(s.pool_address, t.pool_address)",
    ("pools", "underlying_tokens"): "string_to_array(s.underlying_tokens, '|')",
    # one unknown address is joined to nothing at all
    ("pools", "underlying_token_addresses"): """case s.underlying_token_addresses
        when '' then array_fill(''::text, array[cardinality(string_to_array(s.underlying_tokens, '|'))])
        else string_to_array(s.underlying_token_addresses, '|') end""",
    ("portfolio_transactions", "amount"): "s.amount::numeric",
}

_ROWS_IN_A_BATCH = 65_536


def stage(batch: Batch, connection: psycopg.Connection, table: str, rows: pa.Table) -> None:
    """Copies the rows into the temporary table `staged_<table>`, which ends with the transaction."""
    name = f"staged_{table}"
    create_staged(connection, name, rows.schema)
    # only where there is something: an empty COPY would hide a wrong one
    if rows.num_rows > 0:
        batch.copy(connection, name, rows.column_names, rows.to_batches(max_chunksize=_ROWS_IN_A_BATCH))
    # without statistics the planner joins a million staged rows by nested loops
    connection.execute(sql.SQL("analyze {}").format(sql.Identifier(name)))


def create_staged(connection: psycopg.Connection, name: str, schema: pa.Schema) -> None:
    """An empty temporary table of the schema's columns, which ends with the transaction."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), _SQL_TYPES[field.type]) for field in schema
    )
    connection.execute(
        sql.SQL("create temp table {} ({}) on commit drop").format(sql.Identifier(name), columns)
    )


def lock_dataset(connection: psycopg.Connection, dataset: str) -> None:
    """One writer of a data set at a time, until the transaction ends."""
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('sevenfold/' || %(dataset)s, 0))", {"dataset": dataset}
    )


def merge(connection: psycopg.Connection, table: str, rows: pa.Schema, parameters: dict[str, Any]) -> int:
    """Writes the staged rows that are new or differ, numbered `change`. Returns how many.

    The join finds them, so that rows which did not change are neither locked nor looked up one by one.
    """
    keys = KEYS[table]
    values = [name for name in rows.names if name not in keys]
    extra = {"pools": ["name", "is_active", "last_updated"]}.get(table, [])
    prepared: Callable[[str], sql.Composable] = lambda name: (  # noqa: E731
        sql.SQL(_PREPARED[table, name]) if (table, name) in _PREPARED else sql.Identifier("s", name)
    )
    extra_values = {
        "name": sql.SQL("s.symbol"),
        "is_active": sql.SQL("true"),
        "last_updated": sql.SQL("now()"),
    }
    compared = [*values, *(name for name in extra if name != "last_updated")]
    chosen = {**{name: prepared(name) for name in values}, **{name: extra_values[name] for name in extra}}
    written = [*values, *extra, "change_seq"]
    statement = sql.SQL(
        """
        insert into {table} (dataset, {keys}, {columns})
        select %(dataset)s, {staged_keys}, {chosen}, %(change)s
          from {staged} s left join {table} t on t.dataset = %(dataset)s and {same_key}
         where t.dataset is null or ({stored}) is distinct from ({compared})
            on conflict (dataset, {keys}) do update set {assignments}
        """
    ).format(
        table=sql.Identifier(table),
        staged=sql.Identifier(f"staged_{table}"),
        keys=_list(map(sql.Identifier, keys)),
        columns=_list(map(sql.Identifier, written)),
        staged_keys=_list(sql.Identifier("s", key) for key in keys),
        chosen=_list(chosen.values()),
        same_key=sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier("t", key), sql.Identifier("s", key)) for key in keys
        ),
        stored=_list(sql.Identifier("t", name) for name in compared),
        compared=_list(chosen[name] for name in compared),
        assignments=_list(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("excluded", name))
            for name in written
        ),
    )
    return connection.execute(statement, parameters).rowcount


def retire_pools(connection: psycopg.Connection, parameters: dict[str, Any]) -> int:
    """Pools that the source no longer lists become inactive; their history goes with the source's."""
    return connection.execute(
        """
        update pools t
           set is_active = false, last_updated = now(), change_seq = %(change)s
         where t.dataset = %(dataset)s and t.is_active
           and not exists (select 1 from staged_pools s where s.pool_id = t.pool_id)
        """,
        parameters,
    ).rowcount


def _list(parts: Any) -> sql.Composed:
    return sql.SQL(", ").join(parts)
