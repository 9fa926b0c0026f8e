"""Two run dates of a live data set: bodies in the providers' formats, and the same facts as `files`."""

import gzip
import hashlib
import json
from datetime import date
from pathlib import Path

import pandas as pd
import psycopg
from shared_data import shared

CHECKOUT = Path(__file__).resolve().parents[3]
DAY, NEXT_DAY = date(2026, 11, 20), date(2026, 11, 21)
LISTS = json.loads((CHECKOUT / "config" / "pools" / "lists.json").read_text())

AAVE, CURVE = "aa70268e-4b52-42bf-a116-608b370f9501", "14681aee-05c9-4733-acd0-7b2c84616209"
STALE, NEWFARM = "00000000-0000-4000-8000-000000000010", "00000000-0000-4000-8000-000000000012"


def body(name: str) -> bytes:
    """One of the shared bodies; the test is skipped where they are absent."""
    return (shared("live") / name).read_bytes()


def store(
    connection: psycopg.Connection,
    source: str,
    key: str,
    day: date,
    content: bytes,
    attempt: int = 1,
    accepted: bool = True,
) -> None:
    """A row of raw_responses as the fetching leaves it."""
    connection.execute(
        """
        insert into raw_responses (source, key, day, attempt, status, content_type, body, bytes, sha256, url,
                                   accepted, problem)
        values (%s, %s, %s, %s, 200, 'application/json', %s, %s, %s, 'http://127.0.0.1/', %s, %s)
        """,
        (
            *(source, key, day, attempt, gzip.compress(content), len(content)),
            *(hashlib.sha256(content).hexdigest(), accepted, None if accepted else "of too few rows"),
        ),
    )


def request(day: date, dataset: str = "live") -> dict:
    """What the workflow asks of a live ingest."""
    tokens = LISTS["approved_tokens"]
    return {
        "dataset": dataset,
        "source": "live",
        "date": day.isoformat(),
        "tokens": [{"symbol": token["symbol"], "address": token["address"]} for token in tokens],
        "peggedTokens": [token["symbol"] for token in tokens if not token.get("yield_bearing")],
        "approvedProtocols": LISTS["approved_protocols"],
    }


def charts(day: date) -> dict[str, bytes]:
    """By pool. The next day's are the day before's with its last observation and a new partial row."""
    found = {
        AAVE: body("llama/chart_normal.json"),
        CURVE: body("llama/chart_gaps_duplicates.json"),
        STALE: body("llama/chart_stale_negative.json"),
        NEWFARM: chart([("2026-11-19T23:01:00.000Z", 88214, 41233.71902)]),
    }
    if day == NEXT_DAY:
        del found[NEWFARM]
        for pool in (AAVE, CURVE):
            rows = json.loads(found[pool])["data"]
            for at, apy in (("2026-11-20T23:01:10.000Z", 4.25), ("2026-11-21T00:01:02.000Z", 4.5)):
                rows.append({**rows[-1], "timestamp": at, "apy": apy})
            found[pool] = json.dumps({"status": "success", "data": rows}).encode()
    return found


def chart(rows: list[tuple[str, float, float]]) -> bytes:
    """A chart of (time, TVL, APY)."""
    data = [{"timestamp": at, "tvlUsd": tvl, "apy": apy} for at, tvl, apy in rows]
    return json.dumps({"status": "success", "data": data}).encode()


def answers(day: date) -> dict[tuple[str, str], bytes]:
    """Everything that is stored for a run date, by source and key."""
    pools = "llama/pools.json" if day == DAY else "llama/pools_next_day.json"
    found = {
        ("llama-pools", "pools"): body(pools),
        ("llama-addresses", "tokenAddress"): body("llama/token_address.json"),
        ("pendle", "0"): body("pendle/v2_all.json"),
        ("pendle", "100"): body("pendle/v2_all_skip2.json"),
        **{("llama-charts", pool): content for pool, content in charts(day).items()},
    }
    if day == DAY:  # the next day brings nothing new of these: the older answers stand in
        found |= {
            ("llama-coins", "hourly/1"): body("llama/coins_chart_hourly.json"),
            ("coinbase", "ETH-USD"): body("candles/coinbase_ETH-USD_86400.json"),
            ("gas-blocks", "2026-11-19/1"): body("gas/blocks_batch.json"),
            ("nyfed", "sofr"): body("alternates/nyfed_sofr.json"),
            ("nyfed", "sofrai"): body("alternates/nyfed_sofrai.json"),
            ("treasury", "2026"): body("alternates/treasury_yield_curve.csv"),
        }
    return found


def store_day(connection: psycopg.Connection, day: date) -> None:
    """All answers of a run date."""
    for (source, key), content in answers(day).items():
        store(connection, source, key, day, content)


_HEADER = "pool_id,chain,protocol,symbol,tvl_usd,apy,underlying_tokens,underlying_token_addresses,pool_meta"
#: Written by hand from llama/pools.json, the approved list and the markets: tokens by their approved names.
_POOLS = """{header},pool_address
747c1d2a-c668-4682-b9f9-296708a3dd90,Ethereum,lido,STETH,37117761525,2.616,STETH,{zero},,
43641cf5-a92e-416b-bce9-27113d3c0db6,Ethereum,maple,USDC,2655534964,9.14231,USDC,{usdc},Syrup USDC,{syrup}
aa70268e-4b52-42bf-a116-608b370f9501,Ethereum,aave-v3,USDC,1204332118,3.91742,USDC,{usdc},,0x98c23e9d8f34fefb1b7bd6a91b7ff122f4e16f5c
{id}04,Ethereum,morpho-v1,STEAKUSDC,311905477,4.71218,USDC,{usdc},,
14681aee-05c9-4733-acd0-7b2c84616209,Ethereum,curve-dex,PYUSD-USDC,74120884,2.92715,PYUSD|USDC,{pyusd}|{usdc},,0x383e6b4437b59fff47b619cba855ca29342a8559
{id}06,Ethereum,pendle,SUSDE,52318840,6.8142,USDe,{usde},For LP | Maturity 28JAN2027,
{id}07,Ethereum,pendle,SUSDE,52318840,6.90214,USDe,{usde},For buying PT-SUSDE-28JAN2027,
{id}08,Ethereum,uniswap-v3,USDC-USDT,18220731,1.88204,USDC|USDT,{usdc}|{usdt},0.01%,
{id}09,Ethereum,usual-usd0,USD0,9403381,4.1,USD0,{usd0},,
{id}10,Ethereum,abracadabra-spell,MIM-USDT,1203388,-0.84,MIM|USDT,{mim}|{usdt},,
{id}12,Ethereum,newfarm,USDX-GHO,88214,41233.71902,,,,
{id}11,Ethereum,aave-v3,GHO,412,0,GHO,{gho},,
"""
_ADDRESSES = {
    "header": _HEADER,
    "syrup": "0x80ac24aa929eaf5013f6436cda2a7ba190f5cc0b",
    "id": "00000000-0000-4000-8000-0000000000",
    "zero": "0x0000000000000000000000000000000000000000",
    "usdc": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
    "usdt": "0xdac17f958d2ee523a2206206994597c13d831ec7",
    "pyusd": "0x6c3ea9036406852006290770bedfcaba0e23a0e8",
    "usde": "0x4c9edd5852cd905f086c759e8383e09bff1e68b3",
    "usd0": "0x73a15fed60bf67631dc6cd7bc5b6e8da8190acf5",
    "mim": "0x99d8a9c45b2eca8864373a26d1459e3dff1e17f3",
    "gho": "0x40d16fc0246ad3160ccc09b8d0d3a2cd28ae6c2f",
}
_CHANGES = (
    ("Ethereum,maple,", "Ethereum,maple-finance,"),
    ("STEAKUSDC", "STEAKUSDCV2"),
    ("74120884,2.92715", "74120884,0.74113"),
    ("18220731,1.88204", "18220731,2.01337"),
)
_PRICES = """symbol,date,open,high,low,close,volume
USDC,2026-11-18,0.9998,0.999999,0.9996,0.999998,
USDC,2026-11-19,0.999998,0.999998,0.9996,0.999742,
ETH,2026-11-18,2984.2,3031.77,2951.08,2999.61,
ETH,2026-11-19,2999.61,3044.9,2977.35,3011.42,
"""
_GAS_WEI = (0x127A3980, 0x157C9D43, 0x143126DC, 0x15BAB615)


def folder_of(day: date) -> dict[str, str | dict]:
    """Files with the same facts, derived by other means: by hand, and by pandas."""
    pools = _POOLS.format(**_ADDRESSES)
    if day == NEXT_DAY:
        pools = "".join(line for line in pools.splitlines(True) if ",newfarm," not in line)
        for before, after in _CHANGES:
            assert before in pools
            pools = pools.replace(before, after)
    parts = []
    for pool, content in charts(day).items():
        rows = pd.DataFrame(json.loads(content)["data"])
        rows["date"] = pd.to_datetime(rows["timestamp"], format="ISO8601").dt.date
        last = rows.drop_duplicates("date", keep="last")
        parts.append(last[last["date"] < day].assign(pool_id=pool))
    history = pd.concat(parts)
    return {
        "pools": pools,
        "prices_daily": _PRICES,
        "gas_daily": f"date,avg_gas_gwei\n2026-11-19,{sum(_GAS_WEI) / 4 / 1e9:.9f}\n",
        "pool_history": {
            "pool_id": list(history["pool_id"]),
            "date": list(history["date"]),
            "apy": [float(value) for value in history["apy"]],
            "tvl_usd": [float(value) for value in history["tvlUsd"]],
        },
        "macro": _macro(),
    }


def _macro() -> dict[str, list]:
    names = {
        "SOFR": "Secured Overnight Financing Rate",
        **{f"SOFR{n}DAYAVG": f"SOFR {n}-Day Average" for n in (30, 90, 180)},
        "SOFRINDEX": "SOFR Index",
        "DGS1": "1-Year Treasury Bills Yield",
        **{f"DGS{n}MO": f"{n}-Month Treasury Yield" for n in (1, 3, 6)},
        **{f"DGS{n}": f"{n}-Year Treasury Yield" for n in (2, 10, 30)},
        "T10Y2Y": "10-Year Treasury Minus 2-Year Treasury Spread",
    }
    values: list[tuple[str, date, float]] = []
    for row in json.loads(body("alternates/nyfed_sofr.json"))["refRates"]:
        values.append(("SOFR", date.fromisoformat(row["effectiveDate"]), row["percentRate"]))
    [row] = json.loads(body("alternates/nyfed_sofrai.json"))["refRates"]
    for column, series in (
        *((f"average{n}day", f"SOFR{n}DAYAVG") for n in (30, 90, 180)),
        ("index", "SOFRINDEX"),
    ):
        values.append((series, date(2026, 11, 19), row[column]))
    yields = pd.read_csv(shared("live") / "alternates" / "treasury_yield_curve.csv")
    yields["T10Y2Y"] = (yields["10 Yr"] - yields["2 Yr"]).round(4)
    columns = {"1 Mo": "DGS1MO", "3 Mo": "DGS3MO", "6 Mo": "DGS6MO", "1 Yr": "DGS1", "2 Yr": "DGS2"}
    for column, series in {**columns, "10 Yr": "DGS10", "30 Yr": "DGS30", "T10Y2Y": "T10Y2Y"}.items():
        for day, value in zip(pd.to_datetime(yields["Date"]).dt.date, yields[column], strict=True):
            values.append((series, day, float(value)))
    return {
        "series_id": [series for series, _, _ in values],
        "series_name": [names[series] for series, _, _ in values],
        "frequency": ["daily"] * len(values),
        "date": [day for _, day, _ in values],
        "value": [value for _, _, value in values],
    }
