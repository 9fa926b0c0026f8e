"""Models that Spark's tasks fit together; what they come to is read as the model of the same name is.

SynapseML's LightGBM gives LightGBM's own text. Spark ML gives the coefficients of the same penalised loss
that scikit-learn minimises. The baseline needs no feature.
"""

from typing import Any

import numpy as np

from sevenfold_jobs.training import models
from sevenfold_jobs.training.distributed.rows import Rows
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.models.linear import MOST_ROWS_TO_CHOOSE, Linear, chosen_penalty
from sevenfold_jobs.training.models.trees import MODEL, read_trees

# Lines of LightGBM's text that say where it was fitted, which is no part of the model.
_OF_THE_PLACE = ("[machines:", "[local_listen_port:", "[machine_list_filename:", "[time_out:")
# LightGBM's default of `max_cat_threshold`.
_LEVELS_OF_A_SPLIT = 32
_ITERATIONS = 200
_TOLERANCE = 1e-6
# Spark adds up in the order in which tasks end: digits behind these hang on it.
_DIGITS = 10


def fit(
    rows: Rows, model: str, task: str, params: dict[str, Any], seed: int, fold: int
) -> tuple[models.Fitted, Encoder]:
    """The fitted model, and what encodes its rows; both have seen the training rows of the fold only."""
    classes, module = len(rows.data.classes), models.load(model)
    encoder = rows.encoder(module.encoding, fold)
    if model == "baseline":
        learnt = rows.target[rows.training(fold)]
        nothing = np.zeros((len(learnt), 0))
        return module.fit(nothing, learnt, task, classes, params, seed, []), encoder
    return _FITS[model](rows, encoder, task, classes, params, seed, fold), encoder


def _trees(
    rows: Rows, encoder: Encoder, task: str, classes: int, params: dict[str, Any], seed: int, fold: int
) -> models.Fitted:
    from synapse.ml.lightgbm import LightGBMClassifier, LightGBMRegressor

    own = {name: value for name, value in params.items() if name not in ("trees", "objective")}
    asked = own | {"seed": seed, "deterministic": True, "force_row_wise": True}
    if (most := _most_levels_of_a_split(encoder, rows.parts)) is not None:
        asked["max_cat_threshold"] = most
    kind = LightGBMRegressor if task == "regression" else LightGBMClassifier
    if task == "regression":
        objective = params.get("objective", "regression")
    else:
        objective = "binary" if classes == 2 else "multiclass"
    settings: dict[str, Any] = {
        "objective": objective,
        "numIterations": params.get("trees", models.load("lightgbm").USUAL_TREES),
        "numTasks": rows.parts,
        "numThreads": 1,
        # Each task is one of LightGBM's machines, however many of them an executor has.
        "useSingleDatasetMode": False,
        "dataTransferMode": "bulk",
        "matrixType": "dense",
        "seed": seed,
        "deterministic": True,
        "verbosity": -1,
        "slotNames": [f"c{place}" for place in range(len(encoder.features))],
        "passThroughArgs": " ".join(f"{name}={_written(value)}" for name, value in asked.items()),
    }
    if encoder.categorical:
        settings["categoricalSlotIndexes"] = encoder.categorical
    fitted = kind(featuresCol="features", labelCol="label", **settings).fit(rows.frame(encoder, fold))
    text = "\n".join(
        line for line in fitted.getNativeModel().split("\n") if not line.startswith(_OF_THE_PLACE)
    )
    return read_trees({MODEL: text.encode()})


def _most_levels_of_a_split(encoder: Encoder, parts: int) -> int | None:
    """`max_cat_threshold` of fits by several tasks; None where LightGBM's own is safe.

    The tasks send each other their best splits in room for that many levels less four: a count was left
    behind when fields were added (LightGBM issue 6491, in lightgbmlib 3.3.510), and a fuller split ends both
    processes. A split takes up to half of a feature's levels, so room for half of them and five more is
    never full.
    """
    most = max((len(encoder.inputs[place]["levels"]) for place in encoder.categorical), default=0)
    room = (most + 2) // 2 + 5
    return room if parts > 1 and room > _LEVELS_OF_A_SPLIT else None


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _linear(
    rows: Rows, encoder: Encoder, task: str, classes: int, params: dict[str, Any], seed: int, fold: int
) -> models.Fitted:
    penalty = params.get("penalty")
    if penalty is None:
        penalty = _penalty(rows, encoder, task, classes, params, seed, fold)
    mixed = float(params.get("l1_ratio", 0.0))
    asked = {"regParam": penalty, "elasticNetParam": mixed, "standardization": False, "tol": _TOLERANCE}
    if task == "regression":
        return _numbers(rows, encoder, fold, penalty, mixed, asked)
    from pyspark.ml.classification import LogisticRegression

    family = "binomial" if classes == 2 else "multinomial"
    fitted = LogisticRegression(family=family, maxIter=_ITERATIONS, **asked).fit(rows.frame(encoder, fold))
    notes = [f"penalty {penalty:g}"]
    if fitted.summary.totalIterations >= _ITERATIONS:
        notes.insert(0, f"not converged after {_ITERATIONS} steps")
    weights = _rounded(fitted.coefficientMatrix.toArray())
    return Linear(weights, _rounded(fitted.interceptVector.toArray()), True, notes)


def _numbers(
    rows: Rows, encoder: Encoder, fold: int, penalty: float, mixed: float, asked: dict[str, Any]
) -> Linear:
    from pyspark.ml.regression import LinearRegression

    learnt = rows.target[rows.training(fold)]
    mean, deviation = float(learnt.mean()), float(learnt.std()) or 1.0
    # By normal equations where there is no sum of absolute values in the penalty.
    solver = "l-bfgs" if mixed > 0 else "normal"
    fitted = LinearRegression(solver=solver, maxIter=_ITERATIONS, **asked).fit(
        rows.frame(encoder, fold, (mean, deviation))
    )
    weights = fitted.coefficients.toArray()[None, :] * deviation
    intercept = np.array([fitted.intercept * deviation + mean])
    return Linear(_rounded(weights), _rounded(intercept), False, [f"penalty {penalty:g}"])


def _penalty(
    rows: Rows, encoder: Encoder, task: str, classes: int, params: dict[str, Any], seed: int, fold: int
) -> float:
    """As any linear model chooses it: by inner folds of some of the rows."""
    from threadpoolctl import threadpool_limits

    learnt = rows.training(fold)
    if len(learnt) > MOST_ROWS_TO_CHOOSE:
        drawn = np.random.default_rng(seed).choice(len(learnt), MOST_ROWS_TO_CHOOSE, replace=False)
        learnt = learnt[np.sort(drawn)]
    X = encoder.transform(rows.data.columns, learnt)
    with threadpool_limits(1):
        return chosen_penalty(X, rows.target[learnt], task == "classification", classes, params, seed)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(
        [float(f"{value:.{_DIGITS}g}") for value in values.reshape(-1)], np.float64
    ).reshape(values.shape)


_FITS = {"lightgbm": _trees, "linear": _linear}
#: Names, as the catalogue has them.
FITTED_HERE = ("baseline", *_FITS)
