"""Every computed column on hand-worked cases, through Spark."""

from datetime import date, timedelta
from math import sqrt

import pandas as pd
import pytest

from sevenfold_jobs.pool_metrics.rules import COLUMNS
from sevenfold_jobs.pool_metrics.transforms import pool_metrics, round_half_away

DAY = date(2025, 3, 1)
PLAN = "stretch int, pool_id string, first date, last date, read_from date"
SEEN = "stretch int, date date, apy double, tvl double"
OUTSIDE = "date date, eth_open double, btc_open double, gas_price_gwei double"


@pytest.fixture
def compute(spark):
    """`compute({pool: {day number: (apy, tvl)}}, days)`: rows by pool and day number."""

    def go(pools, days, *, parity=False, due_from=0, outside=None):
        last = DAY + timedelta(days=days - 1)
        first = DAY + timedelta(days=due_from)
        plan = [(number, name, first, last, DAY) for number, name in enumerate(pools)]
        seen = [
            (number, DAY + timedelta(days=day), apy, tvl)
            for number, observed in enumerate(pools.values())
            for day, (apy, tvl) in observed.items()
        ]
        around = [(DAY + timedelta(days=n), *(outside or {}).get(n, (None, None, None))) for n in range(days)]
        # as the job sets it: the join is content with a partitioning by stretch
        session = spark.newSession()
        session.conf.set("spark.sql.requireAllClusterKeysForCoPartition", "false")

        def frame(rows, schema):
            names = [column.split()[0] for column in schema.split(", ")]
            return session.createDataFrame(pd.DataFrame(rows, columns=names), schema)

        computed = pool_metrics(
            frame(plan, PLAN),
            frame(seen, SEEN),
            frame(around, OUTSIDE),
            parity=parity,
            partitions=2,
        )
        assert computed.columns == list(COLUMNS)
        return {(row.pool_id, (row.date - DAY).days): row for row in computed.collect()}

    return go


def series(rows, name, days, pool="p"):
    return [rows[pool, day][name] for day in range(days)]


def test_every_pool_has_one_row_a_day_from_the_first_day_of_all_to_the_last(compute):
    rows = compute({"p": {0: (1.0, 10.0)}, "q": {3: (2.0, 20.0)}}, 5)
    assert sorted(rows) == [(pool, day) for pool in "pq" for day in range(5)]


def test_before_its_first_observation_a_pool_is_empty(compute):
    rows = compute({"p": {3: (2.0, 20.0)}}, 4)
    for name in COLUMNS[2:]:
        assert series(rows, name, 3) == [None, None, None]
    assert rows["p", 3].actual_apy == 2.0
    assert rows["p", 3].apy_delta_today_yesterday is None


def test_apy_is_carried_forward_for_seven_days_and_not_for_eight(compute):
    rows = compute({"p": {0: (3.0, 10.0)}}, 10)
    assert series(rows, "actual_apy", 10) == [3.0] * 8 + [None, None]
    assert series(rows, "stale_days", 10) == [0, 1, 2, 3, 4, 5, 6, 7, None, None]


def test_parity_carries_apy_forward_for_ever(compute):
    rows = compute({"p": {0: (3.0, 10.0)}}, 40, parity=True)
    assert series(rows, "actual_apy", 40) == [3.0] * 40
    assert rows["p", 39].stale_days == 39
    assert rows["p", 39].stddev_apy_30d == 0.0


def test_tvl_is_the_observation_and_is_not_filled(compute):
    rows = compute({"p": {0: (3.0, 10.125), 2: (3.0, 0.0)}}, 4)
    assert series(rows, "actual_tvl", 4) == [10.13, None, 0.0, None]


def test_means_count_filled_days_and_skip_empty_ones(compute):
    rows = compute({"p": {1: (1.0, 1.0), 3: (4.0, 1.0)}}, 5)
    # filled: -, 1, 1, 4, 4
    assert series(rows, "rolling_apy_7d", 5) == [None, 1.0, 1.0, 2.0, 2.5]
    assert series(rows, "rolling_apy_30d", 5) == [None, 1.0, 1.0, 2.0, 2.5]


def test_the_short_window_holds_seven_days_and_the_long_one_thirty(compute):
    rows = compute({"p": {day: (float(day), 1.0) for day in range(35)}}, 35)
    assert rows["p", 6].rolling_apy_7d == 3.0
    assert rows["p", 7].rolling_apy_7d == 4.0
    assert rows["p", 29].rolling_apy_30d == 14.5
    assert rows["p", 30].rolling_apy_30d == 15.5
    # of n consecutive numbers: sqrt(n (n + 1) / 12)
    assert rows["p", 7].stddev_apy_7d == round(sqrt(7 * 8 / 12), 4)
    assert rows["p", 34].stddev_apy_30d == round(sqrt(30 * 31 / 12), 4)
    assert rows["p", 34].stddev_apy_30d_delta == 0.0


def test_the_deviation_of_one_value_is_empty_and_of_two_is_that_of_a_sample(compute):
    rows = compute({"p": {0: (1.0, 1.0), 1: (2.0, 1.0)}}, 3)
    assert series(rows, "stddev_apy_7d", 2) == [None, 0.7071]
    # 1, 2, 2: variance 1/3
    assert rows["p", 2].stddev_apy_7d == 0.5774


def test_deltas_are_first_differences_of_unrounded_values(compute):
    rows = compute({"p": {0: (1.00004, 1.0), 1: (1.00006, 1.0), 2: (1.00014, 1.0)}}, 3)
    assert series(rows, "apy_delta_today_yesterday", 3) == [None, 0.0, 0.0001]
    # rounded first: 1.0 and 1.0001 would differ by 0.0001
    assert series(rows, "actual_apy", 3) == [1.0, 1.0001, 1.0001]
    assert series(rows, "stddev_apy_7d_delta", 3) == [None, None, 0.0]


def test_after_the_carried_days_are_over_the_windows_run_dry(compute):
    rows = compute({"p": {0: (2.0, 1.0)}}, 40)
    # filled on days 0 to 7: the last 7-day window with a value ends on day 13, with two on day 12
    assert [rows["p", day].rolling_apy_7d for day in (13, 14)] == [2.0, None]
    assert [rows["p", day].stddev_apy_7d for day in (12, 13)] == [0.0, None]
    assert [rows["p", day].rolling_apy_30d for day in (36, 37)] == [2.0, None]
    assert rows["p", 8].apy_delta_today_yesterday is None


def test_a_constant_series_has_no_deviation(compute):
    rows = compute({"p": dict.fromkeys(range(32), (0.1, 1.0))}, 32)
    assert {rows["p", day].stddev_apy_30d for day in range(1, 32)} == {0.0}
    assert rows["p", 31].rolling_apy_30d == 0.1


def test_a_pool_with_one_day_has_its_own_row_only(compute):
    rows = compute({"p": {0: (5.0, 7.0)}}, 1)
    row = rows["p", 0]
    assert (row.actual_apy, row.rolling_apy_7d, row.stddev_apy_7d, row.stale_days) == (5.0, 5.0, None, 0)


def test_pools_do_not_see_each_other(compute):
    together = compute({"p": {0: (1.0, 1.0)}, "q": {0: (9.0, 1.0), 1: (9.0, 1.0)}}, 3)
    alone = compute({"q": {0: (9.0, 1.0), 1: (9.0, 1.0)}}, 3)
    assert [together["q", day] for day in range(3)] == [alone["q", day] for day in range(3)]


def test_rows_before_the_due_ones_feed_the_windows_and_are_not_returned(compute):
    observed = {"p": {day: (float(day), 1.0) for day in range(50)}}
    whole, part = compute(observed, 50), compute(observed, 50, due_from=37)
    assert set(part) == {("p", day) for day in range(37, 50)}
    assert all(whole[key] == row for key, row in part.items())


def test_every_day_gets_its_prices_and_gas(compute):
    rows = compute({"p": {1: (1.0, 1.0)}}, 2, outside={0: (3000.5, 90000.25, 1.5)})
    assert (rows["p", 0].eth_open, rows["p", 0].btc_open, rows["p", 0].gas_price_gwei) == (
        3000.5,
        90000.25,
        1.5,
    )
    assert rows["p", 1].eth_open is None


@pytest.mark.parametrize("parity", [False, True])
def test_no_figure_is_nan(compute, parity):
    rows = compute({"p": {2: (1.0, 1.0)}, "q": {0: (1.0, 1.0), 20: (2.0, 2.0)}}, 45, parity=parity)
    assert not any(value != value for row in rows.values() for value in row)


def test_rounds_half_away_from_zero_on_the_shortest_text(spark):
    values = [1.00005, -1.00005, 2.67495, 0.00004, -0.00004, 1e-9, 123456789.00005, 1.0000499999999999, None]
    frame = spark.createDataFrame([(value,) for value in values], "value double")
    rounded = [row[0] for row in frame.select(round_half_away(frame.value, 4)).collect()]
    assert rounded == [1.0001, -1.0001, 2.675, 0.0, 0.0, 0.0, 123456789.0001, 1.0, None]
