"""What is due: everything, what a change can have altered, or nothing. Decided by SQL in one snapshot."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.pool_metrics import exogenous
from sevenfold_jobs.pool_metrics.rules import EXOGENOUS, LOOKBACK_DAYS

PLAN_SQL = text_of("pool_metrics", "sql", "plan.sql")

# Later than any day, earlier than any change: the empty memory of a data set without metrics.
NOTHING_KNOWN = {"known_first": None, "known_last": None, "known_change": -1, "whole_pools": []}


@dataclass(frozen=True)
class Plan:
    """`mode` full, increment or nothing; `change` is the newest change that the planned rows hold."""

    mode: str
    first: date
    last: date
    pools: int
    change: int
    known_state: tuple[Any, ...] | None
    stretches: int
    rows: int
    first_due: date | None
    last_due: date | None
    exogenous: pd.DataFrame
    #: the source took rows of the history back since the metrics were computed
    lost_history: bool

    @property
    def rows_in_all(self) -> int:
        """Rows that the metrics of the data set have when this plan is done."""
        return self.pools * ((self.last - self.first).days + 1)


def make_plan(
    connection: psycopg.Connection, table: sql.Identifier, request: dict[str, Any], version: int
) -> Plan:
    """Creates `table` with a row for each stretch (transforms.py) and tells what it holds."""
    dataset, parity = request["dataset"], request.get("parity", False)
    cursor = connection.cursor(row_factory=namedtuple_row)
    bounds = cursor.execute(BOUNDS, {"dataset": dataset}).fetchone()
    if bounds.first is None:
        raise InvalidInput(f"{dataset} has no pool history: ingest comes first.")
    prices = _frame(cursor, PRICES, dataset)
    gas = _frame(cursor, GAS, dataset)
    if parity:
        run_date = date.fromisoformat(request["date"]) if request.get("date") else bounds.last
        days = exogenous.exogenous_days_as_original(prices, gas, bounds.first, bounds.last, run_date)
    else:
        days = exogenous.exogenous_days(prices, gas, bounds.first, bounds.last)
    state = read_state(connection, dataset)
    known = NOTHING_KNOWN
    # The original's fill has no limit, so there a change reaches to the end.
    full = request.get("full", False) or parity or state is None or state.metrics_version != version
    if not full:
        known = _what_is_known(cursor, dataset, state)
        full = not known["whole_pools"]
    parameters = {
        **known,
        "dataset": dataset,
        "first": bounds.first,
        "last": bounds.last,
        "lookback": LOOKBACK_DAYS,
        "exogenous_days": [] if full else _changed_days(cursor, dataset, days, known),
    }
    cursor.execute(sql.SQL(PLAN_SQL).format(plan=table), parameters)
    due = cursor.execute(
        sql.SQL(
            "select count(*) as stretches, coalesce(sum(last - first + 1), 0)::bigint as rows,"
            " min(first) as first, max(last) as last from {}"
        ).format(table)
    ).fetchone()
    return Plan(
        mode="full" if full else "increment" if due.rows else "nothing",
        first=bounds.first,
        last=bounds.last,
        pools=bounds.pools,
        change=newest_change(connection, dataset),
        known_state=state,
        stretches=due.stretches,
        rows=due.rows,
        first_due=due.first,
        last_due=due.last,
        exogenous=days,
        lost_history=_lost_history(connection, dataset, state),
    )


def read_state(connection: psycopg.Connection, dataset: str) -> Any | None:
    """Up to which change the stored metrics go; None where there are none."""
    return (
        connection.cursor(row_factory=namedtuple_row)
        .execute(
            "select metrics_version, change_seq, first_date, last_date"
            " from pool_metrics_state where dataset = %s",
            [dataset],
        )
        .fetchone()
    )


def newest_change(connection: psycopg.Connection, dataset: str) -> int:
    """The newest change of history, prices and gas, and of what was taken back of them."""
    return connection.execute(NEWEST_CHANGE, {"dataset": dataset}).fetchone()[0]


def _lost_history(connection: psycopg.Connection, dataset: str, state: Any | None) -> bool:
    return connection.execute(
        "select exists (select from removed_rows where dataset = %s and source = 'pool_history'"
        " and change_seq > %s)",
        [dataset, NOTHING_KNOWN["known_change"] if state is None else state.change_seq],
    ).fetchone()[0]


def _what_is_known(cursor: psycopg.Cursor, dataset: str, state: Any) -> dict[str, Any]:
    """The pools whose stored rows are all there. A pool with a hole is computed anew as a whole."""
    known = {"known_first": state.first_date, "known_last": state.last_date, "known_change": state.change_seq}
    whole = cursor.execute(
        """
        select pool_id from pool_daily_metrics
         where dataset = %(dataset)s and metrics_version is not null
           and date between %(known_first)s and %(known_last)s
         group by pool_id having count(*) = %(known_last)s::date - %(known_first)s::date + 1
        """,
        {**known, "dataset": dataset},
    ).fetchall()
    return {**known, "whole_pools": [row.pool_id for row in whole]}


def _changed_days(
    cursor: psycopg.Cursor, dataset: str, days: pd.DataFrame, known: dict[str, Any]
) -> list[date]:
    """Days on which the series differ from what any one pool, say the first, has stored."""
    stored = cursor.execute(
        "select date, eth_open, btc_open, gas_price_gwei from pool_daily_metrics"
        " where dataset = %s and pool_id = %s and date between %s and %s",
        [dataset, known["whole_pools"][0], known["known_first"], known["known_last"]],
    ).fetchall()
    now = days.astype(object).where(days.notna(), None)
    return [
        row.date
        for row in stored
        # of a day that the history no longer reaches nothing is due
        if pd.Timestamp(row.date) in now.index
        and tuple(row[1:]) != tuple(now.loc[pd.Timestamp(row.date), list(EXOGENOUS)])
    ]


def _frame(cursor: psycopg.Cursor, query: str, dataset: str) -> pd.DataFrame:
    rows = cursor.execute(query, {"dataset": dataset}).fetchall()
    return pd.DataFrame(rows, columns=[column.name for column in cursor.description])


# by group: count(distinct) would sort all rows
BOUNDS = """
    select min(first) as first, max(last) as last, count(*) as pools
      from (select min(date) as first, max(date) as last
              from pool_history where dataset = %(dataset)s group by pool_id) as by_pool
"""
# Symbols are compared without regard to case; of two spellings on a day the first in the alphabet counts.
PRICES = """
    select distinct on (date, upper(symbol)) upper(symbol) as symbol, date, close from token_prices_daily
     where dataset = %(dataset)s and upper(symbol) in ('ETH', 'BTC')
     order by date, upper(symbol), symbol
"""
GAS = "select date, actual_avg_gas_gwei from gas_fees_daily where dataset = %(dataset)s order by date"
NEWEST_CHANGE = """
    select greatest((select max(change_seq) from pool_history where dataset = %(dataset)s),
                    (select max(change_seq) from token_prices_daily where dataset = %(dataset)s),
                    (select max(change_seq) from gas_fees_daily where dataset = %(dataset)s),
                    (select max(change_seq) from removed_rows
                      where dataset = %(dataset)s
                        and source in ('pool_history', 'token_prices_daily', 'gas_fees_daily')))
"""
