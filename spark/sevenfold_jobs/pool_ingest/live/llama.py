"""DefiLlama: pools, charts, token addresses, prices of coins."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sevenfold_jobs.pool_ingest.live.bodies import (
    Unreadable,
    address,
    items,
    member,
    moment,
    number,
    read_json,
    text,
)

#: A price with less confidence is not used.
LEAST_CONFIDENCE = 0.5


@dataclass
class Pool:
    """A row of `/pools`. `tvl` in US dollars, `apy` in percent points; None where the row has none."""

    pool_id: str
    chain: str | None
    project: str | None
    symbol: str | None
    tvl: float | None
    apy: float | None
    meta: str | None
    # lower case, in the provider's order; what is no address of Ethereum's form stays as it is written
    underlyings: list[str] = field(default_factory=list)


@dataclass
class Coin:
    """A coin of `/chart`: its key in lower case and its prices in US dollars by Unix second, ascending."""

    key: str
    confidence: float
    points: list[tuple[float, float]]


def read_pools(body: bytes) -> tuple[list[Pool], int, int]:
    """Pools, rows without an id (left out), and rows that repeat an id (the first one counts)."""
    found: dict[str, Pool] = {}
    nameless = repeated = 0
    for row in _data(body):
        pool_id = text(row.get("pool")) if isinstance(row, dict) else None
        if pool_id is None:
            nameless += 1
        elif pool_id in found:
            repeated += 1
        else:
            found[pool_id] = _pool(pool_id, row)
    if not found:
        raise Unreadable("no row of 'data' has a pool id")
    return list(found.values()), nameless, repeated


def _pool(pool_id: str, row: dict[str, Any]) -> Pool:
    tokens = row.get("underlyingTokens")
    return Pool(
        pool_id=pool_id,
        chain=text(row.get("chain")),
        project=text(row.get("project")),
        symbol=text(row.get("symbol")),
        tvl=number(row.get("tvlUsd")),
        apy=_apy(row),
        meta=text(row.get("poolMeta")),
        underlyings=[
            address(token) or written
            for token in (tokens if isinstance(tokens, list) else [])
            if (written := (text(token) or "").replace("|", "/"))
        ],
    )


def _apy(row: dict[str, Any]) -> float | None:
    """`apy`, else base and reward together; a missing one of the two counts 0, both missing is None."""
    apy = number(row.get("apy"))
    if apy is not None:
        return apy
    parts = [number(row.get(name)) for name in ("apyBase", "apyReward")]
    return None if parts == [None, None] else sum(part or 0.0 for part in parts)


@dataclass
class Chart:
    """The days of a pool: its last observation of each UTC day before the run date, ascending.

    `unusable` rows had no time, no APY or no TVL. `identical` ones repeated another row to the letter.
    """

    days: list[date]
    apy: list[float]
    tvl: list[float]
    unusable: int = 0
    identical: int = 0


def read_chart(body: bytes, run_date: date) -> Chart:
    """A pool's history. The row of the running day is still moving and is left out."""
    last: dict[date, tuple[Any, float, float]] = {}
    unusable = identical = 0
    for row in _data(body):
        at = moment(row.get("timestamp")) if isinstance(row, dict) else None
        apy, tvl = (_apy(row), number(row.get("tvlUsd"))) if at is not None else (None, None)
        if at is None or apy is None or tvl is None:
            unusable += 1
            continue
        day = at.date()
        if day >= run_date:
            continue
        seen = last.get(day)
        if seen == (at, apy, tvl):
            identical += 1
        # of two at the same moment the later row counts: the server appends corrections
        elif seen is None or at >= seen[0]:
            last[day] = (at, apy, tvl)
    days = sorted(last)
    return Chart(days, [last[day][1] for day in days], [last[day][2] for day in days], unusable, identical)


def read_addresses(body: bytes) -> dict[str, str]:
    """The address of each pool's own token, by pool id; what is no address is left out."""
    value = read_json(body)
    if not isinstance(value, dict):
        raise Unreadable("expected an object of pool ids and addresses, found something else")
    found = {pool_id: address(given) for pool_id, given in value.items()}
    return {pool_id: given for pool_id, given in found.items() if given is not None}


def read_coins(body: bytes) -> tuple[list[Coin], list[str]]:
    """Coins with prices, and keys of those of too little confidence. Coins that are unknown are absent.

    A coin that is no object, has no confidence or no list of prices is one of too little confidence: of the
    thirty in a body the others are as good as ever.
    """
    coins, doubtful = [], []
    for key, given in member(read_json(body), "coins", dict).items():
        key = key.lower()
        given = given if isinstance(given, dict) else {}
        confidence, prices = number(given.get("confidence")) or 0.0, given.get("prices")
        if confidence < LEAST_CONFIDENCE or not isinstance(prices, list):
            doubtful.append(key)
            continue
        coins.append(Coin(key, confidence, sorted(set(_points(prices)))))
    return coins, doubtful


def _points(prices: Iterable[Any]) -> Iterable[tuple[float, float]]:
    for point in prices:
        given = point if isinstance(point, dict) else {}
        at, price = number(given.get("timestamp")), number(given.get("price"))
        if at is not None and price is not None and price > 0:
            yield at, price


def read_block(body: bytes) -> tuple[int, int]:
    """Height and Unix time of a block."""
    value = read_json(body)
    return member(value, "height", int), member(value, "timestamp", int)


def _data(body: bytes) -> list[Any]:
    value = read_json(body)
    if isinstance(value, dict) and value.get("status", "success") != "success":
        raise Unreadable(f"the status is {value.get('status')!r:.60}, not 'success'")
    return items(member(value, "data", list))
