"""Any body at all: rows that the tables take, or one clear line, never a raw error."""

import json
import math
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold_jobs.pool_ingest.live import candles, gas, llama, pendle, rates
from sevenfold_jobs.pool_ingest.live.bodies import Unreadable

DAY = date(2026, 11, 20)
AGREED = settings(derandomize=True, deadline=None, max_examples=150)

PARSERS = {
    "pools": llama.read_pools,
    "chart": lambda body: llama.read_chart(body, DAY),
    "addresses": llama.read_addresses,
    "coins": llama.read_coins,
    "block": llama.read_block,
    "coinbase": lambda body: candles.read_coinbase(body, DAY),
    "kraken": lambda body: candles.read_kraken(body, DAY),
    "coinmarketcap": lambda body: candles.read_coinmarketcap(body, "ETH", DAY),
    "gas": gas.read_headers,
    "nyfed": rates.read_nyfed,
    "treasury": lambda body: rates.read_treasury(body, DAY),
    "fred": lambda body: rates.read_fred(body, "DGS10"),
    "pendle": pendle.read_markets,
}

NAMES = [
    "status",
    "data",
    "pool",
    "project",
    "symbol",
    "chain",
    "apy",
    "apyBase",
    "apyReward",
    "tvlUsd",
    "timestamp",
    "underlyingTokens",
    "poolMeta",
    "coins",
    "prices",
    "price",
    "confidence",
    "error",
    "result",
    "last",
    "number",
    "baseFeePerGas",
    "refRates",
    "effectiveDate",
    "type",
    "percentRate",
    "observations",
    "date",
    "value",
    "results",
    "total",
    "address",
    "expiry",
    "pt",
    "sy",
    "accountingAsset",
    "inputTokens",
    "height",
    "quotes",
    "quote",
    "USD",
    "time_close",
    "close",
    "ETH",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["2026-11-19", "2026-11-19T23:01:00.000Z", "0001-01-01T00:00:00+23:59", "SOFR", "0x1f"]),
    st.sampled_from(["success", "\x00", "\ud800", "1-0x" + "a" * 40, "1e999", "nan", 1795046400, -(10**18)]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
#: A body of about the right type: the outermost names are there, what is inside is anything.
SHAPES = {
    "pools": {"data": [VALUES]},
    "chart": {"data": [VALUES]},
    "addresses": {"x": VALUES},
    "coins": {"coins": {"ethereum:0x1": VALUES}},
    "block": {"height": VALUES, "timestamp": VALUES},
    "coinbase": [[SCALARS] * 6],
    "kraken": {"error": [], "result": {"XETHZUSD": [[SCALARS] * 8, [SCALARS] * 8]}},
    "coinmarketcap": {"data": {"ETH": [{"quotes": [{"time_close": SCALARS, "quote": {"USD": VALUES}}]}]}},
    "gas": [{"result": {"number": SCALARS, "timestamp": SCALARS, "baseFeePerGas": SCALARS}}],
    "nyfed": {"refRates": [VALUES]},
    "treasury": VALUES,
    "fred": {"observations": [{"date": SCALARS, "value": SCALARS}]},
    "pendle": {"total": SCALARS, "results": [VALUES]},
}


def filled(shape):
    """A strategy for a shape."""
    if isinstance(shape, dict):
        return st.fixed_dictionaries({name: filled(inner) for name, inner in shape.items()})
    if isinstance(shape, list):
        return st.tuples(*map(filled, shape)) if len(shape) != 1 else st.lists(filled(shape[0]), max_size=4)
    return shape


def figures(value):
    """Every number in what a parser gives."""
    if isinstance(value, bool | str | date) or value is None:
        return
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from figures(key)
            yield from figures(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from figures(inner)
    else:
        yield from figures(vars(value))


def rows_or_one_line(name: str, body: bytes) -> None:
    try:
        found = PARSERS[name](body)
    except Unreadable as error:
        line = str(error)
        assert line
        assert "\n" not in line
        assert "\x00" not in line
        assert len(line) < 700
        return
    assert all(math.isfinite(figure) for figure in figures(found))
    assert "\\u0000" not in json.dumps(found, default=vars_or_text)


def vars_or_text(value):
    return str(value) if isinstance(value, date) else vars(value)


@pytest.mark.parametrize("name", PARSERS)
def test_any_bytes(name):
    @AGREED
    @given(st.binary(max_size=60))
    def holds(body):
        rows_or_one_line(name, body)

    holds()


@pytest.mark.parametrize("name", PARSERS)
def test_any_json_and_any_of_the_right_type(name):
    @AGREED
    @given(st.one_of(VALUES, filled(SHAPES[name])))
    def holds(value):
        rows_or_one_line(name, json.dumps(value).encode())

    holds()


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1" * 5_000, b'"\xff"', b"NaN", b"[1e999]"])
@pytest.mark.parametrize("name", PARSERS)
def test_json_that_breaks_readers(name, body):
    rows_or_one_line(name, body)


LINES = st.lists(
    st.lists(
        st.sampled_from(["Date", "10 Yr", "3 Mo", "DGS10", "", ".", "4.1", "11/19/2026", "x", '"']),
        max_size=4,
    ),
    max_size=5,
)


@pytest.mark.parametrize("name", ["treasury", "fred"])
def test_any_lines(name):
    @AGREED
    @given(LINES)
    def holds(lines):
        rows_or_one_line(name, "\r\n".join(",".join(line) for line in lines).encode())

    holds()
