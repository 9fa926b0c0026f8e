"""Panels for the tests of the metrics: the shared ones, and a random one with all kinds of holes."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from shared_data import shared


def shared_panel(name: str) -> Path:
    """A folder of shared/data/pools; the test is skipped where it is absent."""
    return shared(f"pools/{name}")


def random_panel(
    seed: int, pools: int = 12, days: int = 90
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """history, prices, gas: late starts, early ends, gaps up to twelve days, a constant pool."""
    draw = np.random.default_rng(seed)
    calendar = [date(2025, 1, 1) + timedelta(days=n) for n in range(days)]
    rows = []
    for number in range(pools):
        start = 0 if number == 0 else int(draw.integers(0, days // 2))
        end = days if number == 0 else int(draw.integers(days // 2 + 1, days + 1))
        missing = draw.random(days) < 0.1
        hole = int(draw.integers(0, days))
        missing[hole : hole + int(draw.integers(5, 13))] = True
        missing[[0, start, -1]] = False
        apy = np.full(days, 5.0) if number == 1 else draw.gamma(2, 3, days).round(5)
        chosen = [start] if number == 2 else [n for n in range(start, end) if not missing[n]]
        rows += [(f"pool-{number:02}", calendar[n], apy[n], float(draw.integers(0, 10**9))) for n in chosen]
    history = pd.DataFrame(rows, columns=["pool_id", "date", "apy", "tvl"])
    around = [calendar[0] + timedelta(days=n) for n in range(-3, days)]
    prices = pd.DataFrame(
        [
            (symbol, day, float(draw.uniform(1000, 4000)))
            for symbol, begin in (("ETH", 0), ("BTC", 10))
            for day in around[begin:]
            if draw.random() > 0.08
        ],
        columns=["symbol", "date", "close"],
    )
    gas = pd.DataFrame(
        [(day, round(float(draw.uniform(0.1, 90)), 4)) for day in around[8:] if draw.random() > 0.08],
        columns=["date", "actual_avg_gas_gwei"],
    )
    return history, prices, gas
