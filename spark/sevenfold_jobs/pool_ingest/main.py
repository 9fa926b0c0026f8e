"""Job `pool_ingest`: `{dataset, source, path?, date}` → the tables of phase ingest, in one transaction."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.compute as pc

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.estimates import renew_estimates
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest import files, load, removals, sample
from sevenfold_jobs.pool_ingest.live.ingest import stage_live
from sevenfold_jobs.pool_ingest.source import SCHEMAS, Source, refuse_day_outside

# In the ledger; the log has all of them.
WARNINGS_KEPT = 50


def run(batch: Batch) -> dict[str, Any]:
    """Reads and checks the whole source, then loads what was known on the run date, and nothing else stays.

    Returns `{due, changed, removed, retired, warnings}`: rows of the source, rows written and rows that the
    source no longer has by table, pools that it no longer lists, remarks. Raises InvalidInput before anything
    is written.
    """
    day = _day(batch.input["date"])
    source = batch.input["source"]
    whole = None if source == "live" else _read(batch.input, day)
    if whole is not None:
        refuse_day_outside(day, whole.tables["pool_history"])
    parameters = {
        "dataset": batch.input["dataset"],
        # what a later run brought of the day itself is not lost: these sources end the day before
        "until": day - timedelta(days=1) if source in ("sample", "live") else day,
        "lines": whole.tables["portfolio_transactions"].num_rows if whole is not None else 0,
    }
    with batch.connect() as connection:
        if whole is not None:
            due, newest_days, warnings = _stage(batch, connection, whole.known_on(day))
            load.lock_dataset(connection, parameters["dataset"])
        else:
            load.lock_dataset(connection, parameters["dataset"])
            due, newest_days, warnings = stage_live(batch, connection, day)
        [parameters["change"]] = connection.execute("select nextval('change_seq')").fetchone()
        changed = {name: load.merge(connection, name, SCHEMAS[name], parameters) for name in due}
        retired = load.retire_pools(connection, parameters)
        removed, losses = removals.remove_lost_rows(
            connection, parameters, known_on=day if source == "live" else None
        )
        for name, written in changed.items():
            renew_estimates(connection, name, written)
        warnings = [*warnings, *losses]
        for warning in warnings:
            print(warning)
        total = sum(due.values())
        batch.progress(total, total, "committing")
        detail = {
            "due": due,
            "newest": newest_days,
            "removed": removed,
            "warnings": warnings[:WARNINGS_KEPT],
        }
        batch.commit(connection, total, detail)
    return {
        "due": due,
        "changed": changed,
        "removed": removed,
        "retired": retired,
        "warnings": warnings[:WARNINGS_KEPT],
    }


def _stage(
    batch: Batch, connection: psycopg.Connection, known: Source
) -> tuple[dict[str, int], dict[str, str | None], list[str]]:
    """Stages every table of a source. Returns rows by table, the newest day by series, and remarks."""
    due = {name: table.num_rows for name, table in known.tables.items()}
    total, done = sum(due.values()), 0
    for name, table in known.tables.items():
        batch.progress(done, total, f"copying {name}")
        load.stage(batch, connection, name, table)
        done += table.num_rows
    return due, newest(known), known.warnings


def newest(source: Source) -> dict[str, str | None]:
    """The newest day of each table, of each price and of each macro series."""
    found: dict[str, str | None] = {}
    for name in ("pool_history", "gas_fees_daily"):
        found[name] = _text(pc.max(source.tables[name]["date"]).as_py())
    for name, key in (("token_prices_daily", "symbol"), ("macroeconomic_data", "series_id")):
        days = source.tables[name].group_by(key).aggregate([("date", "max")])
        found |= {row[key]: _text(row["date_max"]) for row in days.to_pylist()}
    return found


def _read(request: dict[str, Any], day: date) -> Source:
    if request["source"] == "sample":
        return sample.generate(day, today=datetime.now(UTC).date())
    if request["source"] != "files":
        raise InvalidInput(f"Source {request['source']!r} is unknown: it is files, live or sample.")
    if not request.get("path"):
        raise InvalidInput("Source files needs a path: give the folder that holds pools.csv.")
    return files.read_folder(Path(request["path"]), request)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a date: write it as YYYY-MM-DD.") from None


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
