"""Prices and gas of a day: the open is the last close before it, nothing comes from the future."""

from datetime import date
from math import isnan

import pandas as pd
import pytest

from sevenfold_jobs.pool_metrics.exogenous import exogenous_days, exogenous_days_as_original

FIRST, LAST = date(2025, 1, 3), date(2025, 1, 8)
PRICES = pd.DataFrame(
    [
        ("ETH", date(2025, 1, 1), 100.0),
        ("ETH", date(2025, 1, 2), 101.0),
        ("ETH", date(2025, 1, 3), 102.123456785),  # the 5th and 6th have no row
        ("ETH", date(2025, 1, 4), 103.0),
        ("ETH", date(2025, 1, 7), 106.0),
        ("BTC", date(2025, 1, 5), 500.0),
        ("BTC", date(2025, 1, 6), 501.0),
    ],
    columns=["symbol", "date", "close"],
)
GAS = pd.DataFrame(
    [(date(2025, 1, 5), 10.00005), (date(2025, 1, 6), 2.345), (date(2025, 1, 8), 2.355)],
    columns=["date", "actual_avg_gas_gwei"],
)


def column(frame, name):
    return [None if isnan(value) else value for value in frame[name]]


def test_an_open_is_the_last_close_before_the_day():
    days = exogenous_days(PRICES, GAS, FIRST, LAST)
    assert column(days, "eth_open") == [101.0, 102.12345679, 103.0, 103.0, 103.0, 106.0]


def test_what_nobody_knew_yet_stays_empty_and_later_holes_are_filled_forward():
    days = exogenous_days(PRICES, GAS, FIRST, LAST)
    assert column(days, "btc_open") == [None, None, None, 500.0, 501.0, 501.0]
    assert column(days, "gas_price_gwei") == [None, None, 10.0001, 2.345, 2.345, 2.355]


def test_a_value_of_before_the_first_day_is_carried_in():
    early = pd.DataFrame([(date(2025, 1, 1), 7.0)], columns=["date", "actual_avg_gas_gwei"])
    assert column(exogenous_days(PRICES, early, FIRST, LAST), "gas_price_gwei") == [7.0] * 6


def test_a_value_is_repeated_for_seven_days_and_no_longer():
    early = pd.DataFrame([(date(2024, 12, 29), 7.0)], columns=["date", "actual_avg_gas_gwei"])
    assert column(exogenous_days(PRICES, early, FIRST, LAST), "gas_price_gwei") == [7.0] * 3 + [None] * 3
    closes = pd.DataFrame([("ETH", date(2024, 12, 28), 9.0)], columns=["symbol", "date", "close"])
    assert column(exogenous_days(closes, GAS, FIRST, LAST), "eth_open") == [9.0] * 3 + [None] * 3


def test_without_any_row_every_day_is_empty():
    days = exogenous_days(PRICES.iloc[:0], GAS.iloc[:0], FIRST, LAST)
    assert days.isna().all(axis=None)
    assert len(days) == 6


def test_the_original_lags_over_rows_with_an_empty_row_for_the_run_date():
    days = exogenous_days_as_original(PRICES, GAS, FIRST, LAST, run_date=LAST)
    # the 5th and 6th repeat the row before them; the 7th lags over the gap; the 8th is the empty row
    assert column(days, "eth_open") == [101.0, 102.12345679, 102.12345679, 102.12345679, 103.0, 106.0]


def test_the_original_fills_leading_holes_from_the_future():
    days = exogenous_days_as_original(PRICES, GAS, FIRST, LAST, run_date=LAST)
    assert column(days, "btc_open") == [500.0, 500.0, 500.0, 500.0, 500.0, 501.0]
    assert column(days, "gas_price_gwei") == [10.0, 10.0, 10.0, 2.34, 2.34, 2.36]


def test_the_original_forgets_what_it_knew_before_the_first_day():
    early = pd.DataFrame([(date(2024, 12, 1), 7.0)], columns=["date", "actual_avg_gas_gwei"])
    days = exogenous_days_as_original(PRICES, early, FIRST, LAST, run_date=LAST)
    assert column(days, "gas_price_gwei") == [None] * 6


@pytest.mark.parametrize("symbol", ["ETH", "BTC"])
def test_the_order_of_the_rows_does_not_matter(symbol):
    shuffled = PRICES.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        exogenous_days(shuffled, GAS[::-1], FIRST, LAST), exogenous_days(PRICES, GAS, FIRST, LAST)
    )
