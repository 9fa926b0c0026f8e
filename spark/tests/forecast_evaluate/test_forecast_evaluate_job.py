"""The job against forecasts that are in the tables: what it brings up to date, and what it leaves alone."""

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from stored_forecasts import weekday, write_forecasts, write_prices

from sevenfold_jobs.common.failures import Fenced, InvalidInput
from sevenfold_jobs.forecast.scores import crps, quantiles, score_forecasts, sort_paths
from sevenfold_jobs.forecast_evaluate.main import run
from sevenfold_jobs.forecast_evaluate.pooled import pooled_scores

numbers = itertools.count(1)


@pytest.fixture
def commodity() -> str:
    """A name of its own for each test, in the one database of the file."""
    return f"OIL{next(numbers)}"


@pytest.fixture
def evaluate(make_batch: Callable[..., Any], commodity: str) -> Callable[..., dict[str, Any]]:
    def run_job(versions: list[str], first: int, last: int, **given: Any) -> dict[str, Any]:
        request = {
            "commodity": commodity,
            "modelVersions": versions,
            "startDate": weekday(first).isoformat(),
            "endDate": weekday(last).isoformat(),
            "horizon": 14,
            **given,
        }
        return run(make_batch("forecast_evaluate", request, unit="evaluate"))

    return run_job


def closes_of(count: int, seed: int = 1) -> np.ndarray:
    return np.round(60 + np.random.default_rng(seed).standard_normal(count).cumsum(), 2)


def weekdays(first: int, last: int) -> list[date]:
    return [weekday(number) for number in range(first, last)]


def forecast_days(first: int, last: int) -> list[tuple[date, date]]:
    """Each weekday, made at the end of the one before."""
    return [(weekday(number), weekday(number - 1)) for number in range(first, last)]


def actuals_of(closes: np.ndarray, first: int, last: int, horizon: int = 14) -> np.ndarray:
    padded = np.append(closes, np.full(horizon, np.nan))
    return np.array([padded[number : number + horizon] for number in range(first, last)])


SCORES = (
    "select {} from forecast_metadata where commodity = %s and model_version = %s"
    " order by forecast_start_date"
)


def test_what_became_known_is_scored_as_the_definitions_say(database_url, query, evaluate, commodity):
    closes = closes_of(40)
    write_prices(database_url, commodity, weekdays(0, 40), closes)
    stored = write_forecasts(database_url, commodity, "m", forecast_days(20, 41))
    result = evaluate(["m"], 20, 40)
    actuals = actuals_of(closes, 20, 41)
    ascending = sort_paths(stored.paths)
    by_day, predicted = crps(ascending, actuals), quantiles(ascending)
    assert result["rescored"] == np.isfinite(actuals).sum()
    rows = query(
        """
        select q.crps, p.actual_close from forecast_quantiles q
          join point_forecasts p using (commodity, model_version, forecast_start_date, day_ahead)
         where commodity = %s order by forecast_start_date, day_ahead
        """,
        commodity,
    )
    found = np.array(rows, float).reshape(21, 14, 2)
    np.testing.assert_allclose(found[..., 0], by_day, rtol=1e-12)
    np.testing.assert_array_equal(found[..., 1], actuals)
    scores = score_forecasts(predicted, by_day, actuals)
    for name in (
        "mae_1d",
        "rmse_7d",
        "crps_14d",
        "calibration_score_7d",
        "coverage_95_14d",
        "sharpness_80_7d",
    ):
        written = np.array(query(SCORES.format(name), commodity, "m"), float).ravel()
        np.testing.assert_allclose(written, scores[name], rtol=1e-12, err_msg=name)
    assert query(SCORES.format("actuals_available"), commodity, "m")[-2:] == [(1,), (0,)]
    rows = query(
        "select horizon, forecasts, days, mae, crps, naive_mae, naive_crps, calibration"
        " from forecast_evaluation where commodity = %s order by horizon",
        commodity,
    )
    assert [row[0] for row in rows] == [1, 7, 14]
    expected = pooled_scores(predicted, by_day, actuals, closes[19:40], np.arange(len(predicted)), 7)
    assert rows[1][1:3] == (20, expected["days"])
    np.testing.assert_allclose(
        rows[1][3:6], [expected["mae"], expected["crps"], expected["naive_mae"]], rtol=1e-12
    )
    assert rows[1][6] is None, "no naive paths are stored"
    assert rows[1][7] == expected["calibration"]
    known = query(
        "select forecast_date, actual_close from forecast_actuals where commodity = %s order by 1", commodity
    )
    assert known == list(zip(weekdays(20, 40), closes[20:].tolist(), strict=True))


def places_of_rows(query: Callable[..., list], commodity: str) -> list[tuple]:
    """Changes whenever a row is written, even with the same values."""
    return [
        row
        for table in (
            "point_forecasts",
            "forecast_quantiles",
            "forecast_metadata",
            "distributions",
            "forecast_actuals",
        )
        for row in query(
            f"select ctid::text, xmin::text from {table} where commodity = %s order by 1", commodity
        )
    ]


def test_a_second_run_writes_nothing_but_the_pooled_scores(database_url, query, evaluate, commodity):
    write_prices(database_url, commodity, weekdays(0, 40), closes_of(40))
    write_forecasts(database_url, commodity, "m", forecast_days(20, 41))
    assert evaluate(["m"], 20, 40)["actualPaths"] == 21
    before = places_of_rows(query, commodity)
    result = evaluate(["m"], 20, 40)
    assert (result["rescored"], result["actualPaths"], result["rows"]) == (0, 0, 3)
    assert places_of_rows(query, commodity) == before
    assert query("select count(*) from forecast_evaluation where commodity = %s", commodity) == [(3,)]


def test_only_paths_of_dates_with_news_are_read(database_url, query, evaluate, commodity):
    closes = closes_of(50)
    write_prices(database_url, commodity, weekdays(0, 40), closes[:40])
    write_forecasts(database_url, commodity, "m", forecast_days(20, 41))
    evaluate(["m"], 20, 40)
    # Dates whose days were all known have nothing left to tell; what is read of them now would be missed.
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "delete from distributions where commodity = %s and model_version = 'm'"
            " and forecast_start_date <= %s",
            [commodity, weekday(26)],
        )
    write_prices(database_url, commodity, [weekday(40)], closes[40:])
    result = evaluate(["m"], 20, 40)
    assert result["rescored"] == 14, "the new day is day 14 of one forecast to day 1 of another"
    missing = query(
        """
        select count(*) from forecast_quantiles q
          join point_forecasts p using (commodity, model_version, forecast_start_date, day_ahead)
         where commodity = %s and (q.crps is null) <> (p.actual_close is null)
        """,
        commodity,
    )
    assert missing == [(0,)]


def test_a_revised_price_is_scored_again_where_it_counts(database_url, query, evaluate, commodity):
    closes = closes_of(40)
    write_prices(database_url, commodity, weekdays(0, 40), closes)
    stored = write_forecasts(database_url, commodity, "m", forecast_days(20, 41))
    evaluate(["m"], 20, 40)
    write_prices(database_url, commodity, [weekday(30)], [55.5], known_at=weekday(33))
    assert evaluate(["m"], 20, 40)["rescored"] == 11
    closes[30] = 55.5
    actuals = actuals_of(closes, 20, 41)
    by_day = crps(sort_paths(stored.paths), actuals)
    rows = query(
        "select crps from forecast_quantiles where commodity = %s order by forecast_start_date, day_ahead",
        commodity,
    )
    np.testing.assert_allclose(np.array(rows, float).reshape(21, 14), by_day, rtol=1e-12)
    assert query(
        "select actual_close from forecast_actuals where commodity = %s and forecast_date = %s",
        commodity,
        weekday(30),
    ) == [(55.5,)]
    actual_path = query(
        "select day_1 from distributions where commodity = %s and path_id = 0 and forecast_start_date = %s",
        commodity,
        weekday(30),
    )
    assert actual_path == [(55.5,)]


def test_a_price_that_goes_away_takes_its_scores_along(database_url, query, evaluate, commodity):
    write_prices(database_url, commodity, weekdays(0, 40), closes_of(40))
    write_forecasts(database_url, commodity, "m", forecast_days(20, 41))
    evaluate(["m"], 20, 40)
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from prices where commodity = %s and date = %s", [commodity, weekday(39)])
    evaluate(["m"], 20, 40)
    assert query(SCORES.format("actuals_available"), commodity, "m")[-3:] == [(1,), (0,), (0,)]
    assert query(SCORES.format("crps_1d"), commodity, "m")[-2:] == [(None,), (None,)]
    assert query("select max(forecast_date) from forecast_actuals where commodity = %s", commodity) == [
        (weekday(38),)
    ]


def test_every_forecast_date_has_one_actual_path(database_url, query, evaluate, commodity):
    closes = closes_of(40)
    write_prices(database_url, commodity, weekdays(0, 40), closes)
    write_forecasts(database_url, commodity, "m", forecast_days(20, 41))
    write_forecasts(database_url, commodity, "n", forecast_days(18, 30))
    assert evaluate(["m", "n"], 18, 40)["actualPaths"] == 23
    days = ", ".join(f"day_{day}" for day in range(1, 15))
    rows = query(
        f"select forecast_start_date, data_cutoff_date, is_actuals, model_version, {days} from distributions"
        " where commodity = %s and path_id = 0 order by 1",
        commodity,
    )
    assert [row[:4] for row in rows] == [
        (start, cutoff, True, "actuals") for start, cutoff in forecast_days(18, 41)
    ]
    found = np.array([row[4:] for row in rows], np.float32)
    np.testing.assert_array_equal(found, actuals_of(closes, 18, 41).astype(np.float32))
    assert np.isnan(found[-1]).all(), "the path of a date of which nothing is known yet is there too"


def test_skill_in_crps_needs_naive_paths_of_the_same_dates_and_options(
    database_url, query, evaluate, commodity
):
    write_prices(database_url, commodity, weekdays(0, 40), closes_of(40))
    write_forecasts(database_url, commodity, "m", forecast_days(20, 30), seed=1)
    write_forecasts(database_url, commodity, "m@0a0b0c", forecast_days(20, 30), seed=2)
    write_forecasts(database_url, commodity, "naive", forecast_days(21, 30), seed=3)
    asked = (
        "select skill_crps, crps, naive_crps from forecast_evaluation"
        " where commodity = %s and model_version = %s"
    )
    evaluate(["m", "m@0a0b0c"], 20, 29)
    assert {row[0::2] for row in query(asked, commodity, "m")} == {(None, None)}, "one date is missing"
    evaluate(["naive"], 20, 29)
    write_forecasts(database_url, commodity, "naive", forecast_days(20, 21), seed=4)
    evaluate(["naive"], 20, 29)
    evaluate(["m", "m@0a0b0c"], 20, 29)
    for skill, model, naive in query(asked, commodity, "m"):
        assert skill == pytest.approx(1 - model / naive)
    assert {skill for skill, _, _ in query(asked, commodity, "naive")} == {0.0}
    assert {skill for skill, _, _ in query(asked, commodity, "m@0a0b0c")} == {None}, "those are other options"


def test_a_newer_attempt_keeps_everything_out(database_url, query, make_batch, commodity):
    write_prices(database_url, commodity, weekdays(0, 40), closes_of(40))
    write_forecasts(database_url, commodity, "m", forecast_days(20, 41))
    given = {
        "commodity": commodity,
        "modelVersions": ["m"],
        "startDate": "2024-01-01",
        "endDate": "2024-12-31",
    }
    batch = make_batch("forecast_evaluate", given, unit="evaluate")
    with psycopg.connect(database_url) as connection:
        connection.execute("update units set attempt = 2 where run_id = %s", [batch.fence["runId"]])
    before = places_of_rows(query, commodity)
    with pytest.raises(Fenced):
        run(batch)
    assert places_of_rows(query, commodity) == before
    assert query("select count(*) from forecast_evaluation where commodity = %s", commodity) == [(0,)]


def test_a_model_without_forecasts_is_named(database_url, query, evaluate, commodity):
    write_prices(database_url, commodity, weekdays(0, 40), closes_of(40))
    write_forecasts(database_url, commodity, "m", forecast_days(20, 30))
    result = evaluate(["m", "absent"], 20, 40)
    assert (result["without"], result["rows"]) == (["absent"], 3)
    nothing = evaluate(["absent"], 20, 40)
    assert (nothing["rows"], nothing["actualPaths"]) == (0, 0)


def test_a_date_that_lacks_quantiles_is_left_out(database_url, query, evaluate, commodity):
    write_prices(database_url, commodity, weekdays(0, 40), closes_of(40))
    write_forecasts(database_url, commodity, "m", forecast_days(20, 24))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "delete from forecast_quantiles"
            " where commodity = %s and forecast_start_date = %s and day_ahead = 3",
            [commodity, weekday(21)],
        )
    assert evaluate(["m"], 20, 40)["forecasts"] == 3


def test_a_short_horizon_has_no_rows_beyond_it(database_url, query, evaluate, commodity):
    write_prices(database_url, commodity, weekdays(0, 40), closes_of(40))
    write_forecasts(database_url, commodity, "m", forecast_days(20, 30), horizon=8)
    evaluate(["m"], 20, 40, horizon=8)
    rows = query("select horizon from forecast_evaluation where commodity = %s order by 1", commodity)
    assert rows == [(1,), (7,)]
    assert query(SCORES.format("mae_14d"), commodity, "m")[0] == (None,)


def test_carried_days_are_never_scored(database_url, query, evaluate, commodity):
    days = [weekday(0) + timedelta(days=number) for number in range(56)]
    trading = [day.weekday() < 5 for day in days]
    closes = closes_of(56)
    write_prices(database_url, commodity, days, closes, trading=trading)
    dates = list(itertools.pairwise(days))
    write_forecasts(database_url, commodity, "m@cal000", [(start, cutoff) for cutoff, start in dates[30:50]])
    evaluate(["m@cal000"], 0, 50, calendar="calendar")
    rows = query(
        """
        select p.forecast_start_date, p.day_ahead, p.actual_close, q.crps from point_forecasts p
          join forecast_quantiles q using (commodity, model_version, forecast_start_date, day_ahead)
         where commodity = %s
        """,
        commodity,
    )
    for start, day, actual, score in rows:
        number = days.index(start) + day - 1
        expected = closes[number] if number < 56 and trading[number] else None
        assert actual == expected
        assert (score is None) == (expected is None)
    paths = query(
        "select forecast_start_date, data_cutoff_date, day_1, day_2 from distributions"
        " where commodity = %s and path_id = 0",
        commodity,
    )
    for start, cutoff, *first_days in paths:
        assert cutoff < start
        assert trading[days.index(cutoff)]
        following = [closes[n] for n, day in enumerate(days) if day > cutoff and trading[n]]
        assert np.float32(first_days).tolist() == np.float32(following[:2]).tolist()


def test_a_range_that_ends_before_it_begins_is_refused(database_url, evaluate, commodity):
    with pytest.raises(InvalidInput, match="lies after"):
        evaluate(["m"], 30, 20)


def test_a_series_without_prices_is_refused(database_url, evaluate, commodity):
    with pytest.raises(InvalidInput, match=commodity):
        evaluate(["m"], 20, 30)
