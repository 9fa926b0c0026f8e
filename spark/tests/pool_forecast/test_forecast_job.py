"""The job on a small panel: what it writes, what it must not know, that it says the same thing twice."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
from forecast_panels import (
    RUN_DATE,
    few_trees,
    judge,
    market,
    panel,
    plans_that_are_not_compiled,  # noqa: F401 - a fixture
    rows_of,
    store,
)

from sevenfold_jobs.common.failures import Fenced, InvalidInput
from sevenfold_jobs.pool_forecast import boosters, frames, sampling
from sevenfold_jobs.pool_forecast.main import run

CHECKS = (Path(__file__).resolve().parents[3] / "src/kinds/daily/sql/forecast.sql").read_text()
ASOF = RUN_DATE - timedelta(days=1)
HISTORY = panel()
# Enough for models of one or two blocks: eight fits a day rather than thirteen, each a second of a core.
RECENT = HISTORY[HISTORY.date >= ASOF - timedelta(days=75)]


@pytest.fixture
def forecast(spark, make_batch, monkeypatch):
    """`forecast(dataset)` runs the job with few trees."""
    few_trees(monkeypatch)

    def go(dataset, day=RUN_DATE):
        return run(make_batch("pool_forecast", {"dataset": dataset, "date": str(day)}, unit="forecast"))

    return go


@pytest.fixture
def execute(database_url):
    def do(statement, *values):
        with psycopg.connect(database_url) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    return do


@pytest.fixture
def failed_checks(database_url, execute):
    """Names of the blocking checks that fail."""

    def look(dataset):
        with psycopg.connect(database_url) as connection:
            run_id = connection.execute("select run_id from runs limit 1").fetchone()[0]
            sql = (
                CHECKS.replace("$1", "%(run)s")
                .replace("$2", "%(dataset)s::text")
                .replace("$3", "%(day)s::date")
            )
            found = connection.execute(sql, {"run": run_id, "dataset": dataset, "day": RUN_DATE}).fetchall()
        return [name for name, severity, passed, *_ in found if severity == "block" and not passed]

    return look


def test_a_day_is_forecast_and_written_everywhere(forecast, execute, failed_checks, database_url):
    store(database_url, "day", HISTORY)
    judge(database_url, "day", RUN_DATE, rejected=("pool-09",))
    execute("update pool_daily_metrics set forecasted_apy = 1, forecasted_tvl = 1 where dataset = 'day'")
    result = forecast("day")
    assert (result["pools"], result["coldStart"], result["skipped"]) == (9, 0, 0)
    assert failed_checks("day") == []
    found = rows_of(database_url, "day", RUN_DATE)
    assert len(found["pool_forecasts"]) == 9
    assert len(found["pool_forecast_quantiles"]) == 9 * 7
    learnt = dict(execute("select target, model from pool_forecast_models where dataset = 'day'"))
    assert learnt == {"apy": "lightgbm", "tvl": "lightgbm", "gas_avg": "ridge", "gas_max": "average"}
    # the rejected pool keeps nothing of an earlier attempt
    assert execute(
        "select forecasted_apy, forecasted_tvl from pool_daily_metrics"
        " where dataset = 'day' and pool_id = 'pool-09'"
    ) == [(None, None)]
    newest = HISTORY[HISTORY.pool_id == "pool-03"].apy.iloc[-1]
    assert execute(
        "select asof, method, asof_apy from pool_forecasts where dataset = 'day' and pool_id = 'pool-03'"
    ) == [(ASOF, "model", round(newest, 4))]
    [(rows_due, detail)] = execute(
        "select rows_due, detail from units where unit = 'forecast'"
        " order by committed_at desc nulls last limit 1"
    )
    assert rows_due == 9
    names = (
        "model coldStart skipped shrink tvlShrink maeModel maePersistence features trainingRows storedModels"
    )
    assert detail.keys() == set(names.split())
    # a forecast moves nobody's fingerprint
    assert execute("select change_seq from gas_fees_daily where dataset = 'day' and date = %s", RUN_DATE) == [
        (1,)
    ]

    broken = {
        "rows": "delete from pool_forecasts where dataset = 'day' and pool_id = 'pool-04'",
        "finite figures": "update pool_forecasts set forecasted_tvl = 'NaN'"
        " where dataset = 'day' and pool_id = 'pool-01'",
        "medians agree": "update pool_forecast_quantiles set apy_q50 = apy_q90, apy_q90 = apy_q90 + 1"
        " where dataset = 'day' and pool_id = 'pool-02'",
        "fans": "delete from pool_forecast_quantiles where dataset = 'day' and horizon_days = 5",
        "known the day before": "update pool_forecasts set asof = asof - 1"
        " where dataset = 'day' and pool_id = 'pool-00'",
        "nothing beyond": "update pool_daily_metrics set prefilter_reason = 'chain'"
        " where dataset = 'day' and pool_id = 'pool-05'",
        "model used": "update pool_forecast_models set model = 'persistence', model_hash = null"
        " where dataset = 'day' and target = 'apy'",
        "models on record": "delete from pool_forecast_models where dataset = 'day' and target = 'tvl'",
    }
    for name, statement in broken.items():
        execute(statement)
        assert name in failed_checks("day"), statement
    # done again, everything is whole again
    execute(
        "update pool_daily_metrics set prefilter_reason = null where dataset = 'day' and pool_id = 'pool-05'"
    )
    forecast("day")
    assert failed_checks("day") == []
    assert rows_of(database_url, "day", RUN_DATE) == found

    # TVLs that stay as they were are a forecast only where none of the model's change is believed
    execute("update pool_forecasts set forecasted_tvl = asof_tvl where dataset = 'day'")
    believed = "update pool_forecast_models set shrink = %s where dataset = 'day' and target = 'tvl'"
    execute(believed, 0.0)
    assert "model used" not in failed_checks("day")
    execute(believed, 0.5)
    assert "model used" in failed_checks("day")


def test_more_pools_than_a_fit_takes_rows_are_forecast_by_models(
    forecast, execute, failed_checks, database_url, monkeypatch
):
    # nine whole days of ten pools, which was too few of them for a model
    monkeypatch.setattr(sampling, "MOST_TRAINING_ROWS", dict.fromkeys(sampling.MOST_TRAINING_ROWS, 95))
    monkeypatch.setattr(sampling, "MOST_HELD_OUT_ROWS_A_DAY", 6)
    store(database_url, "large", RECENT)
    judge(database_url, "large", RUN_DATE)
    assert forecast("large")["pools"] == 10
    assert failed_checks("large") == []
    learnt = execute(
        "select target, model, rows, detail -> 'pools', (detail ->> 'days')::int > 30,"
        " (detail ->> 'knownRows')::int > 600 from pool_forecast_models"
        " where dataset = 'large' and target in ('apy', 'tvl') order by 1"
    )
    assert learnt == [(target, "lightgbm", 95, 10, True, True) for target in ("apy", "tvl")]
    found = rows_of(database_url, "large", RUN_DATE)
    # stored models of samples are those of the same samples
    forecast("large")
    assert rows_of(database_url, "large", RUN_DATE) == found


def test_models_of_finished_blocks_are_fitted_once_and_change_no_byte(
    forecast, execute, database_url, monkeypatch
):
    store(database_url, "stored", RECENT)
    judge(database_url, "stored", RUN_DATE)
    fits = []
    fit = boosters.fit
    monkeypatch.setattr(boosters, "fit", lambda rows, settings: fits.append(settings) or fit(rows, settings))
    of_day = 4

    def again():
        fits.clear()
        forecast("stored")
        return len(fits), rows_of(database_url, "stored", RUN_DATE)

    fitted_all, without = again()
    kept = execute("select kind, cutoff, sha256 from pool_boosters where dataset = 'stored' order by 1, 2")
    assert fitted_all > of_day
    assert len(kept) == fitted_all - of_day
    assert again() == (of_day, without)
    # damaged, or from other code: fitted anew, to the same bytes
    harms = {"apy": "model = replace(model, '0', '1')", "tvl": "fingerprint = 'of yesterday'"}
    for kind, harm in harms.items():
        execute(f"update pool_boosters set {harm} where dataset = 'stored' and kind = '{kind}'")
    fitted, found = again()
    assert fitted == of_day + sum(kind in harms for kind, *_ in kept)
    assert found == without
    assert kept == execute(
        "select kind, cutoff, sha256 from pool_boosters where dataset = 'stored' order by 1, 2"
    )
    # a value that they learnt from has changed: the block's models are made of the new one
    execute(
        "update pool_history set apy = apy + 1"
        " where dataset = 'stored' and pool_id = 'pool-03' and date = %s",
        ASOF - timedelta(days=70),
    )
    fitted, changed = again()
    assert fitted > of_day
    assert changed != without
    execute("delete from pool_boosters where dataset = 'stored'")
    assert again() == (fitted_all, changed)


def test_nothing_of_the_run_date_or_later_is_known_and_partitions_do_not_matter(
    forecast, database_url, monkeypatch
):
    store(database_url, "cut", RECENT)
    judge(database_url, "cut", RUN_DATE)
    later = panel(seed=77, days=10, last=RUN_DATE + timedelta(days=9))
    later["apy"], later["tvl"] = later["apy"] * 1000 + 77, later["tvl"] * 1000
    prices, gas = market(RECENT["date"].min(), RUN_DATE)
    wild_prices, wild_gas = market(RUN_DATE, RUN_DATE + timedelta(days=9), seed=8)
    wild_prices["close"] *= 50
    wild_gas["actual_avg_gas_gwei"] *= 1000
    known = lambda frame: frame[frame["date"] < RUN_DATE]  # noqa: E731
    join = lambda *parts: pd.concat(parts, ignore_index=True)  # noqa: E731
    store(
        database_url,
        "wild",
        join(RECENT, later),
        join(known(prices), wild_prices),
        join(known(gas), wild_gas),
    )
    judge(database_url, "wild", RUN_DATE)
    forecast("cut")
    # other partitions as well: a sum must not hang on how Spark spreads the rows
    monkeypatch.setattr(frames, "partitions_of", lambda spark: 5)
    forecast("wild")
    cut, wild = (rows_of(database_url, name, RUN_DATE) for name in ("cut", "wild"))
    for table in ("pool_forecasts", "pool_forecast_quantiles", "pool_forecast_models"):
        assert cut[table] == wild[table]
        assert len(cut[table]) > 0
    forecasts_of_gas = [[row[i] for row in found["gas_fees_daily"] for i in (2, 4)] for found in (cut, wild)]
    assert forecasts_of_gas[0] == forecasts_of_gas[1]
    assert None not in forecasts_of_gas[0]


def test_broken_pools_break_neither_the_fit_nor_the_others(forecast, execute, failed_checks, database_url):
    history = RECENT.copy()
    spike = (history.pool_id == "pool-01") & (history.date == ASOF - timedelta(days=20))
    history.loc[spike, "apy"] = 100_000.0
    history.loc[history.pool_id == "pool-02", ["apy", "tvl"]] = [4.0, 1e6]
    history.loc[history.pool_id == "pool-03", "tvl"] = 0.0
    # one day; two days; gone for a week (still repeated); gone for longer
    history = history[(history.pool_id != "pool-04") | (history.date == ASOF)]
    history = history[(history.pool_id != "pool-05") | (history.date > ASOF - timedelta(days=2))]
    history = history[(history.pool_id != "pool-06") | (history.date <= ASOF - timedelta(days=7))]
    history = history[(history.pool_id != "pool-07") | (history.date <= ASOF - timedelta(days=8))]
    prices, gas = market(history["date"].min(), ASOF)
    prices = prices[prices.index % 7 != 0]
    gas.loc[gas.index % 9 == 0, "actual_avg_gas_gwei"] = 0.0
    store(database_url, "broken", history, prices, gas)
    judge(database_url, "broken", RUN_DATE)
    result = forecast("broken")
    assert (result["pools"], result["coldStart"], result["skipped"]) == (8, 1, 2)
    assert failed_checks("broken") == []
    forecasts = {
        pool: (method, apy, tvl, asof_apy)
        for pool, method, apy, tvl, asof_apy in execute(
            "select pool_id, method, forecasted_apy, forecasted_tvl, asof_apy from pool_forecasts"
            " where dataset = 'broken'"
        )
    }
    assert "pool-04" not in forecasts
    assert "pool-07" not in forecasts
    two_days = history[history.pool_id == "pool-05"].sort_values("date")
    means = (two_days.apy.iloc[0], two_days.apy.mean())
    assert forecasts["pool-05"][:3] == (
        "cold_start",
        pytest.approx(np.mean(means), abs=1e-4),
        two_days.tvl.iloc[-1],
    )
    assert forecasts["pool-06"][0] == "model"
    assert forecasts["pool-02"][1] == pytest.approx(4.0, abs=0.1)
    assert forecasts["pool-03"][2] == pytest.approx(0.0, abs=0.01)
    for pool in ("pool-00", "pool-08", "pool-09"):
        assert abs(forecasts[pool][1] - forecasts[pool][3]) < 3


def test_a_young_data_set_gets_tomorrow_as_today(forecast, failed_checks, execute, database_url):
    history = panel(pools=3, days=6)
    prices, gas = market(ASOF, ASOF)
    store(database_url, "young", history, prices.iloc[:0], gas.iloc[:0])
    judge(database_url, "young", RUN_DATE)
    result = forecast("young")
    assert (result["pools"], result["shrink"]) == (3, 0.0)
    assert failed_checks("young") == []
    assert execute(
        "select count(*) from pool_forecasts where dataset = 'young' and forecasted_apy <> asof_apy"
    ) == [(0,)]
    assert execute("select count(*) from gas_fees_daily where dataset = 'young'") == [(0,)]
    models = dict(execute("select target, model from pool_forecast_models where dataset = 'young'"))
    assert models == {"apy": "persistence", "tvl": "persistence"}


def test_without_history_there_is_nothing_to_forecast(forecast):
    with pytest.raises(InvalidInput, match="has no pool history up to 2025-06-29"):
        forecast("nothing")


def test_an_overtaken_attempt_writes_nothing(spark, make_batch, execute, database_url):
    store(database_url, "overtaken", panel(pools=2, days=4))
    judge(database_url, "overtaken", RUN_DATE)
    batch = make_batch("pool_forecast", {"dataset": "overtaken", "date": str(RUN_DATE)}, unit="forecast")
    execute("update units set attempt = 2 where run_id = %s", batch.fence["runId"])
    with pytest.raises(Fenced):
        run(batch)
    assert execute("select count(*) from pool_forecasts where dataset = 'overtaken'") == [(0,)]
