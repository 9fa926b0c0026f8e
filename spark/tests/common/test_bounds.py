"""The door's bounds and the tables' are the same: what passes the one never fails in the other."""

import math
from datetime import date

import pytest

from sevenfold_jobs.common.bounds import BOUNDS, FIRST_DAYS, Days


def constraints(query) -> dict[tuple[str, str], str]:
    """By table and column: the expression of its bounds as the database has it."""
    found = query(
        """
        select conrelid::regclass::text, conname, pg_get_expr(conbin, conrelid)
          from pg_constraint where contype = 'c' and right(conname, 7) = '_bounds'
        """
    )
    return {(table, name[len(table) + 1 : -len("_bounds")]): text for table, name, text in found}


def test_every_bound_of_the_door_is_one_of_the_database_and_the_other_way_round(query):
    of_numbers = {key for key in constraints(query) if key[1] != "date"}
    assert of_numbers == set(BOUNDS)


@pytest.mark.parametrize("key", BOUNDS, ids=".".join)
def test_both_limits_pass_in_both_and_what_lies_beyond_passes_in_neither(query, key):
    table, column = key
    bound = BOUNDS[key]
    expression = constraints(query)[key]
    kind = query(
        "select data_type from information_schema.columns where table_name = %s and column_name = %s",
        table,
        column,
    )[0][0]

    def passes(value: float) -> bool:
        # the constraint's own words, over a row that has nothing but the column
        return query(f"select {expression} from (select %s::{kind} as {column}) as row", repr(value))[0][0]

    assert passes(bound.low)
    assert passes(bound.high)
    below, above = (
        (bound.low - 1, bound.high * 1.01)
        if kind == "numeric"
        else (math.nextafter(bound.low, -math.inf), math.nextafter(bound.high, math.inf))
    )
    assert not passes(below)
    assert not passes(above)
    if kind != "numeric":
        assert not passes(math.nan)


def test_the_first_days_of_the_settings_are_none_that_a_table_refuses(query):
    found = {key: text for key, text in constraints(query).items() if key[1] == "date"}
    assert {table for table, _ in found} == {
        "pool_history",
        "token_prices_daily",
        "gas_fees_daily",
        "macroeconomic_data",
        "portfolio_transactions",
        "prices",
    }
    for (table, _), expression in found.items():
        kind = "prices" if table in ("prices", "macroeconomic_data") else "chains"
        [(passes,)] = query(f"select {expression} from (select %s::date as date) as row", FIRST_DAYS[kind])
        assert passes


def test_a_requests_first_day_goes_before_the_usual_one_and_today_is_the_last():
    today = date(2026, 11, 27)
    assert Days.of({}, "chains", today) == Days(date(2015, 1, 1), today)
    given = {"firstDays": {"prices": "1850-01-01"}}
    assert Days.of(given, "prices", today) == Days(date(1850, 1, 1), today)
    assert Days.of(given, "chains", today).first == date(2015, 1, 1)
