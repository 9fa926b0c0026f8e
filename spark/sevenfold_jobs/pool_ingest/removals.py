"""Rows that a source had and no longer has: the next ingest deletes them and reports their number."""

from datetime import date
from typing import Any

import psycopg
from psycopg import sql

# By table: the columns of its key beside the date, as text.
_SERIES = {
    "pool_history": "t.pool_id",
    "token_prices_daily": "t.symbol",
    "gas_fees_daily": "''",
    "macroeconomic_data": "t.series_id",
}

_SAME = {
    "pool_history": "s.pool_id = t.pool_id and s.date = t.date",
    "token_prices_daily": "s.symbol = t.symbol and s.date = t.date",
    "gas_fees_daily": "s.date = t.date",
    "macroeconomic_data": "s.series_id = t.series_id and s.date = t.date",
    "portfolio_transactions": "s.line = t.line",
}

_GONE = """
    delete from {table} t
     where t.dataset = %(dataset)s and t.date <= %(until)s {only}
       and not exists (select 1 from {staged} s where {same})
    returning {series} as series, t.date"""

# The day's forecast lies in the same row and belongs to another phase; 0 is the number of a forecast alone.
_GAS_WITH_FORECAST = """
    update gas_fees_daily t
       set actual_avg_gas_gwei = null, change_seq = 0
     where t.dataset = %(dataset)s and t.date <= %(until)s and t.change_seq > 0
       and t.forecasted_avg_gas_gwei is not null
       and not exists (select 1 from staged_gas_fees_daily s where s.date = t.date)
    returning '' as series, t.date"""

# Lines of later days were not staged and stay, those beyond the end of the file do not.
_LOST_LINES = """
    delete from portfolio_transactions t
     where t.dataset = %(dataset)s and (t.date <= %(until)s or t.line > %(lines)s)
       and not exists (select 1 from staged_portfolio_transactions s where s.line = t.line)
    returning t.line::text as series, t.date"""

_NOTE = """
    with gone as ({gone}), noted as (
      insert into removed_rows (dataset, source, series, date, change_seq)
      select %(dataset)s, {source}, series, date, %(change)s from gone
          on conflict (dataset, source, series, date) do update set change_seq = excluded.change_seq
    )
    select count(*), min(date), max(date) from gone"""


def remove_lost_rows(
    connection: psycopg.Connection, parameters: dict[str, Any], known_on: date | None = None
) -> tuple[dict[str, int], list[str]]:
    """Deletes what is not staged up to day `until`; rows by table, and a line for each table that lost some.

    The same files give the same tables, whatever was loaded before them. Each row is noted with the number of
    this change, by which metrics and fingerprints see that it went. With `known_on`, a live data set's run
    date, what went is not lost: a later day brought it.
    """
    removed: dict[str, int] = {}
    warnings: list[str] = []
    for table in (*_SERIES, "portfolio_transactions"):
        rows, first, last = 0, None, None
        for gone in _statements(table):
            statement = sql.SQL(_NOTE).format(gone=gone, source=sql.Literal(table))
            count, begin, end = connection.execute(statement, parameters).fetchone()
            if count > 0:
                rows += count
                first = begin if first is None else min(first, begin)
                last = end if last is None else max(last, end)
        removed[table] = rows
        if rows > 0:
            warnings.append(_said(table, rows, first, last, known_on))
    return removed, warnings


def _statements(table: str) -> list[sql.Composable]:
    if table == "portfolio_transactions":
        return [sql.SQL(_LOST_LINES)]
    gas = table == "gas_fees_daily"
    whole = sql.SQL(_GONE).format(
        table=sql.Identifier(table),
        staged=sql.Identifier(f"staged_{table}"),
        same=sql.SQL(_SAME[table]),
        series=sql.SQL(_SERIES[table]),
        only=sql.SQL("and t.change_seq > 0 and t.forecasted_avg_gas_gwei is null" if gas else ""),
    )
    return [whole, sql.SQL(_GAS_WITH_FORECAST)] if gas else [whole]


def _said(table: str, rows: int, first: date, last: date, known_on: date | None) -> str:
    days = f"of {first}" if first == last else f"from {first} to {last}"
    what, was, it = ("1 row", "was", "it") if rows == 1 else (f"{rows:,} rows", "were", "them")
    if known_on is not None:
        return (
            f"{table}: {what} {days} became known after {known_on} and {was} set aside; "
            f"the next later run brings {it} back"
        )
    return f"{table}: {what} {days} that the source no longer has {was} removed"
