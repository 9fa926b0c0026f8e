"""The features of every pool on every day, for training and prediction: pure functions from frame to frame.

A day's features hold what was known at its end and nothing later. Changes of an APY are counted in units of
the pool's own recent changes (`scale`), so that one booster serves pools that move by a hundredth of a point
a day and pools that move by ten. What is missing stays missing. All windows are explicit, and those across
pools run in the order of the pools' ids, so that a sum has the same last bit however Spark spreads the rows.
"""

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F  # noqa: N812 - the name of the field

from sevenfold_jobs.pool_forecast.rules import (
    FILL_LIMIT_DAYS,
    HORIZONS,
    LARGEST_CHANGE_IN_SCALE,
    LARGEST_LOG_CHANGE_IN_SCALE,
    LOOKBACK_DAYS,
)

LAGS = (1, 2, 3, 4, 5, 6, 7, 14, 30)
MEANS = (3, 7, 14, 30)
TVL_LAGS = (1, 3, 7, 30)

APY_FEATURES = (
    *(f"apy_change_{lag}d" for lag in LAGS),
    *(f"apy_from_mean_{days}d" for days in MEANS),
    "apy_below_max_7d",
    "apy_above_min_7d",
    "apy_below_max_30d",
    "apy_above_min_30d",
    "newest_move",
    "restlessness",
    "unchanged_share",
    "log_scale",
    "relative_scale",
    "log_apy",
    "stale_days",
    "history_days",
    "tvl_change_1d",
    "tvl_change_7d",
    "all_median_change",
    "all_mean_change",
    "all_mean_from_mean_7d",
    "protocol_mean_change",
    "protocol_from_median",
    "day_of_week",
)
# The forecast of the stacked TVL model and the horizon follow, in this order.
STACKED_FEATURES = (*APY_FEATURES, "tvl_forecast_change", "horizon")

TVL_FEATURES = (
    *(f"tvl_move_{lag}d" for lag in TVL_LAGS),
    "log_tvl",
    "log_tvl_scale",
    "apy_change_1d",
    "apy_change_7d",
    "apy_from_mean_7d",
    "protocol_from_median",
    "log_apy",
    "stale_days",
    "all_median_tvl_move",
    "all_mean_tvl_move",
    "eth_change_1d",
    "eth_change_7d",
    "btc_change_1d",
    "day_of_week",
)


def pool_features(observations: DataFrame, market: DataFrame, last_day: int, partitions: int) -> DataFrame:
    """One row for each pool and day on which its APY is known (observed, or filled for at most seven days).

    `observations`: pool_id, protocol, day (from 1970-01-01), apy (percent points), tvl (USD); one row a pool
    and day. `market`: day and the changes of ETH and BTC. Columns: pool_id, day, apy, tvl, mean_apy_7d,
    scale, tvl_scale, the features of both models, and the targets `apy_after_<h>d` (percent points) and
    `tvl_log_change`, which are empty where the value of that day was not observed.
    """
    grid = every_day(observations, last_day, partitions)
    own = own_features(filled(grid))
    together = across_pools(own.where(F.col("apy").isNotNull()))
    joined = together.join(F.broadcast(market), on="day", how="left")
    return joined.select(
        "pool_id",
        "day",
        "apy",
        "tvl",
        "mean_apy_7d",
        "scale",
        "tvl_scale",
        *dict.fromkeys((*APY_FEATURES, *TVL_FEATURES)),
        *(f"apy_after_{horizon}d" for horizon in HORIZONS),
        "tvl_log_change",
    )


def every_day(observations: DataFrame, last_day: int, partitions: int) -> DataFrame:
    """Adds the days without observation between a pool's first and `last_day`."""
    spread = observations.repartition(partitions, "pool_id")
    pools = spread.groupBy("pool_id", "protocol").agg(F.min("day").alias("first"))
    days = pools.select("pool_id", "protocol", F.explode(F.sequence("first", F.lit(last_day))).alias("day"))
    return days.join(spread.drop("protocol"), on=["pool_id", "day"], how="left")


def filled(grid: DataFrame) -> DataFrame:
    """Adds `apy` and `tvl` as known on the day and their age; the targets stay what was observed."""
    known = _pool().rowsBetween(-FILL_LIMIT_DAYS, 0)
    observed_on = F.when(F.col("apy").isNotNull(), F.col("day"))
    log_tvl = _log_tvl(F.col("tvl"))
    known_log_tvl = F.last(log_tvl, ignorenulls=True).over(known)
    return grid.select(
        "pool_id",
        "protocol",
        "day",
        F.last("apy", ignorenulls=True).over(known).alias("apy"),
        F.last("tvl", ignorenulls=True).over(known).alias("tvl"),
        known_log_tvl.alias("log_tvl"),
        (F.col("day") - F.last(observed_on, ignorenulls=True).over(known)).cast("double").alias("stale_days"),
        # how many so far: a frame of sixty days would count all of them anew for each
        F.count("apy").over(_pool().rowsBetween(Window.unboundedPreceding, 0)).alias("seen"),
        *(F.lead("apy", horizon).over(_pool()).alias(f"apy_after_{horizon}d") for horizon in HORIZONS),
        (F.lead(log_tvl, 1).over(_pool()) - known_log_tvl).alias("tvl_log_change"),
    ).withColumn("history_days", _of_last_days("seen", LOOKBACK_DAYS).cast("double"))


def own_features(days: DataFrame) -> DataFrame:
    """Features from the pool's own past."""
    apy, log_tvl = F.col("apy"), F.col("log_tvl")
    lagged = days.select(
        "*",
        *((apy - F.lag(apy, lag).over(_pool())).alias(f"change_{lag}") for lag in LAGS),
        *((log_tvl - F.lag(log_tvl, lag).over(_pool())).alias(f"tvl_change_{lag}d") for lag in TVL_LAGS),
        *(F.avg(apy).over(_last_days(count)).alias(f"mean_{count}") for count in MEANS),
        *(F.max(apy).over(_last_days(count)).alias(f"max_{count}") for count in (7, 30)),
        *(F.min(apy).over(_last_days(count)).alias(f"min_{count}") for count in (7, 30)),
    )
    move = F.abs(_within(F.col("change_1"), LARGEST_CHANGE_IN_SCALE))
    tvl_move = F.abs(_within(F.col("tvl_change_1d"), LARGEST_LOG_CHANGE_IN_SCALE))
    measured = lagged.select(
        "*",
        *(F.avg(move).over(_last_days(count)).alias(f"move_{count}") for count in (7, 30)),
        *(F.avg(tvl_move).over(_last_days(count)).alias(f"tvl_move_{count}") for count in (7, 30)),
        F.avg((F.col("change_1") == 0).cast("double")).over(_last_days(7)).alias("unchanged_share"),
    )
    level = F.greatest(apy, F.lit(0.0))
    usual = F.coalesce((F.col("move_7") + F.col("move_30")) / 2, F.lit(0.3))
    usual_tvl = F.coalesce((F.col("tvl_move_7") + F.col("tvl_move_30")) / 2, F.lit(0.02))
    scaled = measured.select(
        "*",
        # a pool that has not moved for a month would have a unit of zero: the level keeps it above
        (usual + F.least(level, F.lit(1000.0)) / 100 + 0.01).alias("scale"),
        (usual_tvl + 0.002).alias("tvl_scale"),
    )
    scale, tvl_scale = F.col("scale"), F.col("tvl_scale")
    return scaled.select(
        "pool_id",
        "protocol",
        "day",
        "apy",
        "tvl",
        "scale",
        "tvl_scale",
        "stale_days",
        "history_days",
        "unchanged_share",
        "log_tvl",
        F.col("mean_7").alias("mean_apy_7d"),
        *((F.col(f"change_{lag}") / scale).alias(f"apy_change_{lag}d") for lag in LAGS),
        *(((apy - F.col(f"mean_{count}")) / scale).alias(f"apy_from_mean_{count}d") for count in MEANS),
        *(((F.col(f"max_{count}") - apy) / scale).alias(f"apy_below_max_{count}d") for count in (7, 30)),
        *(((apy - F.col(f"min_{count}")) / scale).alias(f"apy_above_min_{count}d") for count in (7, 30)),
        (F.abs("change_1") / scale).alias("newest_move"),
        (F.col("move_7") / (F.col("move_30") + 1e-6)).alias("restlessness"),
        F.log(scale).alias("log_scale"),
        (scale / (level + 0.05)).alias("relative_scale"),
        F.log1p(level).alias("log_apy"),
        "tvl_change_1d",
        "tvl_change_7d",
        *((F.col(f"tvl_change_{lag}d") / tvl_scale).alias(f"tvl_move_{lag}d") for lag in TVL_LAGS),
        F.log(tvl_scale).alias("log_tvl_scale"),
        # day 0 was a Thursday; Monday is 0
        ((F.col("day") + 3) % 7).cast("double").alias("day_of_week"),
        *(f"apy_after_{horizon}d" for horizon in HORIZONS),
        "tvl_log_change",
    )


def across_pools(days: DataFrame) -> DataFrame:
    """Adds the moves of all pools on the day, and of its protocol's others. Every row must have an APY."""
    everything = Window.unboundedPreceding, Window.unboundedFollowing
    all_pools = Window.partitionBy("day").orderBy("pool_id").rowsBetween(*everything)
    protocol = Window.partitionBy("day", "protocol").orderBy("pool_id").rowsBetween(*everything)
    change = _within(F.col("apy_change_1d"), 3)
    others = F.count(change).over(protocol) - change.isNotNull().cast("int")
    sum_of_others = F.sum(change).over(protocol) - F.coalesce(change, F.lit(0.0))
    from_median = (F.col("apy") - F.percentile("apy", 0.5).over(protocol)) / F.col("scale")
    has_company = F.col("protocol").isNotNull() & (F.count(F.lit(1)).over(protocol) > 1)
    return days.select(
        "*",
        F.percentile("apy_change_1d", 0.5).over(all_pools).alias("all_median_change"),
        F.avg(change).over(all_pools).alias("all_mean_change"),
        F.avg(_within(F.col("apy_from_mean_7d"), 5)).over(all_pools).alias("all_mean_from_mean_7d"),
        F.percentile("tvl_move_1d", 0.5).over(all_pools).alias("all_median_tvl_move"),
        F.avg(_within(F.col("tvl_move_1d"), 3)).over(all_pools).alias("all_mean_tvl_move"),
        F.when(has_company & (others > 0), sum_of_others / others).alias("protocol_mean_change"),
        F.when(has_company, from_median).alias("protocol_from_median"),
    )


def _pool() -> WindowSpec:
    return Window.partitionBy("pool_id").orderBy("day")


def _of_last_days(running_count: str, days: int) -> Column:
    earlier = F.coalesce(F.lag(running_count, days).over(_pool()), F.lit(0))
    return F.col(running_count) - earlier


def _last_days(count: int) -> WindowSpec:
    return _pool().rowsBetween(1 - count, 0)


def _within(value: Column, bound: float) -> Column:
    """Cut to ±bound; `least` and `greatest` would turn a missing value into the bound."""
    return F.when(value.isNotNull(), F.greatest(F.least(value, F.lit(float(bound))), F.lit(-float(bound))))


def _log_tvl(value: Column) -> Column:
    return F.when(value.isNotNull(), F.log(F.greatest(value, F.lit(1.0))))
