"""Pool metrics as Spark transforms: pure functions from frames to frames.

A *stretch* is a run of days of one pool that is computed together: `stretch` int, `pool_id` text, `first` and
`last` (the days that are due) and `read_from` (where its windows begin). A full computation has one stretch a
pool; `rules.LOOKBACK_DAYS` between `read_from` and `first` make a part equal to the whole, bit for bit.
"""

import pandas as pd
from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F  # noqa: N812 - the name of the field

from sevenfold_jobs.pool_metrics.rules import (
    COLUMNS,
    DECIMALS,
    EXOGENOUS,
    FILL_LIMIT_DAYS,
    LONG_WINDOW_DAYS,
    SHORT_WINDOW_DAYS,
)


def pool_metrics(
    stretches: DataFrame, observations: DataFrame, exogenous: DataFrame, *, parity: bool, partitions: int
) -> DataFrame:
    """One row for each due day of each stretch, with the columns of `rules.COLUMNS`, rounded.

    `observations`: stretch, date, apy (percent points), tvl (USD), one row a stretch and day at most.
    `exogenous`: date and the columns of `rules.EXOGENOUS`.
    """
    # Both sides of the join and all windows share one partitioning and one order: one shuffle, one sort.
    days = every_day(stretches.repartition(partitions, "stretch"))
    observed = days.join(observations.repartition(partitions, "stretch"), on=["stretch", "date"], how="left")
    filled = fill_forward(observed, None if parity else FILL_LIMIT_DAYS)
    computed = window_figures_as_original(filled) if parity else window_figures(filled)
    due = computed.where(F.col("date") >= F.col("first"))
    joined = due.join(F.broadcast(exogenous), on="date", how="left")
    return rounded(joined)


def every_day(stretches: DataFrame) -> DataFrame:
    """One row a day from `read_from` to `last`: stretch, pool_id, first, date."""
    return stretches.select(
        "stretch", "pool_id", "first", F.explode(F.sequence("read_from", "last")).alias("date")
    )


def fill_forward(observed: DataFrame, limit_days: int | None) -> DataFrame:
    """Adds actual_apy (the newest, at most `limit_days` old), stale_days (its age), actual_tvl (unfilled)."""
    newest = _in_order().rowsBetween(Window.unboundedPreceding if limit_days is None else -limit_days, 0)
    observed_on = F.when(F.col("apy").isNotNull(), F.col("date"))
    return observed.select(
        "stretch",
        "pool_id",
        "first",
        "date",
        F.col("tvl").alias("actual_tvl"),
        F.last("apy", ignorenulls=True).over(newest).alias("actual_apy"),
        F.datediff("date", F.last(observed_on, ignorenulls=True).over(newest)).alias("stale_days"),
    )


def window_figures(filled: DataFrame) -> DataFrame:
    """Adds means, sample deviations (null below two values) and first differences, from unrounded values."""
    short = _in_order().rowsBetween(1 - SHORT_WINDOW_DAYS, 0)
    long = _in_order().rowsBetween(1 - LONG_WINDOW_DAYS, 0)
    figures = filled.select(
        "*",
        F.avg("actual_apy").over(short).alias("rolling_apy_7d"),
        F.avg("actual_apy").over(long).alias("rolling_apy_30d"),
        F.stddev_samp("actual_apy").over(short).alias("stddev_apy_7d"),
        F.stddev_samp("actual_apy").over(long).alias("stddev_apy_30d"),
    )
    return figures.select(
        "*",
        _change("actual_apy").alias("apy_delta_today_yesterday"),
        _change("stddev_apy_7d").alias("stddev_apy_7d_delta"),
        _change("stddev_apy_30d").alias("stddev_apy_30d_delta"),
    )


def window_figures_as_original(filled: DataFrame) -> DataFrame:
    """The same figures by pandas' own rolling windows, as the original computes them.

    pandas carries one running sum along the pool, Spark adds each window up anew. The sums differ in the last
    bit only, but APYs have five decimals and means four, so one mean of seventy stands on a tie and falls
    with that bit: 76 of the 32,000 means of the 45-pool panel.
    """
    names = ("rolling_apy_7d", "rolling_apy_30d", "stddev_apy_7d", "stddev_apy_30d")
    names += ("apy_delta_today_yesterday", "stddev_apy_7d_delta", "stddev_apy_30d_delta")
    schema = ", ".join(
        [*(f"{name} {kind}" for name, kind in filled.dtypes), *(f"{name} double" for name in names)]
    )

    def figures(pool: pd.DataFrame) -> pd.DataFrame:
        pool = pool.sort_values("date")
        apy = pool["actual_apy"]
        for days, name in ((SHORT_WINDOW_DAYS, "7d"), (LONG_WINDOW_DAYS, "30d")):
            window = apy.rolling(days, min_periods=1)
            pool[f"rolling_apy_{name}"] = window.mean()
            pool[f"stddev_apy_{name}"] = window.std()
            pool[f"stddev_apy_{name}_delta"] = pool[f"stddev_apy_{name}"].diff()
        pool["apy_delta_today_yesterday"] = apy.diff()
        return pool

    computed = filled.groupBy("stretch").applyInPandas(figures, schema)
    # what pandas calls missing would reach the database as NaN
    return computed.select(
        *(
            F.when(~F.isnan(name), F.col(name)).alias(name) if kind == "double" else F.col(name)
            for name, kind in computed.dtypes
        )
    )


def rounded(computed: DataFrame) -> DataFrame:
    """The columns of `rules.COLUMNS`, every figure to its decimals."""
    return computed.select(
        *(
            round_half_away(F.col(name), DECIMALS[name]).alias(name)
            if name in DECIMALS and name not in EXOGENOUS
            else F.col(name)
            for name in COLUMNS
        )
    )


def round_half_away(value: Column, decimals: int) -> Column:
    """Half away from zero on the shortest decimal text of the double, as SQL numeric rounds a literal."""
    return F.round(value, decimals)


def _in_order() -> WindowSpec:
    return Window.partitionBy("stretch").orderBy("date")


def _change(name: str) -> Column:
    return F.col(name) - F.lag(name).over(_in_order())
