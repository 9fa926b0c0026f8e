"""Both rule sets once more, written from the specification day by day, without a window function."""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd

FIGURES = (
    "actual_apy",
    "actual_tvl",
    "eth_open",
    "btc_open",
    "gas_price_gwei",
    "rolling_apy_7d",
    "rolling_apy_30d",
    "apy_delta_today_yesterday",
    "stddev_apy_7d",
    "stddev_apy_30d",
    "stddev_apy_7d_delta",
    "stddev_apy_30d_delta",
    "stale_days",
)
PLACES = {"actual_tvl": 2, "eth_open": 8, "btc_open": 8, "stale_days": 0}


def reference_metrics(
    history: pd.DataFrame, prices: pd.DataFrame, gas: pd.DataFrame, *, parity: bool
) -> pd.DataFrame:
    """pool_id, date and FIGURES for every pool and day; history: pool_id, date, apy, tvl."""
    first, last = history.date.min(), history.date.max()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    outside = _outside(prices, gas, days, parity)
    rows = []
    for pool_id, seen in history.sort_values(["pool_id", "date"]).groupby("pool_id"):
        observed = {row.date: (row.apy, row.tvl) for row in seen.itertuples()}
        for figures in _pool(observed, days, parity):
            rows.append({"pool_id": pool_id, **figures, **outside[figures["date"]]})
    frame = pd.DataFrame(rows)
    for name in FIGURES:
        places = PLACES.get(name, 4)
        frame[name] = [round_value(value, places, ROUND_HALF_UP) for value in frame[name]]
    return frame[["pool_id", "date", *FIGURES]]


def _pool(observed: dict, days: list[date], parity: bool) -> Iterator[dict]:
    filled: list[float] = []
    before: dict = {}
    age: int | None = None
    for day in days:
        age = 0 if day in observed else None if age is None else age + 1
        known = age is not None and (parity or age <= 7)
        filled.append(observed[day - timedelta(days=age)][0] if known else math.nan)
        figures = {
            "date": day,
            "actual_apy": filled[-1],
            "actual_tvl": observed.get(day, (0, math.nan))[1],
            "stale_days": age if known else math.nan,
        }
        for window in (7, 30):
            values = [value for value in filled[-window:] if not math.isnan(value)]
            figures[f"rolling_apy_{window}d"] = math.fsum(values) / len(values) if values else math.nan
            figures[f"stddev_apy_{window}d"] = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
        for name, of in (
            ("apy_delta_today_yesterday", "actual_apy"),
            ("stddev_apy_7d_delta", "stddev_apy_7d"),
            ("stddev_apy_30d_delta", "stddev_apy_30d"),
        ):
            figures[name] = figures[of] - before.get(of, math.nan)
        before = figures
        yield figures


def _outside(prices: pd.DataFrame, gas: pd.DataFrame, days: list[date], parity: bool) -> dict[date, dict]:
    closes = {
        "eth_open": dict(prices[prices.symbol == "ETH"][["date", "close"]].sort_values("date").to_numpy()),
        "btc_open": dict(prices[prices.symbol == "BTC"][["date", "close"]].sort_values("date").to_numpy()),
    }
    fees = dict(gas[["date", "actual_avg_gas_gwei"]].to_numpy())
    found: dict[date, dict] = {day: {} for day in days}
    for name, stored in closes.items():
        for day in days:
            if parity:
                # the row's own predecessor, and only where the day has a row, or is the run date
                earlier = [at for at in sorted(stored) if at < day]
                has_row = day in stored or day == days[-1]
                found[day][name] = stored[earlier[-1]] if has_row and earlier else math.nan
            else:
                earlier = [at for at in sorted(stored) if at < day]
                found[day][name] = stored[earlier[-1]] if earlier else math.nan
    for day in days:
        if parity:
            fee = fees.get(day, math.nan)
            found[day]["gas_price_gwei"] = round_value(fee, 2, ROUND_HALF_EVEN)
        else:
            known = [at for at in sorted(fees) if at <= day]
            found[day]["gas_price_gwei"] = fees[known[-1]] if known else math.nan
    if parity:
        frame = pd.DataFrame.from_dict(found, orient="index").astype(float).ffill().bfill()
        found = {day: dict(frame.loc[day]) for day in days}
    return found


def round_value(value: float, places: int, rule: str) -> float:
    if value is None or math.isnan(value):
        return math.nan
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), rule))
