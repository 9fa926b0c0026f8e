"""Daily candles: Coinbase, Kraken, CoinMarketCap, and those made from DefiLlama's prices."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sevenfold_jobs.pool_ingest.live.bodies import (
    SECONDS_A_DAY,
    Unreadable,
    day_at,
    items,
    member,
    moment,
    number,
    read_json,
)

_HOUR = 3_600
#: A candle is made from prices only where at least so many of a day's 25 whole hours have one.
LEAST_HOURS = 13


@dataclass(frozen=True)
class Candle:
    """US dollars for one token; None where the provider says nothing. `volume` is of a day, in US dollars."""

    day: date
    open: float | None
    high: float | None
    low: float | None
    close: float
    volume: float | None = None


def read_coinbase(body: bytes, run_date: date) -> list[Candle]:
    """`[[start, low, high, open, close, volume], …]`, newest first. Its volume is in coins: left out."""
    value = read_json(body)
    if isinstance(value, dict) and isinstance(value.get("message"), str):
        raise Unreadable(f"the exchange answers {value['message']!r:.120}")
    found = []
    for row in items(value):
        start, low, high, opened, close, *_ = _row(row, 6)
        found.append((start, opened, high, low, close))
    return _candles(found, run_date)


def read_kraken(body: bytes, run_date: date) -> list[Candle]:
    """`result` has one list under a name that differs from the pair asked; its last entry still moves."""
    value = read_json(body)
    if errors := member(value, "error", list):
        raise Unreadable(f"the exchange answers {str(errors[0])!r:.120}")
    pairs = [rows for name, rows in member(value, "result", dict).items() if name != "last"]
    if len(pairs) != 1:
        raise Unreadable(f"expected the candles of one pair, found {len(pairs)}")
    found = []
    for row in items(pairs[0])[:-1]:
        start, opened, high, low, close, *_ = _row(row, 7)
        found.append((start, opened, high, low, close))
    return _candles(found, run_date)


def read_coinmarketcap(body: bytes, symbol: str, run_date: date) -> list[Candle]:
    """`data.<SYMBOL>[0].quotes[].quote.USD`; the symbol is found in any case."""
    value = read_json(body)
    status = value.get("status") if isinstance(value, dict) else None
    if isinstance(status, dict) and status.get("error_code"):
        raise Unreadable(f"the provider answers {str(status.get('error_message'))!r:.120}")
    by_symbol = {name.lower(): given for name, given in member(value, "data", dict).items()}
    coins = items(by_symbol.get(symbol.lower()))
    if not coins:
        raise Unreadable(f"it has no coin {symbol!r:.40}")
    found = []
    for row in items(member(coins[0], "quotes", list)):
        closed = moment(member(row, "time_close", str))
        usd = member(member(row, "quote", dict), "USD", dict)
        close = number(usd.get("close"))
        if closed is None or close is None or close <= 0 or closed.date() >= run_date:
            continue
        figures = [number(usd.get(name)) or None for name in ("open", "high", "low")]
        found.append(Candle(closed.date(), *figures, close, number(usd.get("volume"))))
    return _by_day(found)


def from_hours(points: Iterable[tuple[float, float]], run_date: date) -> list[Candle]:
    """Candles of the whole days that hourly prices cover, from 00:00 to 24:00; synthetic, without volume.

    Prices stray some seconds round the hour, so a point belongs to the nearest whole hour; of several for
    one hour the last counts. The price at 24:00 closes the day, else the last hour before it.
    """
    hours: dict[int, float] = {}
    for at, price in sorted(points):
        hours[math.floor((at + _HOUR / 2) / _HOUR)] = price
    found = []
    for number_of_day in sorted({hour // 24 for hour in hours}):
        prices = [hours[hour] for hour in range(number_of_day * 24, number_of_day * 24 + 25) if hour in hours]
        day = day_at(number_of_day * SECONDS_A_DAY)
        if day is not None and day < run_date and len(prices) >= LEAST_HOURS:
            found.append(Candle(day, prices[0], max(prices), min(prices), prices[-1]))
    return found


def from_midnights(points: Iterable[tuple[float, float]], run_date: date) -> list[Candle]:
    """Candles from a price at each midnight: it opens its day and closes the one before; no high, no low."""
    midnights: dict[date, float] = {}
    for at, price in sorted(points):
        day = day_at(math.floor(at / SECONDS_A_DAY + 0.5) * SECONDS_A_DAY)
        if day is not None:
            midnights[day] = price
    return [
        Candle(day - timedelta(days=1), midnights.get(day - timedelta(days=1)), None, None, close)
        for day, close in sorted(midnights.items())
        if date.min < day <= run_date
    ]


def _row(row: Any, fewest: int) -> list[float]:
    figures = [number(value) for value in items(row)]
    if len(figures) < fewest or None in figures[:5]:
        raise Unreadable(f"expected candles of {fewest} numbers, found {str(row)!r:.80}")
    return figures


def _candles(rows: Iterable[tuple[float, ...]], run_date: date) -> list[Candle]:
    found = []
    for start, opened, high, low, close in rows:
        day = day_at(start)
        if day is None or datetime.fromtimestamp(start, UTC).timestamp() % SECONDS_A_DAY:
            raise Unreadable(f"expected candles that start at midnight UTC, found {start:.20g}")
        if day < run_date and close > 0:
            found.append(Candle(day, opened or None, high or None, low or None, close))
    return _by_day(found)


def _by_day(candles: Iterable[Candle]) -> list[Candle]:
    return sorted({candle.day: candle for candle in candles}.values(), key=lambda candle: candle.day)
