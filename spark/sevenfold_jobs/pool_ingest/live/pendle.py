"""Pendle's markets (v2): what a market is made of, and when it matures."""

import re
from dataclasses import dataclass
from datetime import date

from sevenfold_jobs.pool_ingest.live.bodies import address, items, member, moment, read_json
from sevenfold_jobs.pool_ingest.live.llama import Pool

PROTOCOL = "pendle"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MATURITY = re.compile(r"(\d{1,2})(" + "|".join(_MONTHS) + r")(20\d\d)")


@dataclass(frozen=True)
class Market:
    """Addresses in lower case. `tokens`: the accounting asset, then what its token can be made from."""

    market: str
    expiry: date
    pt: str | None
    sy: str | None
    underlying: str | None
    tokens: tuple[str, ...]


def read_markets(body: bytes) -> tuple[list[Market], int, int]:
    """Markets of a page, how many there are on all pages, and rows that are no whole market."""
    value = read_json(body)
    found, damaged = [], 0
    for row in items(member(value, "results", list)):
        market = _market(row) if isinstance(row, dict) else None
        if market is None:
            damaged += 1
        else:
            found.append(market)
    return found, member(value, "total", int), damaged


def _market(row: dict) -> Market | None:
    own, expiry = address(row.get("address")), moment(row.get("expiry"))
    if own is None or expiry is None:
        return None
    inputs = row.get("inputTokens")
    given = [row.get("accountingAsset"), *(inputs if isinstance(inputs, list) else [])]
    tokens = tuple(dict.fromkeys(token for each in given if (token := address(each)) is not None))
    pt, sy, underlying = (address(row.get(name)) for name in ("pt", "sy", "underlyingAsset"))
    return Market(own, expiry.date(), pt, sy, underlying, tokens)


class Markets:
    """Finds the market of a pool."""

    def __init__(self, markets: list[Market]) -> None:
        self._by_token: dict[str, list[Market]] = {}
        for market in markets:
            for token in {market.market, market.pt} - {None}:
                self._by_token.setdefault(token, []).append(market)
        self._by_underlying: dict[tuple[str, date], list[Market]] = {}
        for market in markets:
            if market.underlying is not None:
                self._by_underlying.setdefault((market.underlying, market.expiry), []).append(market)

    def of(self, pool: Pool, pool_address: str | None) -> Market | None:
        """By its market or principal token, else by underlying and maturity; None unless exactly one fits."""
        for token in (pool_address, *pool.underlyings):
            found = self._by_token.get(token or "", [])
            if len(found) == 1:
                return found[0]
        maturity = maturity_of(pool.meta)
        if maturity is None:
            return None
        found = [m for token in pool.underlyings for m in self._by_underlying.get((token, maturity), [])]
        return found[0] if len(found) == 1 else None


def underlying_of(market: Market, approved: set[str]) -> tuple[str, ...]:
    """The accounting asset where it is approved, else the first approved input token, else all of them."""
    return next(((token,) for token in market.tokens if token in approved), market.tokens)


def maturity_of(meta: str | None) -> date | None:
    """The day in `For LP | Maturity 28JAN2027` or `For buying PT-SUSDE-28JAN2027`."""
    found = _MATURITY.search((meta or "").upper())
    if found is None:
        return None
    try:
        return date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        return None


def with_maturity(meta: str | None, expiry: date) -> str:
    """The description with the market's own day of maturity, where it does not say it."""
    if maturity_of(meta) == expiry:
        return meta or ""
    said = f"Maturity {expiry.day:02}{_MONTHS[expiry.month - 1]}{expiry.year}"
    return said if meta is None else f"{meta} | {said}"
