"""The features against a slow, plain reading of their definitions, one pool and one day at a time."""

import math

import numpy as np
import pandas as pd
import pytest
from forecast_panels import RUN_DATE, market, panel

from sevenfold_jobs.pool_forecast.features import APY_FEATURES, TVL_FEATURES, pool_features
from sevenfold_jobs.pool_forecast.market import market_days
from sevenfold_jobs.pool_forecast.reading import as_day

NAMES = list(dict.fromkeys((*APY_FEATURES, *TVL_FEATURES)))


def observations() -> pd.DataFrame:
    history = panel(seed=9, pools=7, days=50)
    history = history[~((history.pool_id == "pool-02") & (history.date > RUN_DATE.replace(day=10)))]
    hole = (history.pool_id == "pool-03") & history.date.between(
        RUN_DATE.replace(day=1), RUN_DATE.replace(day=12)
    )
    history = history[~hole]
    history.loc[history.pool_id == "pool-04", "apy"] = 3.0
    number = history["pool_id"].str[-2:].astype(int)
    return pd.DataFrame(
        {
            "pool_id": history["pool_id"],
            "protocol": np.where(number == 6, None, "protocol-" + (number % 3).astype(str)),
            "day": history["date"].map(as_day).astype(np.int32),
            "apy": history["apy"],
            "tvl": history["tvl"].astype(float),
        }
    ).reset_index(drop=True)


def mean(values):
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def cut(value, bound):
    return None if value is None else max(min(value, bound), -bound)


class Reference:
    """Every definition spelled out; None is what is missing."""

    def __init__(self, rows: pd.DataFrame, market_rows: pd.DataFrame, last: int) -> None:
        self.seen = {(row.pool_id, row.day): row for row in rows.itertuples()}
        self.protocol = dict(zip(rows.pool_id, rows.protocol, strict=True))
        self.first = rows.groupby("pool_id")["day"].min().to_dict()
        self.market = market_rows.set_index("day")
        self.last = last

    def newest(self, pool, day, what):
        for back in range(8):
            row = self.seen.get((pool, day - back))
            if row is not None:
                return getattr(row, what)
        return None

    def apy(self, pool, day):
        return self.newest(pool, day, "apy")

    def log_tvl(self, pool, day):
        tvl = self.newest(pool, day, "tvl")
        return None if tvl is None else math.log(max(tvl, 1))

    def minus(self, of, pool, day, lag):
        now, then = of(pool, day), of(pool, day - lag)
        return None if now is None or then is None else now - then

    def recent(self, pool, day, count):
        return [n for n in range(day - count + 1, day + 1) if n >= self.first[pool]]

    def moves(self, of, pool, day, count, bound):
        changes = [self.minus(of, pool, n, 1) for n in self.recent(pool, day, count)]
        return mean([None if change is None else abs(cut(change, bound)) for change in changes])

    def usual(self, of, pool, day, bound, otherwise):
        short, long = (self.moves(of, pool, day, count, bound) for count in (7, 30))
        return otherwise if short is None or long is None else (short + long) / 2

    def scale(self, pool, day):
        return self.usual(self.apy, pool, day, 50, 0.3) + min(max(self.apy(pool, day), 0), 1000) / 100 + 0.01

    def tvl_scale(self, pool, day):
        return self.usual(self.log_tvl, pool, day, 1, 0.02) + 0.002

    def own(self, pool, day):
        apy, scale, tvl_scale = self.apy(pool, day), self.scale(pool, day), self.tvl_scale(pool, day)
        over = lambda value, unit: None if value is None else value / unit  # noqa: E731
        window = lambda count: [self.apy(pool, n) for n in self.recent(pool, day, count)]  # noqa: E731
        known = lambda count: [value for value in window(count) if value is not None]  # noqa: E731
        found = {}
        for lag in (1, 2, 3, 4, 5, 6, 7, 14, 30):
            found[f"apy_change_{lag}d"] = over(self.minus(self.apy, pool, day, lag), scale)
        for count in (3, 7, 14, 30):
            found[f"apy_from_mean_{count}d"] = (apy - mean(window(count))) / scale
        for count in (7, 30):
            found[f"apy_below_max_{count}d"] = (max(known(count)) - apy) / scale
            found[f"apy_above_min_{count}d"] = (apy - min(known(count))) / scale
        change = self.minus(self.apy, pool, day, 1)
        found["newest_move"] = None if change is None else abs(change) / scale
        short, long = (self.moves(self.apy, pool, day, count, 50) for count in (7, 30))
        found["restlessness"] = None if short is None or long is None else short / (long + 1e-6)
        changes = [self.minus(self.apy, pool, n, 1) for n in self.recent(pool, day, 7)]
        found["unchanged_share"] = mean([None if one is None else float(one == 0) for one in changes])
        found["log_scale"], found["relative_scale"] = math.log(scale), scale / (max(apy, 0) + 0.05)
        found["log_apy"] = math.log1p(max(apy, 0))
        found["stale_days"] = next(back for back in range(8) if (pool, day - back) in self.seen)
        found["history_days"] = sum((pool, n) in self.seen for n in range(day - 59, day + 1))
        for lag in (1, 3, 7, 30):
            moved = self.minus(self.log_tvl, pool, day, lag)
            found[f"tvl_move_{lag}d"] = over(moved, tvl_scale)
            if lag in (1, 7):
                found[f"tvl_change_{lag}d"] = moved
        found["log_tvl"], found["log_tvl_scale"] = self.log_tvl(pool, day), math.log(tvl_scale)
        found["day_of_week"] = (day + 3) % 7
        return found

    def rows(self):
        """By (pool, day)."""
        own = {
            (pool, day): self.own(pool, day)
            for pool, first in self.first.items()
            for day in range(first, self.last + 1)
            if self.apy(pool, day) is not None
        }
        for (pool, day), found in own.items():
            everyone = [other for other, n in own if n == day]
            of_all = lambda name, everyone=everyone, day=day: [own[other, day][name] for other in everyone]  # noqa: E731
            median = lambda values: float(np.median([v for v in values if v is not None] or [np.nan]))  # noqa: E731
            found["all_median_change"] = median(of_all("apy_change_1d"))
            found["all_mean_change"] = mean([cut(value, 3) for value in of_all("apy_change_1d")])
            found["all_mean_from_mean_7d"] = mean([cut(value, 5) for value in of_all("apy_from_mean_7d")])
            found["all_median_tvl_move"] = median(of_all("tvl_move_1d"))
            found["all_mean_tvl_move"] = mean([cut(value, 3) for value in of_all("tvl_move_1d")])
            family = [
                p
                for p in everyone
                if self.protocol[p] is not None and self.protocol[p] == self.protocol[pool]
            ]
            others = [cut(own[p, day]["apy_change_1d"], 3) for p in family if p != pool]
            found["protocol_mean_change"] = mean(others)
            found["protocol_from_median"] = None
            if len(family) > 1:
                middle = float(np.median([self.apy(p, day) for p in family]))
                found["protocol_from_median"] = (self.apy(pool, day) - middle) / self.scale(pool, day)
            for name in ("eth_change_1d", "eth_change_7d", "btc_change_1d"):
                found[name] = float(self.market.loc[day, name])
        return own


@pytest.fixture(scope="module")
def both(spark):
    rows, last = observations(), as_day(RUN_DATE) - 1
    prices = market(panel(days=60)["date"].min(), RUN_DATE)[0]
    prices = prices.assign(day=prices["date"].map(as_day))
    outside = market_days(prices, int(rows["day"].min()), last)
    made = pool_features(
        spark.createDataFrame(rows, "pool_id string, protocol string, day int, apy double, tvl double"),
        spark.createDataFrame(outside),
        last,
        3,
    ).toPandas()
    reference = Reference(rows, outside, last)
    return made, reference


def test_every_feature_is_what_its_definition_says(both):
    made, reference = both
    wanted = reference.rows()
    assert sorted(zip(made.pool_id, made.day, strict=True)) == sorted(wanted)
    for row in made.to_dict("records"):
        for name in NAMES:
            want = wanted[row["pool_id"], row["day"]][name]
            want = math.nan if want is None else want
            assert row[name] == pytest.approx(want, rel=1e-9, abs=1e-9, nan_ok=True), (
                row["pool_id"],
                row["day"],
                name,
            )


def test_a_target_is_an_observation_and_never_a_filled_value(both):
    made, reference = both
    for row in made.to_dict("records"):
        for horizon in range(1, 8):
            seen = reference.seen.get((row["pool_id"], row["day"] + horizon))
            want = math.nan if seen is None else seen.apy
            assert row[f"apy_after_{horizon}d"] == pytest.approx(want, nan_ok=True)


def test_a_pool_that_ended_is_carried_for_seven_days(both):
    made, reference = both
    ended = made[made.pool_id == "pool-02"]
    last_seen = max(day for pool, day in reference.seen if pool == "pool-02")
    assert ended["day"].max() == last_seen + 7
