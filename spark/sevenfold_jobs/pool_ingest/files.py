"""Source `files`: a folder of CSV and Parquet files, read whole and checked before anything is written."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.bounds import BOUNDS, PEGGED_CLOSE, Days, plain
from sevenfold_jobs.common.door.places import find_file
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import Problems, shown
from sevenfold_jobs.common.tables import Table, read_table
from sevenfold_jobs.pool_ingest import units
from sevenfold_jobs.pool_ingest.source import SCHEMAS, Source

# numeric(38, 18)
AMOUNT_DECIMALS = 18


def read_folder(path: Path, request: dict[str, Any] | None = None) -> Source:
    """Every file of the folder. Raises InvalidInput that names the first five faults of all files.

    Read of the request: `firstDays` (common/bounds.py) and `peggedTokens`, symbols worth a dollar each.
    """
    if not path.is_dir():
        raise InvalidInput(f"The folder {path} does not exist: check the path.")
    request = request or {}
    problems = Problems()
    chains, macro = Days.of(request, "chains"), Days.of(request, "prices")
    pools = _pools(path, problems)
    tables = {
        "pools": pools,
        "pool_history": _history(path, problems, pools, chains),
        "token_prices_daily": _prices(path, problems, chains, request.get("peggedTokens", ())),
        "gas_fees_daily": _gas(path, problems, chains),
        # what central banks publish is older than any chain
        "macroeconomic_data": _macro(path, problems, macro),
        "portfolio_transactions": _transactions(path, problems, chains),
    }
    problems.raise_if_any()
    source = Source({name: table for name, table in tables.items() if table is not None}, problems.warnings)
    source.warnings += units.remarks(source)
    return source


def _file(folder: Path, name: str, columns: Sequence[str], problems: Problems, **how: Any) -> Table | None:
    """A file whose remarks, those still to come too, are among the source's warnings."""
    file = read_table(folder, name, columns, problems, **how)
    if file is not None:
        problems.warnings += file.remarks
        file.remarks = problems.warnings
    return file


def _pools(folder: Path, problems: Problems) -> pa.Table | None:
    columns = ["pool_id", "chain", "protocol", "symbol", "tvl_usd", "apy"]
    columns += ["underlying_tokens", "underlying_token_addresses", "pool_meta"]
    file = _file(folder, "pools.csv", columns, problems)
    if file is None:
        return None
    pool_id = file.text("pool_id", required=True)
    file.refuse_repeats({"pool_id": pool_id})
    tokens, addresses = _underlyings(file)
    address = file.text("pool_address", required=False) if "pool_address" in file.columns else None
    return _table(
        "pools",
        file.rows,
        pool_id=pool_id,
        # without these the pool is kept and rejected by the pre-filter, which says why
        chain=file.text("chain", required=False),
        protocol=file.text("protocol", required=False),
        symbol=file.text("symbol", required=False),
        tvl=file.numbers("tvl_usd", required=False, within=BOUNDS["pools", "tvl"]),
        apy=file.numbers("apy", required=False, within=BOUNDS["pools", "apy"]),
        pool_address=address,
        underlying_tokens=tokens,
        underlying_token_addresses=addresses,
        poolmeta=file.text("pool_meta", required=False),
    )


def _underlyings(file: Table) -> tuple[pa.Array, pa.Array]:
    """Tokens and addresses joined by |, one address a token; it may be empty between the bars."""
    names = file.text("underlying_tokens", required=False).to_pylist()
    given = file.text("underlying_token_addresses", required=False).to_pylist()
    tokens: list[str] = []
    addresses: list[str] = []
    for row, (name, address) in enumerate(zip(names, given, strict=True)):
        parts = [part.strip() for part in name.split("|")] if name else []
        found = [part.strip() for part in address.split("|")] if address else [""] * len(parts)
        if "" in parts:
            file.problems.add(
                file.where(row, "underlying_tokens"), f"{shown(name)} has an empty token", "name every token"
            )
        if len(found) != len(parts):
            file.problems.add(
                file.where(row, "underlying_token_addresses"),
                f"{shown(address)} has {len(found)} addresses for {len(parts)} tokens",
                "give one for each token, empty between the bars where unknown",
            )
        tokens.append("|".join(parts))
        addresses.append("|".join(found))
    return pa.array(tokens, pa.string()), pa.array(addresses, pa.string())


def _history(folder: Path, problems: Problems, pools: pa.Table | None, allowed: Days) -> pa.Table | None:
    file = _file(folder, "pool_history.parquet", ["pool_id", "date", "apy", "tvl_usd"], problems)
    if file is None:
        return None
    pool_id, day = file.text("pool_id", required=True), file.days("date", allowed)
    if pools is not None:
        file.refuse_unknown("pool_id", pool_id, pools["pool_id"].combine_chunks(), "pools.csv")
    file.refuse_repeats({"pool_id": pool_id, "date": day})
    return _table(
        "pool_history",
        file.rows,
        pool_id=pool_id,
        date=day,
        apy=file.numbers("apy", within=BOUNDS["pool_history", "apy"]),
        tvl=file.numbers("tvl_usd", within=BOUNDS["pool_history", "tvl"]),
    )


def _prices(folder: Path, problems: Problems, allowed: Days, pegged: Sequence[str]) -> pa.Table | None:
    columns = ["symbol", "date", "open", "high", "low", "close", "volume"]
    file = _file(folder, "prices_daily.csv", columns, problems)
    if file is None:
        return None
    symbol, day = file.text("symbol", required=True), file.days("date", allowed)
    file.refuse_repeats({"symbol": symbol, "date": day})
    # A zero in a candle is a hole of the source; taken as a price it would put the token into the icebox.
    candle = {
        column: _holes_for_zeros(
            file, column, file.numbers(column, required=False, within=BOUNDS["token_prices_daily", column])
        )
        for column in ("open", "high", "low")
    }
    close = file.numbers("close", above=0, within=BOUNDS["token_prices_daily", "close"])
    is_pegged = pc.is_in(
        pc.utf8_lower(symbol), value_set=pa.array([each.lower() for each in pegged], pa.string())
    )
    file.refuse_outside("close", close, PEGGED_CLOSE, only=is_pegged)
    return _table(
        "token_prices_daily",
        file.rows,
        symbol=symbol,
        date=day,
        **candle,
        close=close,
        volume=file.numbers("volume", required=False, within=BOUNDS["token_prices_daily", "volume"]),
    )


def _holes_for_zeros(file: Table, column: str, values: pa.Array) -> pa.Array:
    is_zero = pc.fill_null(pc.equal(values, 0.0), False)
    zeros = np.flatnonzero(is_zero.to_numpy(zero_copy_only=False))
    if zeros.size:
        file.problems.warnings.append(
            f"{file.where(int(zeros[0]), column)}: 0 counts as missing ({zeros.size} in all)"
        )
    return pc.if_else(is_zero, None, values)


def _gas(folder: Path, problems: Problems, allowed: Days) -> pa.Table | None:
    file = _file(folder, "gas_daily.csv", ["date", "avg_gas_gwei"], problems)
    if file is None:
        return None
    day = file.days("date", allowed)
    file.refuse_repeats({"date": day})
    gas = file.numbers("avg_gas_gwei", within=BOUNDS["gas_fees_daily", "actual_avg_gas_gwei"])
    return _table("gas_fees_daily", file.rows, date=day, actual_avg_gas_gwei=gas)


def _macro(folder: Path, problems: Problems, allowed: Days) -> pa.Table | None:
    columns = ["series_id", "series_name", "frequency", "date", "value"]
    file = _file(folder, "macro.parquet", columns, problems)
    if file is None:
        return None
    series, day = file.text("series_id", required=True), file.days("date", allowed)
    file.refuse_repeats({"series_id": series, "date": day})
    return _table(
        "macroeconomic_data",
        file.rows,
        series_id=series,
        date=day,
        value=file.numbers("value", within=BOUNDS["macroeconomic_data", "value"]),
        series_name=file.text("series_name", required=False),
        frequency=file.text("frequency", required=False),
    )


def _transactions(folder: Path, problems: Problems, allowed: Days) -> pa.Table | None:
    """The paper portfolio's own movements: an optional file."""
    name = "transactions.csv"
    if not find_file(folder, name):
        return SCHEMAS["portfolio_transactions"].empty_table()
    columns = ["date", "token", "amount", "direction"]
    file = _file(folder, name, columns, problems, others_allowed=False, may_be_empty=True)
    if file is None:
        return None
    return _table(
        "portfolio_transactions",
        file.rows,
        line=pa.array(np.arange(1, file.rows + 1), pa.int32()),
        date=file.days("date", allowed),
        token=file.text("token", required=True),
        amount=_amounts(file),
        direction=file.one_of("direction", ["in", "out"]),
    )


def _amounts(file: Table) -> pa.Array:
    bound = BOUNDS["portfolio_transactions", "amount"]
    amounts: list[str | None] = []
    for row, text in enumerate(file.text("amount", required=True).to_pylist()):
        try:
            amount = Decimal(text) if text is not None else None
        except InvalidOperation:
            amount = Decimal("nan")
        amounts.append(None)
        where = file.where(row, "amount")
        if amount is None:
            continue
        if not amount.is_finite():
            file.problems.add(
                where, f"{shown(text)} is not a finite number", "write a plain number such as 1234.5"
            )
        elif amount <= 0:
            file.problems.add(where, f"{shown(text)} is not above 0", "direction says which way it goes")
        elif amount > Decimal(bound.high):
            file.problems.add(
                where,
                f"{shown(text)} is more than {plain(bound.high)}",
                f"{bound.text()} are allowed; {bound.hint}, or remove the row",
            )
        elif -int(amount.normalize().as_tuple().exponent) > AMOUNT_DECIMALS:
            file.problems.add(where, f"{shown(text)} does not fit", "write at most 18 decimals")
        else:
            amounts[-1] = f"{amount:f}"
    return pa.array(amounts, pa.string())


def _table(name: str, rows: int, **columns: pa.Array | None) -> pa.Table:
    schema = SCHEMAS[name]
    arrays = [
        pa.nulls(rows, field.type)
        if columns[field.name] is None
        else pc.cast(columns[field.name], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
