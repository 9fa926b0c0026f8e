"""From a run date's stored answers to staged tables: the rows that a folder of the same facts gives."""

from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest import load
from sevenfold_jobs.pool_ingest.live import offers
from sevenfold_jobs.pool_ingest.live.listing import read_listing
from sevenfold_jobs.pool_ingest.live.observed import FIGURES, keep_first, offering, stage_known
from sevenfold_jobs.pool_ingest.live.remarks import Remarks
from sevenfold_jobs.pool_ingest.live.request import Request
from sevenfold_jobs.pool_ingest.source import SCHEMAS

_TRANSACTIONS = "portfolio_transactions"


def stage_live(
    batch: Batch, connection: psycopg.Connection, day: date
) -> tuple[dict[str, int], dict[str, str | None], list[str]]:
    """Stages every table. Returns rows by table, the newest day by series, and remarks.

    The same answers give the same rows, whatever later days brought. Raises InvalidInput where the day
    cannot do without what is missing.
    """
    request = Request.of(batch.input, day)
    remarks = Remarks()
    batch.progress(0, len(SCHEMAS), "reading pools")
    pools = read_listing(connection, request, remarks)
    load.stage(batch, connection, "pools", pools)
    due = {"pools": pools.num_rows}
    listed = set(pools["pool_id"].to_pylist())
    del pools
    with offering(batch, connection, "pool_history") as offer:
        offers.offer_charts(batch, connection, offer, request, listed, remarks)
    with offering(batch, connection, "token_prices_daily") as offer:
        offers.offer_prices(connection, offer, request, remarks)
    with offering(batch, connection, "gas_fees_daily") as offer:
        offers.offer_gas(connection, offer, request, remarks)
    with offering(batch, connection, "macroeconomic_data") as offer:
        offers.offer_rates(connection, offer, request, remarks)
    revised = []
    for table in FIGURES:
        batch.progress(len(due), len(SCHEMAS), f"comparing {table}")
        revised += keep_first(connection, table, request.dataset, day)
        due[table] = stage_known(connection, table, request.dataset, day)
    load.stage(batch, connection, _TRANSACTIONS, SCHEMAS[_TRANSACTIONS].empty_table())
    newest = _newest(connection)
    _refuse_stale(newest["pool_history"], day)
    return due | {_TRANSACTIONS: 0}, newest, [*revised, *remarks.lines()]


def _newest(connection: psycopg.Connection) -> dict[str, str | None]:
    found: dict[str, Any] = {}
    for table in ("pool_history", "gas_fees_daily"):
        [found[table]] = connection.execute(
            sql.SQL("select max(date)::text from {}").format(sql.Identifier(f"staged_{table}"))
        ).fetchone()
    for table, key in (("token_prices_daily", "symbol"), ("macroeconomic_data", "series_id")):
        found |= dict(
            connection.execute(
                sql.SQL("select {key}, max(date)::text from {staged} group by 1 order by 1").format(
                    key=sql.Identifier(key), staged=sql.Identifier(f"staged_{table}")
                )
            ).fetchall()
        )
    return found


def _refuse_stale(newest: str | None, day: date) -> None:
    before = day - timedelta(days=1)
    if newest is None or newest < before.isoformat():
        raise InvalidInput(
            f"No pool's chart has {before}, the last whole day before {day}: the newest day of all is "
            f"{newest or 'none'}. The provider was behind when it was asked, and what is stored stays: "
            "this day cannot be made; the charts of the next one have it too."
        )
