"""SynapseML's LightGBM: what a request consists of, and what comes back."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any, Protocol, Self

from pyspark import inheritable_thread_target
from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name of the field

from sevenfold_jobs.pool_forecast.rules import SEED, TASKS

# Two boosters of one thread each at a time: a fit is half overhead of Spark's, which one thread leaves idle.
FITS_AT_ONCE = 2

APY = {"objective": "regression_l1", "numIterations": 150, "numLeaves": 15, "learningRate": 0.05}
TVL = {"objective": "regression_l1", "numIterations": 80, "numLeaves": 15, "learningRate": 0.05}
FAN = {"objective": "quantile", "numIterations": 100, "numLeaves": 15, "learningRate": 0.05}

ALWAYS = {
    "minDataInLeaf": 50,
    "lambdaL2": 5.0,
    "featureFraction": 0.6,
    "baggingFraction": 0.7,
    "baggingFreq": 1,
    # The same rows in the same order then give the same bytes, on any number of partitions and cores.
    "deterministic": True,
    "seed": SEED,
    "baggingSeed": SEED,
    "featureFractionSeed": SEED,
    "numThreads": 1,
    "numTasks": TASKS,
    "useSingleDatasetMode": True,
    # Rows are copied once: 1.4 s a fit of 20,000 × 40 where streaming takes 1.8 s to 2.4 s.
    "dataTransferMode": "bulk",
    "passThroughArgs": "force_col_wise=true",
    "verbosity": -1,
}


class Booster(Protocol):
    """What is used of a fitted model of SynapseML."""

    def getNativeModel(self) -> str:  # noqa: N802 - SynapseML's name
        """LightGBM's own text."""

    def setPredictionCol(self, name: str) -> Self:  # noqa: N802 - SynapseML's name
        """Names the column that `transform` adds."""

    def transform(self, rows: DataFrame) -> DataFrame:
        """The rows with a prediction each."""


def features_vector(names: Sequence[str]) -> Column:
    """The named columns as the booster's vector: missing is NaN there, which it knows as missing."""
    return array_to_vector(
        F.array(*(F.coalesce(F.col(name).cast("double"), F.lit(float("nan"))) for name in names))
    )


def fit(rows: DataFrame, settings: dict[str, Any]) -> Booster:
    """Fits `label` on `features`, weighted by `weight`. The rows must come in one partition and sorted."""
    from synapse.ml.lightgbm import LightGBMRegressor

    return LightGBMRegressor(
        featuresCol="features", labelCol="label", weightCol="weight", **ALWAYS, **settings
    ).fit(rows.select("features", "label", "weight"))


def from_text(text: str) -> Booster:
    """The booster that `model_text` wrote down: it predicts the same bytes."""
    from synapse.ml.lightgbm import LightGBMRegressionModel

    return LightGBMRegressionModel.loadNativeModelFromString(text).setFeaturesCol("features")


def library() -> str:
    """What fits: name and version."""
    return f"synapseml {version('synapseml')}"


def model_text(model: Booster) -> str:
    """LightGBM's own text."""
    return model.getNativeModel()


def model_hash(models: Sequence[Booster]) -> str:
    """SHA-256 over the model texts, in order."""
    return hashlib.sha256("".join(map(model_text, models)).encode()).hexdigest()


def predict(rows: DataFrame, models: dict[str, Booster]) -> DataFrame:
    """Adds a column for each model, by its name."""
    for name, model in models.items():
        rows = model.setPredictionCol(name).transform(rows)
    return rows


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Runs independent fits at the same time; their Spark jobs stay in the batch's group."""
    wrapped = [inheritable_thread_target(task) for task in tasks]
    with ThreadPoolExecutor(FITS_AT_ONCE) as pool:
        return [running.result() for running in [pool.submit(task) for task in wrapped]]
