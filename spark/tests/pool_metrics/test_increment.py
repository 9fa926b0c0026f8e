"""An increment leaves the rows that a full computation would: bit for bit, after any change of the data."""

from datetime import timedelta

import numpy as np
import psycopg
import pytest
from panels import random_panel
from test_against_reference import store_panel

from sevenfold_jobs.pool_metrics.main import run


@pytest.fixture
def metrics(make_batch, database_url):
    """`metrics(dataset, full=…)` runs the job; `metrics.rows(dataset)` is every stored row as text."""

    def go(dataset, **request):
        return run(
            make_batch("pool_metrics", {"dataset": dataset, "parity": False, "full": False, **request})
        )

    def rows(dataset):
        with psycopg.connect(database_url) as connection:
            return dict(
                connection.execute(
                    "select (pool_id, date)::text, m::text from pool_daily_metrics m where dataset = %s",
                    [dataset],
                ).fetchall()
            )

    def change(statement, *values):
        with psycopg.connect(database_url) as connection:
            return connection.execute(statement, values).rowcount

    go.rows, go.change = rows, change
    return go


def corrections(draw: np.random.Generator, history) -> list[tuple[str, tuple]]:
    """Statements that change data as sources do: late points, corrections, new pools, new days."""
    pools, days = sorted(history.pool_id.unique()), sorted(history.date.unique())
    put = (
        "insert into pool_history values (%s, %s, %s, %s, %s, nextval('change_seq')) on conflict"
        " (dataset, pool_id, date) do update set apy = excluded.apy, change_seq = excluded.change_seq"
    )
    some = lambda values: values[int(draw.integers(len(values)))]  # noqa: E731
    value = lambda: round(float(draw.gamma(2, 3)), 5)  # noqa: E731
    kind = draw.integers(6)
    if kind == 0:
        return [(put, (some(pools), some(days), value(), 1.0)) for _ in range(5)]
    if kind == 1:
        new = days[-1] + timedelta(days=int(draw.integers(1, 4)))
        return [(put, (pool, new, value(), 2.0)) for pool in pools if draw.random() < 0.7]
    if kind == 2:
        pool = f"pool-new-{draw.integers(10**6)}"
        return [(put, (pool, day, value(), 3.0)) for day in days if draw.random() < 0.5]
    if kind == 3:
        return [(put, (some(pools), days[0] - timedelta(days=int(draw.integers(1, 5))), value(), 4.0))]
    if kind == 4:
        price = (
            "insert into token_prices_daily (dataset, symbol, date, close, change_seq)"
            " values (%s, 'ETH', %s, %s, nextval('change_seq')) on conflict (dataset, symbol, date)"
            " do update set close = excluded.close, change_seq = excluded.change_seq"
        )
        return [(price, (some(days), value()))]
    gas = (
        "insert into gas_fees_daily (dataset, date, actual_avg_gas_gwei, change_seq)"
        " values (%s, %s, %s, nextval('change_seq')) on conflict (dataset, date)"
        " do update set actual_avg_gas_gwei = excluded.actual_avg_gas_gwei, change_seq = excluded.change_seq"
    )
    return [(gas, (some(days), value()))]


@pytest.mark.parametrize("seed", [1, 2])
def test_increments_equal_the_whole_after_random_changes(spark, metrics, database_url, seed):
    dataset = f"increments{seed}"
    draw = np.random.default_rng(seed)
    history, prices, gas = random_panel(seed, pools=6, days=75)
    store_panel(database_url, dataset, history, prices, gas)
    assert metrics(dataset)["mode"] == "full"
    increments = 0
    for _ in range(8):
        for _ in range(int(draw.integers(1, 3))):
            for statement, values in corrections(draw, history):
                metrics.change(statement, dataset, *values)
        result = metrics(dataset)
        increments += result["mode"] == "increment"
        after_increment = metrics.rows(dataset)
        again = metrics(dataset, full=True)
        assert (again["mode"], again["rowsWritten"]) == ("full", 0)
        assert metrics.rows(dataset) == after_increment
        assert len(after_increment) == again["rowsDue"]
    assert increments == 8


def test_a_changed_point_recomputes_as_many_days_as_it_reaches(spark, metrics, database_url):
    history, prices, gas = random_panel(5, pools=4, days=90)
    store_panel(database_url, "reach", history, prices, gas)
    metrics("reach")
    day = history[history.pool_id == "pool-00"].date.iloc[10]
    metrics.change(
        "update pool_history set apy = apy + 1, change_seq = nextval('change_seq')"
        " where dataset = 'reach' and pool_id = 'pool-00' and date = %s",
        day,
    )
    result = metrics("reach")
    assert (result["mode"], result["rowsComputed"]) == ("increment", 38)
    assert (result["fromDate"], result["toDate"]) == (str(day), str(day + timedelta(days=37)))


def test_the_next_day_computes_one_row_a_pool(spark, metrics, database_url):
    history, prices, gas = random_panel(6, pools=5, days=60)
    last = history.date.max()
    store_panel(database_url, "daily", history[history.date < last], prices[prices.date < last], gas)
    metrics("daily")
    nothing = prices.iloc[:0], gas.iloc[:0]
    store_panel(database_url, "daily", history[history.date == last], prices[prices.date == last], nothing[1])
    result = metrics("daily")
    assert (result["mode"], result["rowsComputed"], result["rowsWritten"]) == ("increment", 5, 5)


def test_without_a_change_there_is_nothing_to_do(spark, metrics, database_url):
    store_panel(database_url, "idle", *random_panel(7, pools=3, days=40))
    metrics("idle")
    result = metrics("idle")
    assert (result["mode"], result["rowsComputed"], result["rowsWritten"]) == ("nothing", 0, 0)
    assert result["rowsDue"] == 3 * 40


def test_rows_that_somebody_deleted_come_back(spark, metrics, database_url):
    store_panel(database_url, "damaged", *random_panel(8, pools=3, days=40))
    metrics("damaged")
    before = metrics.rows("damaged")
    metrics.change(
        "delete from pool_daily_metrics where dataset = 'damaged' and pool_id = 'pool-01' and date > %s",
        random_panel(8, pools=3, days=40)[0].date.min() + timedelta(days=30),
    )
    result = metrics("damaged")
    assert (result["mode"], result["rowsComputed"], result["rowsWritten"]) == ("increment", 40, 9)
    assert metrics.rows("damaged") == before


def test_symbols_in_small_letters_are_the_same_tokens(spark, metrics, database_url):
    store_panel(database_url, "letters", *random_panel(11, pools=2, days=40))
    metrics("letters")
    before = metrics.rows("letters")
    changed = metrics.change(
        "update token_prices_daily set symbol = lower(symbol), change_seq = nextval('change_seq')"
        " where dataset = 'letters' and extract(day from date) > 15"
    )
    assert changed > 0
    assert metrics("letters", full=True)["rowsWritten"] == 0
    assert metrics.rows("letters") == before


def test_a_new_version_of_the_rules_recomputes_everything(spark, metrics, database_url):
    store_panel(database_url, "versioned", *random_panel(9, pools=3, days=40))
    metrics("versioned")
    metrics.change("update pool_metrics_state set metrics_version = 0 where dataset = 'versioned'")
    assert metrics("versioned")["mode"] == "full"


def test_parity_is_computed_whole_every_time(spark, metrics, database_url):
    store_panel(database_url, "whole+parity", *random_panel(10, pools=3, days=40))
    assert metrics("whole+parity", parity=True)["mode"] == "full"
    result = metrics("whole+parity", parity=True)
    assert (result["mode"], result["rowsWritten"]) == ("full", 0)
