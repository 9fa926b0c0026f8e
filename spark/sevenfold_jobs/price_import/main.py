"""Job `price_import`: `{path | sample, settings, commodities?, replace?}` → tables commodities and prices."""

import difflib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.bounds import Days
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.price_import import files, load, remarks, sample, series
from sevenfold_jobs.price_import.wording import listing

# In the ledger; the log has all of them.
WARNINGS_KEPT = 50


def run(batch: Batch) -> dict[str, Any]:
    """Reads and checks every row, then writes what is new or differs, in one transaction.

    Stored rows that the source does not have stay, or go with `replace`.

    `settings` is the list of config/prices. Returns `{commodities: {WTI: {rows, new, versions, revised,
    unchanged, tradingDays, kept, firstDate, lastDate}}, warnings}`. Raises InvalidInput before anything is
    written.
    """
    request = batch.input
    if request.get("sample"):
        source = sample.generate()
    else:
        source = files.read(Path(request["path"]), Days.of(request, "prices"))
    settings = {each["commodity"]: each for each in request["settings"]}
    chosen = _chosen(source, request.get("commodities"))
    _refuse_missing_days(source, chosen)
    batch.progress(0, 2, "rows read and checked")
    built = [series.build(source.prices, source.figures, name, settings.get(name)) for name in chosen]
    warnings = list(source.warnings)
    for each in built:
        each.source, each.is_synthetic = source.name, bool(request.get("sample"))
        warnings += [*remarks.remarks(source.prices, each.commodity), *each.warnings]
    with batch.connect() as connection:
        batch.progress(1, 2, "writing")
        accounts, dropped = load.write(batch, connection, built, replace=bool(request.get("replace")))
        for account in accounts:
            warnings += _kept(account)
        warnings += [_dropped(*each) for each in dropped]
        for warning in warnings:
            print(warning)
        commodities = {account.commodity: _account_as_json(account) for account in accounts}
        due = {
            account.commodity: {
                "rows": account.rows + account.inside,
                "first": account.first.isoformat(),
                "last": account.last.isoformat(),
                "digest": load.digest(connection, account.commodity),
            }
            for account in accounts
        }
        rows_due = sum(each["rows"] for each in due.values())
        detail = {
            "rows": rows_due,
            "commodities": len(due),
            "due": due,
            "series": commodities,
            "warnings": warnings[:WARNINGS_KEPT],
            "warningsInAll": len(warnings),
        }
        batch.progress(2, 2, "committing")
        batch.commit(connection, rows_due, detail)
    return {"commodities": commodities, "warnings": warnings[:WARNINGS_KEPT]}


def _chosen(source: files.Source, wanted: list[str] | None) -> list[str]:
    present = sorted(np.unique(source.prices.commodity.astype(str)).tolist())
    for name in wanted or []:
        if name not in present:
            near = difflib.get_close_matches(name.upper(), present, 1)
            hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(present)}."
            raise InvalidInput(f"Commodity {name} is not in {source.name}. {hint}")
    return present if wanted is None else sorted(set(wanted))


def _refuse_missing_days(source: files.Source, commodities: list[str]) -> None:
    missing = [day for name in commodities for day in remarks.missing_days(source.prices, name)]
    if missing:
        raise InvalidInput(
            f"{source.name} lists its closed days and leaves days out, nothing was imported. "
            f"Add a row for each ({len(missing):,}): {listing(missing)}"
        )


def _kept(account: load.Account) -> list[str]:
    if account.inside == 0:
        return []
    named = (
        f", prices among them: {listing([day.isoformat() for day in account.days])}" if account.days else ""
    )
    return [
        f"{account.commodity}: stored rows from {account.first} to {account.last} that are not in the file "
        f"stay ({account.inside:,}){named}; to drop them: the same import with --replace"
    ]


def _dropped(commodity: str, rows: int, days: list[date]) -> str:
    named = f", prices among them: {listing([day.isoformat() for day in days])}" if days else ""
    return f"{commodity}: stored rows that are not in the file were dropped ({rows:,}){named}"


def _account_as_json(account: load.Account) -> dict[str, Any]:
    return {
        "rows": account.rows,
        "new": account.new,
        "versions": account.versions,
        "revised": account.revised,
        "unchanged": account.unchanged,
        "tradingDays": account.trading_days,
        "kept": account.inside + account.outside,
        "firstDate": account.first.isoformat(),
        "lastDate": account.last.isoformat(),
    }
