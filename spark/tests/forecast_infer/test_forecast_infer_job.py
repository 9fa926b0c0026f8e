import datetime as dt

import numpy as np
import psycopg
import pytest
from forecast_batches import DAYS, STARTS, TRAINED, walk
from inferring import counts, infer

from sevenfold_jobs.forecast import scores
from sevenfold_jobs.forecast_infer.main import run
from sevenfold_jobs.forecast_infer.spread import PLANS


def test_a_dates_bytes_hang_on_neither_task_size_nor_order_nor_company(forecasting):
    work = forecasting()
    stored = []
    for size in (1, 7, 60):
        result = infer(work, taskDates=size)
        assert (result["dates"], result["rows"], result["failed"]) == (40, 2_000, [])
        stored.append(work.paths())
        work.execute(f"truncate {work.leaf}")
    infer(work, [STARTS[9], STARTS[3]])
    alone = work.paths()
    assert len(stored[0]) == 2_000
    assert stored[0] == stored[1] == stored[2]
    assert alone == {key: days for key, days in stored[0].items() if key[0] in (STARTS[3], STARTS[9])}


def test_doing_it_again_replaces_and_does_not_double(forecasting):
    work = forecasting()
    infer(work)
    before = work.paths()
    result = infer(work, taskDates=7)
    assert result["rows"] == 2_000
    assert counts(work) == [2_000, 560, 560, 40]
    assert work.paths() == before


def test_a_partial_date_is_replaced_as_a_whole(forecasting):
    work = forecasting()
    infer(work)
    before = work.paths()
    work.execute(f"delete from {work.leaf} where forecast_start_date = %s and path_id > 20", STARTS[4])
    work.execute(f"update {work.leaf} set day_3 = null where forecast_start_date = %s", STARTS[5])
    work.execute("delete from forecast_metadata where commodity = %s", work.commodity)
    infer(work, STARTS[4:6])
    assert work.paths() == before


def test_a_price_below_zero_is_forecast_like_any_other_and_flagged(forecasting):
    closes = walk()
    closes[310] = -36.98
    work = forecasting(closes=closes)
    assert infer(work)["failed"] == []
    unusual = work.ask(
        "select forecast_start_date from forecast_metadata where commodity = %s and unusual_origin",
        work.commodity,
    )
    # The fall before 311 and the recovery before 312; from then on both are in the pool.
    assert DAYS[311].item() in {day for (day,) in unusual} <= {DAYS[311].item(), DAYS[312].item()}
    [(mean,)] = work.ask(
        "select forecast_mean from point_forecasts "
        "where commodity = %s and forecast_start_date = %s and day_ahead = 1",
        work.commodity,
        DAYS[311].item(),
    )
    assert mean < -36


def test_a_horizon_of_5_leaves_the_later_days_null(forecasting):
    work = forecasting()
    infer(work)
    whole = work.paths()
    infer(work, horizon=5)
    short = work.paths()
    assert counts(work) == [2_000, 200, 200, 40]
    for key, (cutoff, *days) in short.items():
        assert days[5:] == [None] * 9
        assert (cutoff, *days[:5]) == whole[key][:6]


def test_one_path_is_a_forecast_too(forecasting):
    work = forecasting()
    assert infer(work, paths=1)["failed"] == []
    assert {path for _, path in work.paths()} == {1}
    one = work.ask(
        "select q025, q50, q975 from forecast_quantiles "
        "where commodity = %s and forecast_start_date = %s and day_ahead = 2",
        work.commodity,
        STARTS[0],
    )
    assert one == [(work.paths()[STARTS[0], 1][2],) * 3]


def test_very_many_paths_are_sent_in_pieces_and_keep_their_numbers(forecasting):
    work = forecasting()
    assert infer(work, STARTS[:2], paths=9_001)["failed"] == []
    many = work.paths()
    infer(work, STARTS[:2], paths=50)
    assert [path for day, path in many if day == STARTS[0]] == list(range(1, 9_002))
    assert work.paths() == {key: days for key, days in many.items() if key[1] <= 50}


def test_points_quantiles_and_metadata_say_what_the_paths_and_prices_say(forecasting):
    work = forecasting()
    batch = work.batch("forecast_infer")
    run(batch)
    paths = work.paths()
    start = DAYS[330].item()
    place = 330
    drawn = np.array([paths[start, path][1:] for path in range(1, 51)])
    moves = np.diff(work.closes[place - 251 : place])
    drift = (work.closes[place - 1] - work.closes[place - 30]) / 29
    points = work.ask(
        """
        select forecast_date, data_cutoff_date, day_ahead, forecast_mean, forecast_std, lower_95, upper_95,
               actual_close from point_forecasts
         where commodity = %s and forecast_start_date = %s order by day_ahead
        """,
        work.commodity,
        start,
    )
    quantiles = work.ask(
        """
        select q025, q10, q25, q50, q75, q90, q975, crps from forecast_quantiles
         where commodity = %s and forecast_start_date = %s order by day_ahead
        """,
        work.commodity,
        start,
    )
    for day, (point, predicted) in enumerate(zip(points, quantiles, strict=True), 1):
        close = work.closes[place + day - 1]
        sample = drawn[:, day - 1]
        assert point[:3] == (DAYS[place + day - 1].item(), DAYS[place - 1].item(), day)
        assert point[3] == pytest.approx(work.closes[place - 1] + day * drift, rel=1e-12)
        assert point[4] == pytest.approx(np.sqrt(day) * moves.std(), rel=1e-9)
        assert predicted[:7] == pytest.approx(np.quantile(sample, scores.LEVELS), rel=1e-6)
        assert np.float32(point[5:7]).tolist() == np.float32([predicted[0], predicted[6]]).tolist()
        assert point[7] == close
        pairs = np.abs(sample[:, None] - sample[None, :]).mean()
        assert predicted[7] == pytest.approx(np.abs(sample - close).mean() - pairs / 2, rel=1e-5)
    [metadata] = work.ask(
        """
        select forecast_id, data_cutoff_date, training_date, training_cutoff_date, paths, horizon, seed,
               unusual_origin, training_days, actuals_available, mae_7d, fingerprint
          from forecast_metadata where commodity = %s and forecast_start_date = %s
        """,
        work.commodity,
        start,
    )
    errors = np.abs(np.median(drawn[:, :7], axis=0) - work.closes[place : place + 7])
    trained = np.searchsorted(DAYS, np.datetime64(TRAINED[1]))
    assert metadata[:10] == (
        f"random_walk_{work.commodity}_{start}",
        DAYS[place - 1].item(),
        TRAINED[1],
        DAYS[trained - 1].item(),
        *(50, 14, 0, False, trained, 14),
    )
    assert metadata[10] == pytest.approx(errors.mean(), rel=1e-5)
    [(fingerprint,)] = work.ask(
        """
        select forecast_fingerprint(1, m.sha256, d.rows, d.digest)
          from price_digests(%(commodity)s) d, fitted_models m
         where d.as_of = %(as_of)s and m.commodity = %(commodity)s and m.training_date = %(trained)s
        """.replace("%(commodity)s", f"'{work.commodity}'")
        .replace("%(as_of)s", f"'{DAYS[place - 1]}'")
        .replace("%(trained)s", f"'{TRAINED[1]}'")
    )
    assert metadata[11] == fingerprint
    assert work.units(batch)[start] == (1, fingerprint, 50, {})


def test_days_that_are_not_known_yet_have_no_score_and_no_close(forecasting):
    work = forecasting()
    last = DAYS[395].item()
    infer(work, [last])
    known = work.ask(
        """
        select count(p.actual_close), count(q.crps), max(p.day_ahead) filter (where q.crps is not null)
          from point_forecasts p join forecast_quantiles q
            using (commodity, model_version, forecast_start_date, day_ahead)
         where commodity = %s
        """,
        work.commodity,
    )
    assert known == [(5, 5, 5)]
    assert work.ask(
        "select actuals_available, mae_1d is null from forecast_metadata where commodity = %s", work.commodity
    ) == [(5, False)]
    [(after,)] = work.ask(
        "select max(forecast_date) from point_forecasts where commodity = %s", work.commodity
    )
    assert after == np.busday_offset(DAYS[395], 13).item()


def test_nothing_later_than_the_cutoff_moves_a_byte(forecasting):
    work = forecasting()
    infer(work, STARTS[:10])
    before = work.paths()
    work.execute(
        "update prices set close = close * 3 where commodity = %s and date > %s", work.commodity, STARTS[9]
    )
    infer(work, STARTS[:10])
    assert work.paths() == before
    work.execute("delete from prices where commodity = %s and date >= %s", work.commodity, STARTS[9])
    infer(work, STARTS[:10])
    assert work.paths() == before


def test_a_revision_reaches_the_forecasts_made_after_it_was_known(forecasting):
    work = forecasting()
    infer(work, STARTS[:10])
    before = work.paths()
    work.execute(
        """
        insert into prices (commodity, date, known_at, is_trading_day, close) values (%s, %s, %s, true, 99)
        """,
        work.commodity,
        STARTS[2],
        STARTS[6],
    )
    infer(work, STARTS[:10], taskDates=4)
    after = work.paths()
    changed = {key[0] for key in before if before[key] != after[key]}
    assert changed == set(STARTS[7:10])


def test_two_models_and_two_versions_of_one_live_beside_each_other(forecasting, database_url):
    work = forecasting()
    infer(work)
    before = work.paths()
    infer(work, modelVersion="random_walk@0123ab", paths=10)
    assert work.paths() == before
    found = work.ask(
        "select model_version, count(*) from distributions where commodity = %s group by 1 order by 1",
        work.commodity,
    )
    assert found == [("random_walk", 2_000), ("random_walk@0123ab", 400)]


def test_progress_ends_with_the_dates_that_are_there(forecasting):
    work = forecasting()
    work.alter_rows(f"if new.forecast_start_date = '{STARTS[12]}' then raise exception 'poisoned'; end if;")
    batch = work.batch("forecast_infer", taskDates=5)
    run(batch)
    [(progress,)] = work.ask("select progress from batches where batch_id = %s", batch.batch_id)
    assert (progress["done"], progress["total"]) == (35, 35)


def test_the_windows_of_a_request_are_cut_evenly(forecasting):
    from sevenfold_jobs.forecast_infer.request import read_request

    work = forecasting()
    request = read_request(work.batch("forecast_infer", taskDates=12).input)
    assert [len(part.dates) for part in request.works] == [8, 8, 9, 7, 8]
    assert request.dates == STARTS
    assert all(part.training_date <= part.dates[0] for part in request.works)
    assert isinstance(request.works[0].dates[0], dt.date)


def test_a_task_reads_no_more_of_a_leaf_than_its_dates(forecasting):
    """The planner has no statistics of a leaf that was filled a moment ago."""
    work = forecasting()
    infer(work, paths=500)
    with psycopg.connect(work.url) as connection:
        connection.execute(PLANS)
        for condition in ("= any(%s)", "between (%s::date[])[1] and (%s::date[])[2]"):
            values = [STARTS[:30]] * condition.count("%s")
            plan = connection.execute(
                f"explain select count(day_1) from {work.leaf} where forecast_start_date {condition}", values
            ).fetchall()
            assert "_pkey" in str(plan)
            assert "Gather" not in str(plan)
