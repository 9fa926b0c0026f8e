"""The fit itself, as every mode does it: from the fold's rows to its figures."""

import hashlib
import importlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from sevenfold_jobs.common import lean
from sevenfold_jobs.common.objects import write_object
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.cv.arrays import array_bytes
from sevenfold_jobs.training import clusters, metrics, models
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.prepared import Prepared, Split
from sevenfold_jobs.training_fit.request import Fit, Request

# Before others, which import what a booster must not find (common/lean.py).
_BOOSTERS = {"xgboost": "xgboost", "lightgbm": "lightgbm", "random_forest": "lightgbm"}
# What a fit imports late: a model that is only applied does not need it.
_LIBRARIES = {
    "linear": "sklearn.linear_model",
    "tree": "sklearn.tree",
    "mlp": "sklearn.neural_network",
    "kmeans": "sklearn.cluster",
    "bisecting_kmeans": "sklearn.cluster",
    "gaussian_mixture": "sklearn.mixture",
    "dbscan": "sklearn.cluster",
}


def import_for(names: Iterable[str]) -> None:
    """What the fits of these models import, once, by the process that forks them."""
    distinct = list(dict.fromkeys(names))
    for booster in dict.fromkeys(_BOOSTERS[name] for name in distinct if name in _BOOSTERS):
        lean.load(booster)
    importlib.import_module("threadpoolctl")
    importlib.import_module("sklearn.metrics")
    for name in distinct:
        models.load(name)
        if name in _LIBRARIES:
            importlib.import_module(_LIBRARIES[name])


def fit_key(request: Request, fit: Fit, params: dict[str, Any]) -> str:
    """What a fit is named by: all that can change one of its figures."""
    named = [
        request.data_version,
        fit.fold,
        fit.model,
        params,
        request.max_features,
        request.metric,
        request.seed,
        json.loads(text_of("result_versions.json"))["training_fit"],
        *([] if request.tasks is None else [f"{request.tasks} tasks"]),
    ]
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]


class Matrices:
    """The encoded rows of folds, made once by the process that forks: fits of one fold share them."""

    def __init__(self, request: Request, data: Prepared, split: Split) -> None:
        self._request, self._data, self._split = request, data, split
        self._made: dict[tuple[str, int], tuple[np.ndarray, np.ndarray, Encoder]] = {}

    def of(self, fit: Fit) -> tuple[np.ndarray, np.ndarray, Encoder]:
        """(training rows, validation rows, what encodes them); the encoder has seen the training rows
        only.
        """
        key = models.load(fit.model).encoding, fit.fold
        if key not in self._made:
            train = self._split.train(fit.fold)
            if self._request.task == "clustering":
                ordered = train[clusters.in_order(self._data.columns.take(train))]
                train = clusters.searched(ordered, self._request.seed)
            encoder = Encoder.fit(
                self._data.columns,
                train,
                key[0],
                target=self._data.target,
                task=self._request.task,
                max_features=self._request.max_features,
            )
            self._made[key] = (
                encoder.transform(self._data.columns, train),
                encoder.transform(self._data.columns, self._split.validation(fit.fold)),
                encoder,
            )
        return self._made[key]

    def targets(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """The target of the training rows, and of the validation rows."""
        target = self._data.target
        assert target is not None
        return target[self._split.train(fold)], target[self._split.validation(fold)]

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of their codes."""
        return self._data.classes


def fit(request: Request, fit: Fit, params: dict[str, Any], matrices: Matrices) -> dict[str, Any]:
    """Fits, scores and stores the predictions; what goes into the row, by column of training_fits.

    BLAS and OpenMP have one thread: fits run next to each other, and their figures must not depend on the
    cores.
    """
    from threadpoolctl import threadpool_limits

    if request.task == "clustering":
        return _group(request, fit, params, matrices)
    module = models.load(fit.model)
    X, X_validation, encoder = matrices.of(fit)
    y, y_validation = matrices.targets(fit.fold)
    classes = matrices.classes
    with threadpool_limits(1):
        fitted = module.fit(X, y, request.task, len(classes), params, request.seed, encoder.categorical)
        predicted = fitted.predict(X_validation)
    notes = list(getattr(fitted, "notes", []))
    return answer(request, fit, params, predicted, y_validation, classes, len(X), notes)


def answer(
    request: Request,
    fit: Fit,
    params: dict[str, Any],
    predicted: np.ndarray,
    y_validation: np.ndarray,
    classes: list[str],
    train_rows: int,
    notes: list[str],
) -> dict[str, Any]:
    """What goes into the row of a fit that predicts so; its predictions are stored. ValueError for none."""
    if not np.isfinite(predicted).all():
        raise ValueError("the model predicts values that are no numbers")
    figures = metrics.figures(request.task, y_validation, predicted, classes)
    value = figures.get(request.metric)
    if value is None or not np.isfinite(value):
        raise ValueError(f"the validation rows give no {request.metric}: use other folds, or more rows")
    address = _keep(request, fit, params, np.asarray(predicted, np.float64))
    return {
        "value": float(value),
        "figures": {
            name: None if each is None or not np.isfinite(each) else float(each)
            for name, each in figures.items()
        },
        "notes": notes,
        "train_rows": train_rows,
        "test_rows": len(y_validation),
        "predictions": address,
    }


def _group(request: Request, fit: Fit, params: dict[str, Any], matrices: Matrices) -> dict[str, Any]:
    """Groups the rows and judges the grouping; where no two clusters are found there is nothing to judge."""
    from threadpoolctl import threadpool_limits

    X, _, _ = matrices.of(fit)
    with threadpool_limits(1):
        grouping = clusters.judged(X, fit.model, params, request.seed)
    if grouping.error is not None:
        raise ValueError(grouping.error)
    value = grouping.figures["silhouette"]
    if value is None or grouping.labels is None:
        raise ValueError("all rows are in one cluster, or are noise")
    return {
        "value": value,
        "figures": {**grouping.figures, "clusters": grouping.clusters, "noise": grouping.noise},
        "notes": [],
        "train_rows": len(X),
        "test_rows": 0,
        "predictions": _keep(request, fit, params, grouping.labels),
    }


def _keep(request: Request, fit: Fit, params: dict[str, Any], predicted: np.ndarray) -> str:
    address = f"{request.object_root}/fits/{fit_key(request, fit, params)}.npy"
    write_object(address, array_bytes(predicted))
    return address
