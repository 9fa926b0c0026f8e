"""The table `pools` of a run date: DefiLlama's listing, approved names, addresses, Pendle's markets."""

from datetime import date

import psycopg
import pyarrow as pa

from sevenfold_jobs.common.bounds import BOUNDS
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest.live import llama, pendle, protocols
from sevenfold_jobs.pool_ingest.live.bodies import Unreadable, address
from sevenfold_jobs.pool_ingest.live.remarks import Remarks, remarked
from sevenfold_jobs.pool_ingest.live.request import Request
from sevenfold_jobs.pool_ingest.live.responses import Response, accepted, newest
from sevenfold_jobs.pool_ingest.source import SCHEMAS


def read_listing(connection: psycopg.Connection, request: Request, remarks: Remarks) -> pa.Table:
    """Rows of `SCHEMAS["pools"]`. Raises InvalidInput where the run date has no readable listing."""
    pools = _pools(connection, request.day, remarks)
    addresses = _addresses(connection, request.day, remarks)
    markets = _markets(connection, request.day, remarks)
    names = {
        pool.pool_id: protocols.approved_name(pool.project, request.approved_protocols, request.day)
        for pool in pools
    }
    for line in (
        *protocols.renamed(pools, names, _stored_protocols(connection, request.dataset)),
        *protocols.unmatched(request.approved_protocols, set(names.values())),
    ):
        remarks.say(line)
    rows = []
    for pool in pools:
        own = addresses.get(pool.pool_id)
        underlyings, meta = pool.underlyings, pool.meta
        if names[pool.pool_id] == pendle.PROTOCOL and pool.chain == "Ethereum":
            market = markets.of(pool, own)
            if market is None:
                remarks.count("Pendle pools without a market", pool.pool_id)
            else:
                underlyings = list(pendle.underlying_of(market, request.approved_addresses))
                meta = pendle.with_maturity(meta, market.expiry)
        rows.append(_row(pool, names[pool.pool_id], own, underlyings, meta, request, remarks))
    return pa.Table.from_pylist(rows, schema=SCHEMAS["pools"])


def _pools(connection: psycopg.Connection, day: date, remarks: Remarks) -> list[llama.Pool]:
    response = next(iter(accepted(connection, "llama-pools", day)), None)
    if response is None:
        raise InvalidInput(
            f"Nothing of source llama-pools is stored for {day}: its pools were not fetched on that day, "
            "and no other day's listing can stand in."
        )
    try:
        pools, nameless, repeated = llama.read_pools(response.body)
    except Unreadable as error:
        raise InvalidInput(f"{response.name} of {day}: {error}") from None
    if nameless:
        remarks.say(f"llama-pools: {nameless:,} rows have no pool id and were left out")
    if repeated:
        remarks.say(f"llama-pools: {repeated:,} rows repeat a pool id and were left out")
    return pools


def _addresses(connection: psycopg.Connection, day: date, remarks: Remarks) -> dict[str, str]:
    found: dict[str, str] = {}
    for response in usable(connection, "llama-addresses", day, remarks):
        with remarked(response, remarks):
            found |= llama.read_addresses(response.body)
    return found


def _markets(connection: psycopg.Connection, day: date, remarks: Remarks) -> pendle.Markets:
    by_address: dict[str, pendle.Market] = {}
    due = 0
    for response in usable(connection, "pendle", day, remarks):
        with remarked(response, remarks):
            markets, due, damaged = pendle.read_markets(response.body)
            by_address |= {market.market: market for market in markets}
            if damaged:
                remarks.say(f"{response.name}: {damaged} markets have no address or no maturity")
    if len(by_address) < due:
        remarks.say(
            f"pendle: {len(by_address)} of {due} markets were read; pools of the others are not known"
        )
    return pendle.Markets(list(by_address.values()))


def _stored_protocols(connection: psycopg.Connection, dataset: str) -> dict[str, str | None]:
    return dict(connection.execute("select pool_id, protocol from pools where dataset = %s", [dataset]))


def _row(
    pool: llama.Pool,
    protocol: str | None,
    own: str | None,
    underlyings: list[str],
    meta: str | None,
    request: Request,
    remarks: Remarks,
) -> dict[str, object]:
    figures = {"tvl": pool.tvl, "apy": pool.apy}
    for name, value in figures.items():
        bound = BOUNDS["pools", name]
        if value is not None and not bound.low <= value <= bound.high:
            remarks.count(f"pools whose {name} is not {bound.text()}", f"{pool.pool_id} {value:g}")
            figures[name] = None
    tokens = [address(token) or "" for token in underlyings]
    return {
        "pool_id": pool.pool_id,
        "chain": pool.chain,
        "protocol": protocol,
        "symbol": pool.symbol,
        **figures,
        "pool_address": own,
        "underlying_tokens": "|".join(_names(pool.symbol, underlyings, request)),
        "underlying_token_addresses": "|".join(tokens),
        "poolmeta": meta,
    }


def _names(symbol: str | None, underlyings: list[str], request: Request) -> list[str]:
    """The approved symbol by address; else the pool's own word for it (`PYUSD-USDC`); else as written."""
    words = [word.strip().replace("|", "/") for word in (symbol or "").split("-")]
    if len(words) != len(underlyings) or "" in words:
        words = underlyings
    return [request.symbol_of.get(token, word) for token, word in zip(underlyings, words, strict=True)]


def usable(connection: psycopg.Connection, source: str, day: date, remarks: Remarks) -> list[Response]:
    """The small answers of a source that may be some days old, with a remark where they are or lack."""
    found, of_day = newest(connection, source, day)
    if of_day is not None and of_day < day:
        age = (day - of_day).days
        remarks.say(f"{source}: the answers of {of_day} stand in, aged {age} day{'' if age == 1 else 's'}")
    return list(found)
