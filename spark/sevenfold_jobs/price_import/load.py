"""Brings series into the database: staged, compared with what is stored, and only what differs written."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import class_row

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.price_import.series import SCHEMA, Series

STAGE, RESPECT, REPLACE, COMPARE, WRITE, ACCOUNT = (
    text_of("price_import", "sql", f"{name}.sql")
    for name in ("stage", "respect", "replace", "compare", "write", "account")
)


@dataclass
class Account:
    """What an import did to one commodity. `rows` are those of the file with its closed days, by version."""

    commodity: str
    rows: int
    new: int
    versions: int  # of a day that was there, known later
    revised: int  # same day, same known_at, another value
    unchanged: int
    trading_days: int
    first: date
    last: date
    inside: int  # stored rows between first and last that the file does not have
    outside: int  # stored rows before and after
    days: list[date]  # trading days among those inside


def write(
    batch: Batch, connection: psycopg.Connection, series: list[Series], *, replace: bool = False
) -> tuple[list[Account], list[tuple[str, int, list[date]]]]:
    """Everything but the commit, in the connection's transaction.

    Rows that are not in the file stay; with `replace` they go, and are answered by commodity: how many, and
    the trading days among them. What is stored then is what an empty database would hold.
    """
    # one importer at a time: what is compared has to be what is written
    connection.execute("select pg_advisory_xact_lock(hashtextextended('sevenfold/prices', 0))")
    connection.execute(STAGE)
    batch.copy(
        connection,
        "staged_prices",
        SCHEMA.names,
        [part for each in series for part in each.table().to_batches()],
    )
    connection.execute("analyze staged_prices")
    for each in series:
        _write_commodity(connection, each, replace=replace)
    dropped = connection.execute(REPLACE).fetchall() if replace else []
    if not replace:
        connection.execute(RESPECT)
    connection.execute(COMPARE)
    connection.execute("analyze compared_prices")
    with connection.cursor(row_factory=class_row(Account)) as cursor:
        accounts = cursor.execute(ACCOUNT).fetchall()
    connection.execute(WRITE)
    return accounts, dropped


def digest(connection: psycopg.Connection, commodity: str) -> str:
    """What is stored of the commodity, as one number (price_digests): equal numbers, equal rows."""
    row = connection.execute(
        "select digest::text from price_digests(%s) order by as_of desc limit 1", [commodity]
    ).fetchone()
    assert row is not None
    return row[0]


def _write_commodity(connection: psycopg.Connection, series: Series, *, replace: bool) -> None:
    """The commodity's own row. Covariates of earlier files stay behind this one's, or go with `replace`."""
    stored = connection.execute(
        "select covariates from commodities where commodity = %s", [series.commodity]
    ).fetchone()
    earlier = [] if stored is None or replace else stored[0]
    values: dict[str, Any] = {
        "commodity": series.commodity,
        "name": series.name,
        "unit": series.unit,
        "covariates": [*series.covariates, *(name for name in earlier if name not in series.covariates)],
        "is_synthetic": series.is_synthetic,
        "source": series.source,
    }
    connection.execute(
        """
        insert into commodities as c (commodity, name, unit, covariates, is_synthetic, source)
        values (%(commodity)s, %(name)s, %(unit)s, %(covariates)s, %(is_synthetic)s, %(source)s)
            on conflict (commodity) do update
           set name = excluded.name, unit = excluded.unit, covariates = excluded.covariates,
               is_synthetic = excluded.is_synthetic, source = excluded.source
         where c is distinct from excluded
        """,
        values,
    )
