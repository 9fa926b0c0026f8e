"""Rows for a fit when there are too many: over all days and pools, the same ones whoever asks."""

import numpy as np
import pandas as pd
import pytest
from forecast_panels import RUN_DATE, market, panel

from sevenfold_jobs.pool_forecast import sampling
from sevenfold_jobs.pool_forecast.frames import Days
from sevenfold_jobs.pool_forecast.reading import Known, as_day
from sevenfold_jobs.pool_forecast.rules import FEWEST_DAYS_OF_A_MODEL, LOOKBACK_DAYS, MOST_TRAINING_ROWS
from sevenfold_jobs.pool_forecast.sampling import EVERYTHING, Learnable, limits_by_day

LAST = as_day(RUN_DATE) - 1


def crowd(pools: int, days: int, last: int = LAST) -> pd.DataFrame:
    """Pools that are observed on each day, sorted as they are read."""
    names = [f"pool-{number:05}" for number in range(pools)]
    return pd.DataFrame(
        {"pool_id": np.repeat(names, days), "day": np.tile(np.arange(last - days + 1, last + 1), pools)}
    )


@pytest.mark.parametrize("pools", [500, 2_100, 5_000])
def test_a_large_data_set_is_learnt_from_over_all_its_days_and_pools(pools):
    learnable = Learnable(crowd(pools, 200))
    for kind, most in MOST_TRAINING_ROWS.items():
        span = learnable.span(kind, LAST)
        assert span.enough
        assert (span.rows, span.days) == (most, 180)
        assert span.pools > 0.97 * pools
        assert span.known_rows == 180 * pools


def test_a_day_with_more_pools_than_rows_are_taken_still_makes_a_model():
    span = Learnable(crowd(45_000, 15)).span("q10", LAST)
    assert span.enough
    assert span.rows == MOST_TRAINING_ROWS["q10"]


def test_up_to_the_limit_every_row_is_taken():
    learnable = Learnable(crowd(45, 200))
    span = learnable.span("apy", LAST)
    assert (span.rows, span.pools, span.limit) == (45 * 180, 45, EVERYTHING)
    assert limits_by_day(learnable, LAST - 400, LAST, LAST) is None


def test_too_little_stays_too_little():
    assert not Learnable(crowd(300, 12)).span("apy", LAST).enough  # nine days
    assert not Learnable(crowd(10, 22)).span("apy", LAST).enough  # 190 rows
    assert not Learnable(crowd(1, 1)).span("apy", LAST).enough


def test_the_sample_is_the_same_whatever_else_is_known():
    cutoff = LAST - 20
    early, late = Learnable(crowd(600, 180, last=cutoff)), Learnable(crowd(600, 200))
    assert early.span("apy", cutoff).limit == late.span("apy", cutoff).limit
    days = (cutoff - 10, cutoff - 1)
    few, many = Learnable(crowd(900, 180, last=cutoff)), Learnable(crowd(900, 200))
    assert few.held_out_limits(*days).tolist() == many.held_out_limits(*days).tolist()


def test_rows_of_the_day_that_is_asked_about_are_all_kept():
    learnable = Learnable(crowd(1_000, 200))
    limits = limits_by_day(learnable, LAST - 300, LAST - 1, LAST).set_index("day")
    assert (limits["kept"].loc[LAST - 1 :] == EVERYTHING).all()
    assert (limits["kept"].loc[LAST - 29 : LAST - 2] < EVERYTHING).all()
    assert (limits["tried"].loc[LAST - 59 : LAST - 1] < EVERYTHING).all()


def test_a_row_has_one_number_in_spark_and_here(spark):
    rows = pd.DataFrame({"pool_id": ["a", "b", "pool-ü", "0x" + "f" * 40] * 3, "day": [0, 1, 20_000] * 4})
    here = sampling.numbers_of_rows(rows["pool_id"], rows["day"].to_numpy())
    there = spark.createDataFrame(rows).select(sampling.number_of_row().alias("number")).toPandas()
    assert there["number"].tolist() == here.tolist()
    assert (here >= 0).all()
    assert len(set(here)) == len(set(rows.itertuples(index=False)))


def test_rows_that_can_be_learnt_from_are_those_that_the_features_have(spark):
    history = panel(seed=9, pools=7, days=90)
    hole = (history.pool_id == "pool-03") & history.date.between(
        RUN_DATE.replace(day=1), RUN_DATE.replace(day=12)
    )
    rare = (history.pool_id == "pool-05") & (history.date.map(lambda day: day.day % 9) != 0)
    history = history[~hole & ~rare]
    history = history.assign(day=history.date.map(as_day).astype(np.int32), protocol="protocol-1")
    prices, gas = market(history.date.min(), RUN_DATE)
    by_day = lambda rows: rows.assign(day=rows["date"].map(as_day).astype(np.int32))  # noqa: E731
    first = int(history.day.min())
    known = Known(
        history=history[["pool_id", "protocol", "day", "apy", "tvl"]].astype({"tvl": float}),
        beginnings=pd.DataFrame(),
        prices=by_day(prices),
        gas=by_day(gas),
        first=first - LOOKBACK_DAYS,
        last=LAST,
    )
    found = Days.of(spark, known, first, None)
    facts = found.facts
    found.close()
    enough = facts["history_days"] >= FEWEST_DAYS_OF_A_MODEL
    learnable = Learnable(known.history)
    for kind, target in (("apy", "apy_after_1d"), ("tvl", "tvl_log_change")):
        expected = facts[enough & facts[target].notna()]
        span = learnable.span(kind, LAST)
        assert (span.rows, span.days) == (len(expected), expected["day"].nunique())
        assert span.first == expected["day"].min()
