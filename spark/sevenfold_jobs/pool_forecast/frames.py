"""The rows that models learn from and are asked about: kept in Spark, outlined for the driver."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name of the field

from sevenfold_jobs.pool_forecast.boosters import Booster, features_vector, predict
from sevenfold_jobs.pool_forecast.features import STACKED_FEATURES, TVL_FEATURES, pool_features
from sevenfold_jobs.pool_forecast.market import market_days
from sevenfold_jobs.pool_forecast.reading import Known
from sevenfold_jobs.pool_forecast.rules import (
    FEWEST_DAYS_OF_A_MODEL,
    HORIZONS,
    LARGEST_SCALED_CHANGE,
)
from sevenfold_jobs.pool_forecast.sampling import number_of_row

# Nobody's moves may weigh so much that one pool is all that is learnt: ten points a day is a wild pool.
_LARGEST_WEIGHED_SCALE = 10.0

# A task sorts its rows in memory, 600 bytes of features each. How many there are changes no figure.
_ROWS_IN_A_PARTITION = 250_000

_FACTS = ("row", "pool_id", "day", "apy", "tvl", "mean_apy_7d", "scale", "tvl_scale", "history_days", "tried")
_TARGETS = (*(f"apy_after_{horizon}d" for horizon in HORIZONS), "tvl_log_change")


@dataclass
class Kept:
    """Rows kept in memory, to be read under a plan of one step.

    A day asks a hundred times for them, and the plan that made them has as many steps: planning it anew each
    time took a third of the forecast. Rows that an executor loses are made again, as ever.
    """

    rows: DataFrame
    _made: DataFrame

    @classmethod
    def of(cls, made: DataFrame) -> "Kept":
        """Computes nothing yet."""
        made = made.persist()
        session = made.sparkSession
        # What Dataset.checkpoint does with its rows: nothing public gives a frame over an RDD as it is.
        plain = session._jsparkSession.internalCreateDataFrame(
            made._jdf.queryExecution().toRdd(), made._jdf.schema(), False
        )
        return cls(DataFrame(plain, session), made)

    def close(self) -> None:
        """Gives the memory back."""
        self._made.unpersist()


@dataclass
class Days:
    """One row a pool and day, in the order of day and pool: `rows` in Spark, their `facts` here."""

    kept: Kept
    facts: pd.DataFrame

    @classmethod
    def of(cls, spark: SparkSession, known: Known, first: int, limits: pd.DataFrame | None) -> "Days":
        """Builds the features once, of the rows from day `first` on.

        `limits` (sampling.limits_by_day) says which rows are kept, where it is not all of them. `tried` marks
        the rows that models are tried on.
        """
        spark.conf.set("spark.sql.adaptive.enabled", "false")
        partitions = max(partitions_of(spark), -(-len(known.history) // _ROWS_IN_A_PARTITION))
        spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
        observations = spark.createDataFrame(
            known.history, "pool_id string, protocol string, day int, apy double, tvl double"
        )
        market = spark.createDataFrame(market_days(known.prices, known.first, known.last))
        features = pool_features(observations, market, known.last, partitions)
        # A booster of one task reads one partition; sorted, so that it always reads them in the same order.
        rows = (
            _within_limits(features.where(F.col("day") >= first), limits)
            .repartition(1)
            .sortWithinPartitions("day", "pool_id")
            .withColumn("row", F.monotonically_increasing_id())
        )
        kept = Kept.of(rows)
        return cls(kept, kept.rows.select(*_FACTS, *_TARGETS).toPandas())

    def close(self) -> None:
        """Gives the memory back."""
        self.kept.close()

    def between(self, first: int, last: int) -> DataFrame:
        """The rows of these days."""
        return self.kept.rows.where(F.col("day").between(first, last))


def _within_limits(features: DataFrame, limits: pd.DataFrame | None) -> DataFrame:
    """Rows up to the limit of their day, and pools too young for a model: their own forecast reads them."""
    if limits is None:
        return features.withColumn("tried", F.lit(True))
    by_day = F.broadcast(features.sparkSession.createDataFrame(limits))
    number = number_of_row()
    young = F.col("history_days") < FEWEST_DAYS_OF_A_MODEL
    kept = features.join(by_day, on="day", how="inner").where((number <= F.col("kept")) | young)
    return kept.withColumn("tried", number <= F.col("tried")).drop("kept")


def partitions_of(spark: SparkSession) -> int:
    """As many parts as cores: rows are few, and a task costs milliseconds."""
    return spark.sparkContext.defaultParallelism


def tvl_rows(days: DataFrame) -> DataFrame:
    """Adds features, label and weight of the TVL model; no label where the next day was not observed."""
    scaled = F.col("tvl_log_change") / F.col("tvl_scale")
    return days.select(
        "*",
        features_vector(TVL_FEATURES).alias("features"),
        _clipped(scaled).alias("label"),
        F.sqrt("tvl_scale").alias("weight"),
    )


def stacked_rows(days: DataFrame, all_horizons: bool) -> DataFrame:
    """Rows of the APY models, one a horizon: row, day, pool_id, horizon, features, label, weight.

    `days` has `tvl_forecast_change`. For learning each row has horizon 1 and one of the others, which another
    day of the same pool does not share: all seven would hold little more and take three times as long.
    """
    other = F.pmod(F.col("day") + F.crc32("pool_id"), F.lit(len(HORIZONS) - 1)) + 2
    horizons = F.array(*map(F.lit, HORIZONS)) if all_horizons else F.array(F.lit(1), other.cast("int"))
    after = F.array(*(f"apy_after_{horizon}d" for horizon in HORIZONS))
    apart = days.withColumn("horizon", F.explode(horizons))
    change = F.element_at(after, F.col("horizon")) - F.col("apy")
    return apart.select(
        "row",
        "day",
        "pool_id",
        "horizon",
        "tried",
        "tvl_forecast_change",
        features_vector(STACKED_FEATURES).alias("features"),
        _clipped(change / F.col("scale")).alias("label"),
        F.sqrt(F.least("scale", F.lit(_LARGEST_WEIGHED_SCALE))).alias("weight"),
        (F.col("history_days") >= FEWEST_DAYS_OF_A_MODEL).alias("old_enough"),
    )


def with_tvl_forecast(days: DataFrame, model: Booster | None) -> DataFrame:
    """Adds `tvl_forecast_change`, in units of the pool's own TVL moves; missing without a model."""
    if model is None:
        return days.withColumn("tvl_forecast_change", F.lit(None).cast("double"))
    predicted = predict(tvl_rows(days), {"tvl_forecast_change": model})
    return predicted.drop("features", "label", "weight")


def learnt_from(rows: DataFrame) -> DataFrame:
    """What may be learnt from at all: an observed target, of a pool that has some history."""
    return rows.where(F.col("label").isNotNull() & F.col("old_enough"))


def _clipped(change: Any) -> Any:
    bound = F.lit(LARGEST_SCALED_CHANGE)
    return F.when(change.isNotNull(), F.greatest(F.least(change, bound), -bound))


def stack(days: Days, first: int, folds: list[tuple[int, int, Booster | None]]) -> Kept:
    """The rows from day `first` on that can be learnt from, each with the TVL forecast of its own fold.

    `folds` are `(first day, last day, model)`. Kept in memory, in the order of day, pool and horizon.
    """
    parts = [
        with_tvl_forecast(days.between(max(start, first), end), model)
        for start, end, model in folds
        if end >= first
    ]
    together = parts[0]
    for part in parts[1:]:
        together = together.unionByName(part)
    learnt = learnt_from(stacked_rows(together, all_horizons=False))
    return Kept.of(learnt.repartition(1).sortWithinPartitions("day", "pool_id", "horizon"))


def arrays(rows: DataFrame, *names: str) -> dict[str, np.ndarray]:
    """The named columns in the rows' order."""
    table = rows.select(*names).toPandas()
    return {name: table[name].to_numpy() for name in names}
