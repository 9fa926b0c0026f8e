"""A walk over past days says of each what that day's own run would have said."""

from datetime import timedelta

import pytest
from forecast_panels import (
    RUN_DATE,
    few_trees,
    judge,
    panel,
    plans_that_are_not_compiled,  # noqa: F401 - a fixture
    store,
)

from sevenfold_jobs.common.failures import Fenced, InvalidInput
from sevenfold_jobs.pool_evaluate.main import run as evaluate
from sevenfold_jobs.pool_forecast import sampling
from sevenfold_jobs.pool_forecast.main import run as forecast

HISTORY = panel(seed=13, pools=9, days=75)
LAST = RUN_DATE - timedelta(days=1)
FIRST = RUN_DATE - timedelta(days=4)


@pytest.fixture
def walk(spark, make_batch, database_url, monkeypatch):
    """Runs the job, gives its batch and its result."""
    few_trees(monkeypatch)

    def go(dataset, first=FIRST, last=LAST, **request):
        given = {"dataset": dataset, "date": str(RUN_DATE), "firstDay": str(first), "lastDay": str(last)}
        batch = make_batch("pool_evaluate", {**given, **request}, unit=f"days {first}..{last}")
        return batch, evaluate(batch)

    return go


def test_each_day_is_what_its_own_run_says(walk, make_batch, query, database_url):
    # a day that nobody observed, one pool that ends, one that begins
    missing = LAST - timedelta(days=1)
    history = HISTORY[HISTORY.date != missing]
    history = history[(history.pool_id != "pool-07") | (history.date > FIRST - timedelta(days=2))]
    store(database_url, "walk", history)
    judge(database_url, "walk", RUN_DATE, rejected=("pool-01", "pool-02"))
    batch, result = walk("walk")
    assert (result["days"], result["rows"]) == (3, 6)
    assert result["withoutObservation"] == [str(missing)]
    found = {
        (day, population): figures
        for day, population, *figures in query(
            "select date, population, pools, mae_model, mae_persistence, mae_mean_7d, coverage_80, shrink,"
            " tvl_mdape_model from forecast_evaluation_days where run_id = %s",
            batch.fence["runId"],
        )
    }
    for day in (FIRST, LAST):
        if day == LAST:  # by models that the walk stored, and by models of its own
            query("delete from pool_boosters where dataset = 'walk' returning 1")
        judge(database_url, "walk", day)
        forecast(make_batch("pool_forecast", {"dataset": "walk", "date": str(day)}, unit="forecast"))
        for population, among in (("all", "true"), ("passing", "h.pool_id not in ('pool-01', 'pool-02')")):
            [own] = query(
                f"""
                select count(*), avg(abs(f.forecasted_apy - h.apy)), avg(abs(f.asof_apy - h.apy)),
                       avg(abs(f.mean_apy_7d - h.apy)),
                       avg((round(h.apy::numeric, 4) between q.apy_q10::numeric
                                                         and q.apy_q90::numeric)::integer),
                       max(m.shrink),
                       percentile_cont(0.5) within group (order by abs(f.forecasted_tvl / h.tvl - 1))
                  from pool_forecasts f
                  join pool_history h using (dataset, pool_id, date)
                  join pool_forecast_quantiles q using (dataset, pool_id, date)
                  join pool_forecast_models m using (dataset, date)
                 where f.dataset = 'walk' and f.date = %s and q.horizon_days = 1 and m.target = 'apy'
                   and {among}
                """,
                day,
            )
            assert found[day, population] == pytest.approx(
                [float(figure) for figure in own], rel=1e-9, abs=1e-12
            )


def test_a_walk_by_samples_says_what_the_day_says(walk, make_batch, query, database_url, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_TRAINING_ROWS", dict.fromkeys(sampling.MOST_TRAINING_ROWS, 250))
    monkeypatch.setattr(sampling, "MOST_HELD_OUT_ROWS_A_DAY", 5)
    store(database_url, "samples", HISTORY)
    judge(database_url, "samples", RUN_DATE)
    judge(database_url, "samples", LAST)
    batch, _ = walk("samples", first=LAST - timedelta(days=1))
    query("delete from pool_boosters where dataset = 'samples' returning 1")
    forecast(make_batch("pool_forecast", {"dataset": "samples", "date": str(LAST)}, unit="forecast"))
    [own] = query(
        """
        select avg(abs(f.forecasted_apy - h.apy)), max(m.shrink), max(m.rows),
               percentile_cont(0.5) within group (order by abs(f.forecasted_tvl / h.tvl - 1))
          from pool_forecasts f
          join pool_history h using (dataset, pool_id, date)
          join pool_forecast_models m using (dataset, date)
         where f.dataset = 'samples' and f.date = %s and m.target = 'apy'
        """,
        LAST,
    )
    [walked] = query(
        "select mae_model, shrink, 250, tvl_mdape_model from forecast_evaluation_days"
        " where run_id = %s and date = %s and population = 'all'",
        batch.fence["runId"],
        LAST,
    )
    assert walked == pytest.approx([float(figure) for figure in own], rel=1e-9, abs=1e-12)


def test_a_stretch_done_again_replaces_its_own_days_only(walk, query, database_url):
    store(database_url, "again", panel(seed=5, pools=3, days=8))
    judge(database_url, "again", RUN_DATE)
    batch, _ = walk("again")
    earlier = FIRST - timedelta(days=1)
    query(
        "insert into forecast_evaluation_days select run_id, %s, population, pools, 7, 7, 7, 1, 0"
        " from forecast_evaluation_days where run_id = %s and date = %s returning 1",
        earlier,
        batch.fence["runId"],
        FIRST,
    )
    evaluate(batch)
    days = query(
        "select date, count(*) from forecast_evaluation_days where run_id = %s group by 1 order by 1",
        batch.fence["runId"],
    )
    assert days == [(earlier + timedelta(days=number), 2) for number in range(5)]
    [(rows_due,)] = query("select rows_due from units where run_id = %s", batch.fence["runId"])
    assert rows_due == 8


def test_days_that_nobody_observed_are_refused_by_name(walk, database_url):
    store(database_url, "unobserved", panel(seed=5, pools=3, days=8, last=FIRST - timedelta(days=2)))
    with pytest.raises(InvalidInput, match=f"no observation from {FIRST} to {LAST}"):
        walk("unobserved")


def test_days_in_the_wrong_order_are_refused(walk):
    with pytest.raises(InvalidInput, match="lies after the last day"):
        walk("any", first=LAST, last=FIRST)


def test_an_overtaken_attempt_leaves_no_day(spark, make_batch, query, database_url):
    store(database_url, "overtaken", panel(seed=5, pools=3, days=8))
    given = {"dataset": "overtaken", "date": str(RUN_DATE), "firstDay": str(LAST), "lastDay": str(LAST)}
    batch = make_batch("pool_evaluate", given, unit="days")
    query("update units set attempt = 2 where run_id = %s returning 1", batch.fence["runId"])
    with pytest.raises(Fenced):
        evaluate(batch)
    assert query("select count(*) from forecast_evaluation_days where run_id = %s", batch.fence["runId"]) == [
        (0,)
    ]
