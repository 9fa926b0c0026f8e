"""Source `sample`: made, marked as made, and never different for a day that was made before."""

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.pool_ingest import sample
from sevenfold_jobs.pool_ingest.source import SCHEMAS

CHECKOUT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 6, 1)
DAY = date(2025, 11, 10)


def made(day: date):
    return sample.generate(day, today=TODAY)


def test_a_later_day_extends_what_was_there_and_never_changes_it():
    earlier, later = made(DAY), made(DAY + timedelta(days=150))
    for name in ("pool_history", "token_prices_daily", "gas_fees_daily", "macroeconomic_data"):
        old = earlier.tables[name].to_pylist()
        new = later.known_on(DAY - timedelta(days=1)).tables[name].to_pylist()
        assert sorted(old, key=str) == sorted(new, key=str)
    assert later.tables["pool_history"].num_rows > earlier.tables["pool_history"].num_rows
    old_pools = {row["pool_id"]: row for row in earlier.tables["pools"].to_pylist()}
    new_pools = {row["pool_id"]: row for row in later.tables["pools"].to_pylist()}
    assert old_pools.keys() < new_pools.keys()
    for pool_id, row in old_pools.items():
        assert row["underlying_tokens"] == new_pools[pool_id]["underlying_tokens"]


def test_is_complete_up_to_the_day_before():
    tables = made(DAY).tables
    for name in ("pool_history", "token_prices_daily", "gas_fees_daily"):
        assert pc.max(tables[name]["date"]).as_py() == DAY - timedelta(days=1)


def test_the_same_bytes_on_every_machine():
    """Raw bits and exactly rounded arithmetic. If this changes, raise RESULT_VERSION of pool_ingest."""
    digest = hashlib.sha256()
    for name, table in sorted(made(DAY).tables.items()):
        digest.update(name.encode())
        for row in table.to_pylist():
            digest.update(json.dumps(row, default=str, sort_keys=True).encode())
    assert digest.hexdigest()[:16] == "342832e7d7244de2"


def test_every_pool_says_that_it_is_a_sample():
    ids = made(DAY).tables["pools"]["pool_id"].to_pylist()
    assert 55 <= len(ids) <= 75
    assert all(name.startswith("sample-") for name in ids)


def test_has_pools_for_every_reason_of_the_pre_filter():
    pools = made(DAY).tables["pools"].to_pylist()
    approved = [pool for pool in pools if pool["chain"] == "Ethereum" and pool["protocol"]]
    assert len(approved) >= 40
    assert any(pool["chain"] not in (None, "Ethereum") for pool in pools)
    assert any(pool["symbol"] is None and pool["protocol"] is None for pool in pools)
    assert any(pool["underlying_tokens"] == "FRAX" for pool in pools)
    assert any(pool["underlying_token_addresses"] == "" and pool["tvl"] < 500_000 for pool in approved)


def test_its_approved_names_stand_in_the_lists_of_the_project():
    settings = json.loads(text_of("pool_ingest", "sample.json"))
    lists = (CHECKOUT / "config" / "pools" / "lists.json").read_text().lower()
    for name in [*settings["protocols"], *settings["tokens"], *settings["tokens"].values()]:
        assert f'"{name.lower()}"' in lists


def test_one_token_lost_its_peg_for_good_and_one_came_back():
    prices = made(DAY).tables["token_prices_daily"].to_pandas()
    last = prices[prices.date == DAY - timedelta(days=1)].set_index("symbol").close
    assert last["LUSD"] < 0.98
    assert last["crvUSD"] > 0.99
    assert prices[prices.symbol == "crvUSD"].close.min() < 0.96
    others = prices[prices.symbol.isin(["USDC", "USDT", "DAI", "USDS", "GHO", "PYUSD"])]
    assert others.close.between(0.99, 1.01).all()


def test_every_candle_holds_its_open_and_close():
    prices = made(DAY).tables["token_prices_daily"].to_pandas()
    assert (prices.low <= prices[["open", "close"]].min(axis=1)).all()
    assert (prices.high >= prices[["open", "close"]].max(axis=1)).all()
    assert (prices.low > 0).all()


def test_levels_follow_the_quantiles():
    settings = json.loads(text_of("pool_ingest", "sample.json"))
    history = made(date(2026, 5, 1)).tables["pool_history"].to_pandas()
    levels = history.groupby("pool_id").apy.median()
    assert 0.5 < levels.median() / settings["quantiles"]["apyPercent"][4] < 2
    assert history.apy.ge(0).all()
    assert np.isfinite(history[["apy", "tvl"]].to_numpy()).all()


def test_schemas_are_those_of_the_database():
    for name, table in made(DAY).tables.items():
        assert table.schema == SCHEMAS[name]


@pytest.mark.parametrize("day", [date(2025, 10, 30), TODAY + timedelta(days=1)])
def test_a_day_outside_the_sample_is_refused_with_the_range(day):
    with pytest.raises(InvalidInput, match="from 2025-10-31 to 2026-06-01"):
        made(day)
