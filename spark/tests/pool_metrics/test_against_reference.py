"""Both rule sets against an independent implementation, through the job and the database."""

from datetime import date
from math import isnan
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from pandas_reference import FIGURES, ROUND_HALF_UP, reference_metrics, round_value
from panels import random_panel, shared_panel

from sevenfold_jobs.pool_ingest.main import run as ingest
from sevenfold_jobs.pool_metrics.main import run

# A mean of five-decimal APYs may stand on a tie that one summation rounds up and another down.
ONE_STEP = {name: 1.01e-4 for name in FIGURES if "apy" in name}


def stored(database_url: str, dataset: str) -> pd.DataFrame:
    with psycopg.connect(database_url) as connection:
        cursor = connection.execute(
            f"select pool_id, date, {', '.join(FIGURES)} from pool_daily_metrics"
            " where dataset = %s and metrics_version is not null order by pool_id, date",
            [dataset],
        )
        return pd.DataFrame(cursor.fetchall(), columns=["pool_id", "date", *FIGURES])


def differing_cells(got: pd.DataFrame, want: pd.DataFrame) -> tuple[int, int]:
    """Cells that are apart by more than a step of rounding, and those that are apart at all."""
    assert got[["pool_id", "date"]].values.tolist() == want[["pool_id", "date"]].values.tolist()
    far = near = 0
    for name in FIGURES:
        for have, expected in zip(got[name].astype(float), want[name].astype(float), strict=True):
            if have != expected and not (isnan(have) and isnan(expected)):
                near += 1
                far += not abs(have - expected) <= ONE_STEP.get(name, 0)
    return far, near


def store_panel(database_url: str, dataset: str, history, prices, gas) -> None:
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into pool_history values (%s, %s, %s, %s, %s, nextval('change_seq'))",
            [(dataset, *row) for row in history.itertuples(index=False)],
        )
        cursor.executemany(
            "insert into token_prices_daily (dataset, symbol, date, close, change_seq)"
            " values (%s, %s, %s, %s, nextval('change_seq'))",
            [(dataset, *row) for row in prices.itertuples(index=False)],
        )
        cursor.executemany(
            "insert into gas_fees_daily (dataset, date, actual_avg_gas_gwei, change_seq)"
            " values (%s, %s, %s, nextval('change_seq'))",
            [(dataset, *row) for row in gas.itertuples(index=False)],
        )


def computed_panel45(make_batch, database_url: str, parity: bool) -> tuple[pd.DataFrame, pd.DataFrame, Path]:
    """What the job stored and what the reference gives, of the shared panel."""
    folder = shared_panel("panel45")
    dataset = f"panel45{parity}"
    request = {"dataset": dataset, "source": "files", "path": str(folder), "date": "2022-02-14"}
    ingest(make_batch("pool_ingest", request, unit="ingest"))
    result = run(make_batch("pool_metrics", {"dataset": dataset, "parity": parity, "date": "2022-02-14"}))
    assert result["rowsWritten"] == 45 * 400
    return stored(database_url, dataset), reference_metrics(*_files(folder), parity=parity), folder


def test_the_panel_of_45_pools(spark, make_batch, database_url):
    got, want, _ = computed_panel45(make_batch, database_url, parity=False)
    far, near = differing_cells(got, want)
    assert far == 0
    assert near < 200  # of 234,000: means on a tie


def test_the_panel_of_45_pools_as_the_original_computes_it_to_the_last_digit(spark, make_batch, database_url):
    got, want, folder = computed_panel45(make_batch, database_url, parity=True)
    wide = _files(folder)[0].pivot(index="date", columns="pool_id", values="apy")
    wide.index = pd.to_datetime(wide.index)
    wide = wide.asfreq("D").ffill()
    for name, window in (("7d", 7), ("30d", 30)):
        rolling = wide.rolling(window, min_periods=1)
        # pandas' own running sums decide the ties
        for figure, values in (
            (f"rolling_apy_{name}", rolling.mean()),
            (f"stddev_apy_{name}", rolling.std()),
        ):
            want[figure] = [round_value(value, 4, ROUND_HALF_UP) for pool in values for value in values[pool]]
    assert differing_cells(got, want) == (0, 0)


@pytest.mark.parametrize("parity", [False, True])
def test_a_random_panel_with_every_kind_of_hole(spark, make_batch, database_url, parity):
    dataset = f"random{parity}"
    panel = random_panel(seed=11)
    store_panel(database_url, dataset, *panel)
    run(make_batch("pool_metrics", {"dataset": dataset, "parity": parity}))
    far, near = differing_cells(stored(database_url, dataset), reference_metrics(*panel, parity=parity))
    assert far == 0
    assert near < 20


def _files(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    history = pd.read_parquet(folder / "pool_history.parquet").rename(columns={"tvl_usd": "tvl"})
    prices = pd.read_csv(folder / "prices_daily.csv")
    gas = pd.read_csv(folder / "gas_daily.csv").rename(columns={"avg_gas_gwei": "actual_avg_gas_gwei"})
    for frame in (prices, gas):
        frame["date"] = frame["date"].map(date.fromisoformat)
    return history, prices, gas
