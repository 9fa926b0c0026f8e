"""A small, valid folder of source `files`, for tests to spoil."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

POOLS = """pool_id,chain,protocol,symbol,tvl_usd,apy,underlying_tokens,underlying_token_addresses,pool_meta
a,Ethereum,aave-v3,USDC,1000000,4.5,USDC,0xA0,
b,Ethereum,maple,USDC-DAI,2000000,5.5,USDC|DAI,0xA0|,LP
c,,,,3000000,6.5,,,
"""
PRICES = """symbol,date,open,high,low,close,volume
ETH,2025-01-01,3000,3100,2900,3050.5,1000
ETH,2025-01-02,3050.5,3200,3000,3150,
BTC,2025-01-01,90000,91000,89000,90500,1000
"""
GAS = """date,avg_gas_gwei
2025-01-01,10.25
2025-01-02,11
"""
HISTORY = {
    "pool_id": ["a", "a", "a", "b", "b", "c"],
    "date": pd.to_datetime(
        ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-01", "2025-01-03", "2025-01-02"]
    ).date,
    "apy": [4.1, 4.2, 4.3, 5.1, 5.3, 0.0],
    "tvl_usd": [1e6, 1.1e6, 1.2e6, 2e6, 2.2e6, 0.0],
}
MACRO = {
    "series_id": ["SOFR", "SOFR"],
    "series_name": ["Secured Overnight Financing Rate"] * 2,
    "frequency": ["daily", "daily"],
    "date": pd.to_datetime(["2025-01-01", "2025-01-02"]).date,
    "value": [4.3, -0.1],
}


def write_folder(folder: Path, **changed: str | bytes | Mapping | None) -> Path:
    """Writes the files; `prices_daily=…` replaces one, `None` leaves it out, a mapping becomes Parquet."""
    files = {
        "pools": POOLS,
        "prices_daily": PRICES,
        "gas_daily": GAS,
        "pool_history": HISTORY,
        "macro": MACRO,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (files | changed).items():
        if isinstance(content, Mapping):
            table = content if isinstance(content, pa.Table) else pa.table(dict(content))
            pq.write_table(table, folder / f"{name}.parquet")
        elif isinstance(content, bytes):
            suffix = "csv" if name in ("pools", "prices_daily", "gas_daily", "transactions") else "parquet"
            (folder / f"{name}.{suffix}").write_bytes(content)
        elif content is not None:
            (folder / f"{name}.csv").write_text(content)
    return folder


def history(**columns: list) -> dict:
    """The valid history with some columns replaced."""
    return {**HISTORY, **columns}
