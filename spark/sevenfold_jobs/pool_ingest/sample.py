"""Source `sample`: a panel that is made, not observed, from a table of quantiles (sample.json beside it).

A value depends on (seed, series, day) only, so a panel made for a later day extends an earlier one. The same
bytes everywhere: raw Philox bits, and of arithmetic only what IEEE 754 fixes to the last bit. `exp`, `log`
and normal variates are not fixed: their last bit hangs on the processor and the library's version.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.pool_ingest.source import SCHEMAS, Source

# Windows of 30 days and an icebox need something to look back on.
DAYS_BEFORE_FIRST_RUN = 60

DRAWS_A_DAY = 16  # 12 for the normal variate, 4 uniforms
DAILY_MEMORY = 0.97
INNOVATION = 0.24310491562286437  # sqrt(1 - DAILY_MEMORY²), so that the path keeps its spread


def generate(day: date, today: date, settings: dict[str, Any] | None = None) -> Source:
    """The panel as it stands at 00:01 UTC of `day`: complete up to the day before. Raises InvalidInput."""
    settings = settings or json.loads(text_of("pool_ingest", "sample.json"))
    first = date.fromisoformat(settings["firstDay"])
    earliest = first + timedelta(days=DAYS_BEFORE_FIRST_RUN)
    if not earliest <= day <= today:
        raise InvalidInput(
            f"{day} is outside the sample: it allows run dates from {earliest} to {today} (today)."
        )
    panel = _Panel(settings, first, (day - first).days)
    history, pools = panel.pools()
    tables = {
        "pools": pools,
        "pool_history": history,
        "token_prices_daily": panel.prices(),
        "gas_fees_daily": panel.gas(),
        "macroeconomic_data": panel.macro(),
        "portfolio_transactions": SCHEMAS["portfolio_transactions"].empty_table(),
    }
    return Source(tables, [])


@dataclass
class _Pool:
    listing: dict[str, Any]  # its row of the pools table
    founded: int = 0  # days after the panel's first
    tvl_level: float | None = None  # US dollars; drawn from the quantiles where not given


class _Panel:
    def __init__(self, settings: dict[str, Any], first: date, days: int) -> None:
        self.settings = settings
        self.first = first
        self.days = days
        self.dates = np.datetime64(first) + np.arange(days)

    def pools(self) -> tuple[pa.Table, pa.Table]:
        history: dict[str, list[np.ndarray]] = {name: [] for name in SCHEMAS["pool_history"].names}
        listed: list[dict[str, Any]] = []
        for pool in self._identities():
            pool_id = pool.listing["pool_id"]
            apy, tvl, present = self._pool_paths(pool)
            if not present.any():  # not founded yet: nobody knows of it
                continue
            history["pool_id"].append(np.full(int(present.sum()), pool_id))
            history["date"].append(self.dates[present])
            history["apy"].append(apy[present])
            history["tvl"].append(tvl[present])
            last = np.flatnonzero(present)[-1]
            listed.append(pool.listing | {"tvl": float(tvl[last]), "apy": float(apy[last])})
        columns = {name: np.concatenate(parts) for name, parts in history.items()}
        return _table("pool_history", columns), pa.Table.from_pylist(listed, schema=SCHEMAS["pools"])

    def _identities(self) -> list["_Pool"]:
        """Pools of approved protocols and tokens, then those that the pre-filter has to reject."""
        tokens, protocols = self.settings["tokens"], self.settings["protocols"]
        names = list(tokens)
        pools = []
        for number in range(self.settings["approvedPools"]):
            pick = self._draws(f"identity/{number}", 1)[0]
            chosen = [names[number % len(names)]]
            if pick[0] < 0.2:
                chosen.append(names[(number + 1 + int(pick[1] * (len(names) - 1))) % len(names)])
            listing = {
                "chain": "Ethereum",
                "protocol": protocols[int(pick[2] * len(protocols))],
                "symbol": "-".join(chosen),
                "underlying_tokens": "|".join(chosen),
                "underlying_token_addresses": "|".join(tokens[name] for name in chosen),
            }
            # one in five is founded after the first day, so that new ones keep coming
            pools.append(_Pool(listing, founded=int(pick[3] * 400) if pick[4] < 0.2 else 0))
        for pool in self.settings["rejectedPools"]:
            symbol = pool["symbol"]
            listing = {
                "chain": pool["chain"] or None,
                "protocol": pool["protocol"] or None,
                "symbol": symbol or None,
                "underlying_tokens": symbol,
                "underlying_token_addresses": pool.get("address", tokens.get(symbol, "")),
            }
            pools.append(_Pool(listing, tvl_level=pool.get("tvlUsd")))
        for number, pool in enumerate(pools, start=1):
            pool.listing["pool_id"] = f"sample-{number:03d}"
        return pools

    def _pool_paths(self, pool: "_Pool") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """APY, TVL and whether there is an observation, one entry a day."""
        pool_id = pool.listing["pool_id"]
        nature = self._draws(f"pool/{pool_id}", 1)[0]
        apy_level = self._quantile("apyPercent", nature[0])
        tvl_level = pool.tvl_level or self._quantile("tvlUsd", nature[1])
        spread = self._quantile("relativeVolatility", nature[2])
        draws = self._draws(f"apy/{pool_id}", self.days)
        jumps = (draws[:, 0] < 0.01) * (draws[:, 1] - 0.5)
        apy = apy_level * _exp(_remembering(spread * INNOVATION * _normal(draws) + jumps, DAILY_MEMORY))
        draws = self._draws(f"tvl/{pool_id}", self.days)
        tvl = tvl_level * _exp(_remembering(0.02 * _normal(draws), 0.995))
        present = (np.arange(self.days) >= pool.founded) & (draws[:, 0] >= 0.01)
        return np.round(apy, 5), np.round(tvl), present

    def prices(self) -> pa.Table:
        parts = []
        for price in self.settings["prices"]:
            draws = self._draws(f"price/{price['symbol']}", self.days)
            path = _remembering(price["volatility"] * 0.14 * _normal(draws), 0.99)
            parts.append(self._candles(price["symbol"], price["level"] * _exp(path), draws, 0.02, 2))
        for token in self.settings["tokens"]:
            draws = self._draws(f"price/{token}", self.days)
            close = (1 + 0.0004 * _normal(draws)) * self._peg(token)
            parts.append(self._candles(token, close, draws, 0.001, 6))
        return pa.concat_tables(parts)

    def _peg(self, token: str) -> np.ndarray:
        peg = np.ones(self.days)
        for depeg in self.settings["depegs"]:
            if depeg["token"] == token:
                peg[depeg["fromDay"] : depeg["fromDay"] + depeg["days"]] = depeg["to"]
        return peg

    def _candles(
        self, symbol: str, close: np.ndarray, draws: np.ndarray, wick: float, decimals: int
    ) -> pa.Table:
        opened = np.concatenate([close[:1], close[:-1]])
        columns = {
            "symbol": np.full(self.days, symbol),
            "date": self.dates,
            "open": opened,
            "high": np.maximum(opened, close) * (1 + wick * draws[:, 0]),
            "low": np.minimum(opened, close) * (1 - wick * draws[:, 1]),
            "close": close,
            "volume": np.round(1e9 * (0.5 + draws[:, 2])),
        }
        for name in ("open", "high", "low", "close"):
            columns[name] = np.round(columns[name], decimals)
        return _table("token_prices_daily", columns)

    def gas(self) -> pa.Table:
        gas = self.settings["gas"]
        path = _remembering(
            gas["volatility"] * INNOVATION * _normal(self._draws("gas", self.days)), DAILY_MEMORY
        )
        return _table(
            "gas_fees_daily",
            {"date": self.dates, "actual_avg_gas_gwei": np.round(gas["levelGwei"] * _exp(path), 4)},
        )

    def macro(self) -> pa.Table:
        weekday = (self.dates.astype("datetime64[D]").astype(np.int64) + 3) % 7  # Monday is 0
        first_of_month = self.dates.astype("datetime64[M]").astype("datetime64[D]") == self.dates
        published: dict[str, Callable[[], np.ndarray]] = {
            "daily": lambda: weekday < 5,
            "monthly": lambda: first_of_month,
        }
        parts = []
        for series in self.settings["macro"]:
            steps = series["step"] * _normal(self._draws(f"macro/{series['id']}", self.days))
            shown = published[series["frequency"]]()
            # days without a figure are steps of the walk too, so that a value hangs on its day alone
            value = np.round(series["level"] + _remembering(steps, 0.995), 4)[shown]
            columns = {
                "series_id": np.full(value.size, series["id"]),
                "date": self.dates[shown],
                "value": value,
                "series_name": np.full(value.size, series["name"]),
                "frequency": np.full(value.size, series["frequency"]),
            }
            parts.append(_table("macroeconomic_data", columns))
        return pa.concat_tables(parts)

    def _draws(self, series: str, days: int) -> np.ndarray:
        """Uniforms in [0, 1), shape (days, 16): row t is the same however many days are asked for."""
        name = f"{self.settings['seed']}/{series}"
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "little")
        raw = np.random.Philox(key=key).random_raw(days * DRAWS_A_DAY)
        return (raw >> np.uint64(11)).astype(np.float64).reshape(days, DRAWS_A_DAY) * 2.0**-53

    def _quantile(self, figure: str, position: float) -> float:
        at, values = self.settings["quantiles"]["at"], self.settings["quantiles"][figure]
        upper = next(index for index in range(1, len(at)) if position <= at[index])
        share = (position - at[upper - 1]) / (at[upper] - at[upper - 1])
        return values[upper - 1] + share * (values[upper] - values[upper - 1])


def _normal(draws: np.ndarray) -> np.ndarray:
    """Twelve uniforms less six: mean 0, deviation 1, tails cut at 6. Added in a fixed order."""
    total = np.zeros(len(draws))
    for column in range(DRAWS_A_DAY - 12, DRAWS_A_DAY):
        total += draws[:, column]
    return total - 6


def _remembering(shocks: np.ndarray, memory: float) -> np.ndarray:
    """x_t = memory · x_{t-1} + shock_t, from 0."""
    path = np.empty_like(shocks)
    value = 0.0
    for day, shock in enumerate(shocks.tolist()):
        value = memory * value + shock
        path[day] = value
    return path


def _exp(x: np.ndarray) -> np.ndarray:
    """(1 + x/1024)^1024 by ten squarings: close to e^x and the same bits on every machine."""
    power = 1 + x / 1024
    for _ in range(10):
        power = power * power
    return power


def _table(name: str, columns: dict[str, np.ndarray]) -> pa.Table:
    schema = SCHEMAS[name]
    return pa.Table.from_arrays(
        [pa.array(columns[field.name], field.type) for field in schema], schema=schema
    )
