"""The checks of a day's forecasts where no pool can have one: the day goes on, and it is said why."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import psycopg
from forecast_panels import RUN_DATE, judge, store

CHECKS = (Path(__file__).resolve().parents[3] / "src/kinds/daily/sql/forecast.sql").read_text()
ASOF = RUN_DATE - timedelta(days=1)


def test_pools_without_enough_history_are_named_and_nothing_blocks_for_them(database_url):
    stale = [ASOF - timedelta(days=8), ASOF - timedelta(days=9)]
    rows = [("pool-00", ASOF), ("pool-01", ASOF), *(("pool-02", day) for day in stale), ("pool-03", RUN_DATE)]
    history = pd.DataFrame(rows, columns=["pool_id", "date"]).assign(apy=5.0, tvl=1e6)
    nothing = pd.DataFrame(columns=["symbol", "date", "close"])
    store(database_url, "first", history, nothing, nothing)
    judge(database_url, "first", RUN_DATE)
    sql = (
        CHECKS.replace("$1", "gen_random_uuid()").replace("$2", "'first'").replace("$3", f"date '{RUN_DATE}'")
    )
    with psycopg.connect(database_url) as connection:
        found = {row[0]: row[1:] for row in connection.execute(sql).fetchall()}
    assert found["rows"][:4] == ("block", True, "0", "0")
    assert found["pools without a forecast"] == (
        "warn",
        False,
        "4 of 4",
        "0",
        f"pool-03 has no history; pool-00 has one day of history, {ASOF}, and needs two; "
        f"pool-01 has one day of history, {ASOF}, and needs two; "
        f"pool-02 was last seen on {ASOF - timedelta(days=8)}, more than seven days before {ASOF}",
    )
