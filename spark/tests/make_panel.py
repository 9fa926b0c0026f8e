"""Writes a small panel in the `files` format, always the same bytes: make_panel.py FOLDER POOLS DAYS LAST."""

import csv
import math
import sys
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TOKENS = {
    "USDC": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
    "USDT": "0xdAC17F958D2ee523a2206206994597C13D831ec7",
    "DAI": "0x6B175474E89094C44Da98b954EedeAC495271d0F",
}


def main(folder: Path, pools: int, days: int, last: date) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    dates = [last - timedelta(days=days - 1 - number) for number in range(days)]
    ids = [f"panel-{number:03d}" for number in range(pools)]
    tokens = list(TOKENS)
    with (folder / "pools.csv").open("w", newline="") as file:
        columns = ["pool_id", "chain", "protocol", "symbol", "tvl_usd", "apy"]
        rows = csv.writer(file)
        rows.writerow([*columns, "underlying_tokens", "underlying_token_addresses", "pool_meta"])
        for number, pool in enumerate(ids):
            token = tokens[number % len(tokens)]
            rows.writerow([pool, "Ethereum", "aave-v3", token, 1e8, 5, token, TOKENS[token], ""])
    history = [
        (pool, day, apy(number, at), 1e8 * (1 + 0.1 * math.sin(number + at / 40)))
        for number, pool in enumerate(ids)
        for at, day in enumerate(dates)
    ]
    columns = list(zip(*history, strict=True))
    names = ["pool_id", "date", "apy", "tvl_usd"]
    pq.write_table(
        pa.table(
            {
                name: pa.array(values, pa.date32() if name == "date" else None)
                for name, values in zip(names, columns, strict=True)
            }
        ),
        folder / "pool_history.parquet",
    )
    with (folder / "prices_daily.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["symbol", "date", "open", "high", "low", "close", "volume"])
        for symbol, level in [("ETH", 3000), ("BTC", 60000), ("USDC", 1), ("USDT", 1), ("DAI", 1)]:
            for at, day in enumerate(dates):
                close = level if level == 1 else level * (1 + 0.05 * math.sin(at / 9))
                rows.writerow([symbol, day, close, close, close, close, 1000])
    with (folder / "gas_daily.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["date", "avg_gas_gwei"])
        for at, day in enumerate(dates):
            rows.writerow([day, 5 + math.sin(at / 5)])
    pq.write_table(
        pa.table(
            {
                "series_id": pa.array(["SOFR"] * days),
                "series_name": pa.array(["Secured Overnight Financing Rate"] * days),
                "frequency": pa.array(["daily"] * days),
                "date": pa.array(dates, pa.date32()),
                "value": pa.array([4 + 0.1 * math.sin(at / 30) for at in range(days)]),
            }
        ),
        folder / "macro.parquet",
    )


def apy(number: int, at: int) -> float:
    """A level of each pool's own, waves of different lengths, now and then a jump that fades."""
    wave = math.sin(at / (3 + number % 5)) + 0.5 * math.sin(at / 11 + number)
    jump = 3 * math.exp(-((at + 7 * number) % 29) / 2)
    return round(4 + number % 7 + 0.3 * wave + jump, 5)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), date.fromisoformat(sys.argv[4]))
