"""The first observation of each day stays: what providers offer, against what an earlier day brought."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.estimates import renew_estimates
from sevenfold_jobs.pool_ingest.load import KEYS, create_staged
from sevenfold_jobs.pool_ingest.source import SCHEMAS

#: Tables with a history, and the columns that are compared for revisions.
FIGURES: dict[str, tuple[str, ...]] = {
    "pool_history": ("apy", "tvl"),
    "token_prices_daily": ("open", "high", "low", "close", "volume"),
    "gas_fees_daily": ("actual_avg_gas_gwei",),
    "macroeconomic_data": ("value",),
}


def offered_schema(table: str) -> pa.Schema:
    """The columns of the table and the provider."""
    return SCHEMAS[table].append(pa.field("provider", pa.string()))


class Offer:
    """Takes rows of a table as providers answer them, into the temporary table `offered_<table>`."""

    def __init__(self, batch: Batch, connection: psycopg.Connection, table: str) -> None:
        self._batch, self._connection, self._table = batch, connection, table
        create_staged(connection, f"offered_{table}", offered_schema(table))

    def add(self, columns: dict[str, Any]) -> None:
        """Rows by column, each key once over all calls."""
        schema = offered_schema(self._table)
        rows = pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)
        if rows.num_rows > 0:
            self._batch.copy(self._connection, f"offered_{self._table}", rows.column_names, rows.to_batches())


@contextmanager
def offering(batch: Batch, connection: psycopg.Connection, table: str) -> Iterator[Offer]:
    """An `Offer` whose temporary table has statistics in the end."""
    yield Offer(batch, connection, table)
    connection.execute(sql.SQL("analyze {}").format(sql.Identifier(f"offered_{table}")))


_REVISED = """
    with of_series as (
      select {series} as series, min(o.date) as first, max(o.date) as last from {offered} o group by 1
    ),
    found as (
      select {series_t} as series, t.date, {kept} as kept, {offered_figures} as offered
        from {observed} t join {offered} o on {same}
       where t.dataset = %(dataset)s and t.known_on < %(day)s
         and ({kept_values}) is distinct from ({given_values})
         -- the same provider: another one's candle differs and revises nothing
         and t.provider = o.provider
      union all
      select {series_t}, t.date, {kept}, null
        from of_series s join {observed} t on {series_t} = s.series and t.date between s.first and s.last
       where {whole} and t.dataset = %(dataset)s and t.known_on < %(day)s
         and not exists (select 1 from {offered} o where {same})
    )
    insert into observed_revisions as r (dataset, source, series, date, kept, offered, noticed_on)
    select %(dataset)s, {table}, series, date, kept, offered, %(day)s from found
        on conflict (dataset, source, series, date) do update
           set offered = excluded.offered, noticed_on = excluded.noticed_on
         -- a later answer that differs once more; a past day that is run again says nothing new
         where r.offered is distinct from excluded.offered and r.noticed_on < excluded.noticed_on"""

_NOTICED = """
    select count(*), count(distinct series), min(date), max(date), min(series)
      from observed_revisions where dataset = %(dataset)s and source = {table} and noticed_on = %(day)s"""

# A day that was run late knows what a later one stored already: the earlier answer comes to stand.
_KEEP = """
    insert into {observed} as t (dataset, {columns}, known_on)
    select %(dataset)s, {given}, %(day)s
      from {offered} o left join {observed} k on k.dataset = %(dataset)s and {same_k}
     where k.dataset is null or k.known_on > %(day)s
        on conflict (dataset, {keys}) do update set {assignments}, known_on = excluded.known_on"""

_STAGE = """
    insert into {staged} ({columns})
    select {columns} from {observed}
     where dataset = %(dataset)s and known_on <= %(day)s and date < %(day)s"""


def keep_first(connection: psycopg.Connection, table: str, dataset: str, day: date) -> list[str]:
    """Notes revisions of what was stored before run date `day`, and stores what nobody had seen.

    Returns a line where there are revisions that were not noticed before `day`.
    """
    names = _names(table)
    parameters = {"dataset": dataset, "day": day}
    connection.execute(sql.SQL(_REVISED).format(**names), parameters)
    [count, series, first, last, example] = connection.execute(
        sql.SQL(_NOTICED).format(table=names["table"]), parameters
    ).fetchone()
    kept = connection.execute(sql.SQL(_KEEP).format(**names), parameters).rowcount
    renew_estimates(connection, f"observed_{table}", kept)
    if count == 0:
        return []
    of_series = f" of {series} series such as {example}" if example else ""
    days = f"of {first}" if first == last else f"from {first} to {last}"
    return [
        f"{table}: the provider says something else of {count:,} stored day{'' if count == 1 else 's'} {days}"
        f"{of_series}: the first observation stays (table observed_revisions)"
    ]


def stage_known(connection: psycopg.Connection, table: str, dataset: str, day: date) -> int:
    """Fills `staged_<table>` with what was known on `day` of the days before it. Returns the rows."""
    create_staged(connection, f"staged_{table}", SCHEMAS[table])
    names = _names(table)
    rows = connection.execute(
        sql.SQL(_STAGE).format(
            staged=sql.Identifier(f"staged_{table}"),
            observed=names["observed"],
            columns=_list(sql.Identifier(name) for name in SCHEMAS[table].names),
        ),
        {"dataset": dataset, "day": day},
    ).rowcount
    connection.execute(sql.SQL("analyze {}").format(sql.Identifier(f"staged_{table}")))
    return rows


def _names(table: str) -> dict[str, sql.Composable]:
    keys = KEYS[table]
    columns = offered_schema(table).names
    others = [name for name in columns if name not in keys]
    series = next((key for key in keys if key != "date"), None)

    def figures(alias: str) -> sql.Composable:
        pairs = [part for name in FIGURES[table] for part in (sql.Literal(name), sql.Identifier(alias, name))]
        return sql.SQL("jsonb_build_object({})").format(_list(pairs))

    def same(alias: str) -> sql.Composable:
        return sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier("o", key), sql.Identifier(alias, key)) for key in keys
        )

    def of_series(alias: str) -> sql.Composable:
        return sql.SQL("''::text") if series is None else sql.Identifier(alias, series)

    return {
        "table": sql.Literal(table),
        "observed": sql.Identifier(f"observed_{table}"),
        "offered": sql.Identifier(f"offered_{table}"),
        "series": of_series("o"),
        "series_t": of_series("t"),
        "kept": figures("t"),
        "given": _list(sql.Identifier("o", name) for name in columns),
        "kept_values": _list(sql.Identifier("t", name) for name in FIGURES[table]),
        "given_values": _list(sql.Identifier("o", name) for name in FIGURES[table]),
        "same": same("t"),
        "same_k": same("k"),
        "keys": _list(map(sql.Identifier, keys)),
        "columns": _list(map(sql.Identifier, columns)),
        "assignments": _list(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("excluded", name))
            for name in others
        ),
        # a chart is a pool's whole history; of prices and rates only a window is asked
        "whole": sql.SQL("true" if table == "pool_history" else "false"),
        "offered_figures": figures("o"),
    }


def _list(parts: Any) -> sql.Composed:
    return sql.SQL(", ").join(parts)
