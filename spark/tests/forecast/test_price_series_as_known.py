"""What could be read on a day: late rows, revisions, closed days, holes; and the same from the database."""

import json
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from made_prices import DAY, day, made_prices, rows_of, truncated

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.series import Prices, read_series


def few_prices(rows: list[tuple], calendar: str = "trading", **covariates: list[float]) -> Prices:
    """Rows (date, known_at, trading, close)."""
    dates, known, trading, close = (list(values) for values in zip(*rows, strict=True))
    return Prices(
        "FEW",
        calendar,
        np.array(dates, "datetime64[D]"),
        np.array(known, "datetime64[D]"),
        np.array(trading, bool),
        np.array(close, float),
        {name: np.array(values, float) for name, values in covariates.items()},
    )


# Friday is published on Monday; Thursday is revised on the Monday after.
LATE = few_prices(
    [
        ("2024-05-01", "2024-05-01", True, 10.0),
        ("2024-05-02", "2024-05-02", True, 11.0),
        ("2024-05-02", "2024-05-06", True, 11.5),
        ("2024-05-03", "2024-05-06", True, 12.0),
        ("2024-05-06", "2024-05-06", True, 13.0),
        ("2024-05-07", "2024-05-07", True, 14.0),
    ]
)


@pytest.mark.parametrize(
    ("as_of", "closes"),
    [
        ("2024-04-30", []),
        ("2024-05-02", [10.0, 11.0]),
        ("2024-05-03", [10.0, 11.0]),
        ("2024-05-06", [10.0, 11.5, 12.0, 13.0]),
        ("2024-05-07", [10.0, 11.5, 12.0, 13.0, 14.0]),
    ],
)
def test_a_row_is_read_from_the_day_it_was_known_and_a_revision_replaces_it_then(as_of, closes):
    assert LATE.as_of(day(as_of)).close.tolist() == closes


def test_the_cutoff_is_the_newest_day_that_was_known_not_the_day_before():
    [group] = LATE.cutoffs(np.array(["2024-05-06"], "datetime64[D]"))
    assert group.series.dates[group.positions].tolist() == [day("2024-05-02").item()]
    assert group.series.close[group.positions].tolist() == [11.0]


def test_days_that_are_not_published_yet_are_forecast_before_the_date_itself():
    days = LATE.projected_days(
        np.array(["2024-05-06"], "datetime64[D]"), np.array(["2024-05-02"], "datetime64[D]"), 4
    )
    assert days.astype(str).tolist() == [["2024-05-03", "2024-05-06", "2024-05-07", "2024-05-08"]]


def test_one_revision_years_later_moves_no_earlier_date():
    prices = made_prices(rows=60)
    revised = np.append(np.arange(len(prices.dates)), 20)
    order = np.argsort(prices.dates[revised], kind="stable")
    late = rows_of(prices, revised[order])
    twice = np.flatnonzero(late.dates[1:] == late.dates[:-1])
    known, close = late.known_at.copy(), late.close.copy()
    known[twice + 1], close[twice + 1] = day("2030-01-01"), 1e6
    late = replace(late, known_at=known, close=close)
    starts = prices.trading_days[30:]
    assert prices.is_plain
    assert not late.is_plain
    [whole] = prices.cutoffs(starts)
    for group, start, position in zip(late.cutoffs(starts), starts, whole.positions, strict=True):
        wanted = whole.series.first(int(position) + 1)
        assert group.starts.tolist() == [start.item()]
        np.testing.assert_array_equal(group.series.close, wanted.close)
        for name, values in wanted.covariates.items():
            np.testing.assert_array_equal(group.series.covariates[name], values)


def test_closed_days_are_rows_only_of_the_calendar():
    trading, calendar = made_prices(rows=20), made_prices(rows=20, calendar="calendar")
    assert len(trading.newest) == 20
    assert trading.newest.trading.all()
    assert len(calendar.newest) == len(calendar.dates) == 26
    monday = day("2012-01-09")
    assert trading.as_of_day(monday) == monday - 3 * DAY
    assert calendar.as_of_day(monday) == monday - DAY
    assert trading.rows_before(monday) == calendar.rows_before(monday) == 7


def test_a_hole_in_a_covariate_is_carried_forward_and_its_beginning_stays_empty():
    rows = [(f"2024-05-0{n}", f"2024-05-0{n}", n != 4, 1.0) for n in range(1, 8)]
    nan = float("nan")
    prices = few_prices(rows, vix=[nan, 5.0, nan, 6.0, nan, nan, 7.0])
    # the 4th is closed, but its vix is known on the 5th
    np.testing.assert_array_equal(prices.newest.covariates["vix"], [nan, 5, 5, 6, 6, 7])
    np.testing.assert_array_equal(
        truncated(prices, day("2024-05-06")).newest.covariates["vix"], [nan, 5, 5, 6, 6]
    )


def test_targets_are_the_trading_days_that_came_and_then_weekdays():
    prices = made_prices(rows=10)  # to Friday, 2012-01-13
    assert prices.target_days(day("2012-01-11"), day("2012-01-12"), 4).astype(str).tolist() == [
        "2012-01-12",
        "2012-01-13",
        "2012-01-16",
        "2012-01-17",
    ]


def test_the_one_date_after_the_last_row_is_its_own_first_target():
    prices = made_prices(rows=10)
    targets = prices.target_days(day("2012-01-13"), day("2012-01-18"), 3).astype(str).tolist()
    assert targets == ["2012-01-18", "2012-01-19", "2012-01-20"]


def test_calendar_targets_are_every_day():
    prices = made_prices(rows=10, calendar="calendar")
    assert prices.target_days(day("2012-01-12"), day("2012-01-13"), 4).astype(str).tolist() == [
        "2012-01-13",
        "2012-01-14",
        "2012-01-15",
        "2012-01-16",
    ]


def test_actuals_are_the_trading_days_after_the_cutoff_and_unknown_beyond_the_end():
    prices = made_prices(rows=10)
    close = prices.newest.close
    np.testing.assert_array_equal(prices.actuals(day("2012-01-11"), 4), [close[8], close[9], np.nan, np.nan])


def test_a_carried_row_is_never_an_actual():
    prices = made_prices(rows=10, calendar="calendar")
    found = prices.actuals(day("2012-01-05"), 4)
    assert np.isnan(found).tolist() == [False, True, True, False]


def test_before_the_first_price_there_is_no_forecast():
    with pytest.raises(InvalidInput, match="no price before 2012-01-02"):
        made_prices(rows=10).as_of_day(day("2012-01-02"))


def test_a_row_that_was_published_too_late_for_the_first_date_is_named():
    prices = few_prices([("2024-05-01", "2024-05-03", True, 1.0), ("2024-05-02", "2024-05-02", True, 1.0)])
    with pytest.raises(InvalidInput, match="no price that was known before 2024-05-02"):
        list(prices.cutoffs(np.array(["2024-05-02"], "datetime64[D]")))


@pytest.fixture
def store(database_url):
    """`store(commodity, rows, covariates)`: rows (date, known_at, trading, close, covariates)."""

    def put(commodity, rows, covariates=("vix",)):
        with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "insert into commodities (commodity, name, unit, covariates, source)"
                " values (%s, %s, 'USD', %s, 'test')",
                [commodity, commodity, list(covariates)],
            )
            cursor.executemany(
                "insert into prices (commodity, date, known_at, is_trading_day, close, covariates)"
                " values (%s, %s, %s, %s, %s, %s)",
                [(commodity, *row[:4], json.dumps(row[4])) for row in rows],
            )
        return lambda calendar="trading": _read(database_url, commodity, calendar)

    return put


def _read(database_url, commodity, calendar):
    with psycopg.connect(database_url) as connection:
        return read_series(connection, commodity, calendar)


ROWS = [
    ("1999-12-31", "1999-12-31", True, -36.98, {"vix": 24.5, "other": 1}),
    ("2000-01-01", "2000-01-01", False, -36.98, {"vix": None}),
    ("2000-01-03", "2000-01-03", True, 0.1, {}),
    ("2000-01-04", "2000-01-09", True, 1e-17, {"vix": 7}),
]


def test_rows_come_out_of_the_database_as_they_went_in(store):
    prices = store("INOUT", ROWS, ("vix", "never"))()
    assert prices.dates.astype(str).tolist() == [row[0] for row in ROWS]
    assert prices.known_at.astype(str).tolist() == [row[1] for row in ROWS]
    assert prices.trading.tolist() == [row[2] for row in ROWS]
    assert prices.close.tolist() == [row[3] for row in ROWS]
    assert list(prices.covariates) == ["vix", "never"]
    np.testing.assert_array_equal(prices.covariates["vix"], [24.5, np.nan, np.nan, 7])
    assert np.isnan(prices.covariates["never"]).all()


def test_a_series_without_covariates_is_read(store):
    prices = store("BARE", ROWS, ())()
    assert prices.covariates == {}
    assert len(prices.newest) == 3


def test_the_digest_of_a_day_moves_with_what_was_known_on_it_alone(store, query, database_url):
    read = store("DIGEST", ROWS)
    before = read()
    assert [
        before.digest(day(text))[0] for text in ("1999-01-01", "1999-12-31", "2000-01-08", "2001-01-01")
    ] == [
        0,
        1,
        3,
        4,
    ]
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into prices (commodity, date, known_at, is_trading_day, close)"
            " values ('DIGEST', '2000-01-03', '2000-01-07', true, 5)"
        )
    after = read()
    same = [before.digest(day(text)) == after.digest(day(text)) for text in ("2000-01-06", "2000-01-07")]
    assert same == [True, False]


@pytest.mark.parametrize(
    ("commodity", "calendar", "message"),
    [
        ("NOWHERE", "trading", "Commodity NOWHERE is unknown"),
        ("EMPTY", "trading", "EMPTY has no prices"),
        ("EMPTY", "lunar", "Calendar 'lunar' is unknown: it is trading or calendar"),
    ],
)
def test_what_cannot_be_read_is_named(store, database_url, query, commodity, calendar, message):
    if not query("select 1 from commodities where commodity = 'EMPTY'"):
        store("EMPTY", [])
    with pytest.raises(InvalidInput, match=message):
        _read(database_url, commodity, calendar)
