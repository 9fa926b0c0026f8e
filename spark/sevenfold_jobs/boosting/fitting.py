"""Fits of LightGBM from a binned fold, and the fit on all rows of the set that was chosen."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.special import expit, softmax

from sevenfold_jobs.boosting import binning, parameters, scoring
from sevenfold_jobs.common import lean

lightgbm = lean.load("lightgbm")

_DEFAULT_TREES = 100
_TREES_AT_A_TIME = 40


class Predict(Protocol):
    """A fitted booster, as far as anybody needs one."""

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """For X (n, p) float64: (n,) probability of the second class or the number, or (n, k)."""


def fit_set(
    folder: Path, params: Mapping[str, Any], task: str, honest: bool, seed: int, threads: int
) -> dict[str, Any]:
    """Fits one set of parameters from a folder of `bin_fold` and scores it on the test block.

    `honest` must be the folder's own: it says which rows stop training. Training ends by
    `early_stopping_rounds` (0 or absent: never) on the metrics of the set together: whichever stalls first
    ends it, and its best round counts.

    Returns accuracy, precision, recall, f1, auc and log_loss, or rmse, mae and r2; best_iteration (trees
    that count); detail: classification_report, stopped_on (the metric that stalled, or None), trees (fitted
    in all), leaves (on average a tree that counts), notes, stages (seconds of load, fit, predict, score).
    Raises InvalidInput for parameters that LightGBM does not have, that do not fit the task or that ask for
    other bins than the folder has.
    """
    notes = parameters.check(params)
    began = time.perf_counter()
    meta = binning.read_meta(folder)
    if meta["task"] != task or meta["honest"] != honest:
        raise ValueError(f"{folder} is binned for {meta['task']}, honest {meta['honest']}")
    parameters.check_bins(params, meta["binning"])
    classes = meta["classes"]
    kind = parameters.kind_of(task, len(classes or ()))
    settings = parameters.for_training(params, kind, len(classes or ()), meta["trainRows"], seed, threads)
    parameters.check_objective(settings["objective"], kind)
    parameters.check_metrics(settings["metric"], kind)
    train, stopping = _load(folder, meta, threads)
    loaded = time.perf_counter()

    booster, stopped_on, fitted = _train(settings, params, train, stopping)
    trees = booster.best_iteration if booster.best_iteration > 0 else fitted
    trained = time.perf_counter()

    X = np.load(folder / "X_test.npy", mmap_mode="r", allow_pickle=False)
    y = np.load(folder / "y_test.npy", allow_pickle=False)
    predicted = _predict(booster, X, trees, threads)
    known = time.perf_counter()
    if np.ptp(predicted, axis=0).max() <= 1e-12:
        notes = [*notes, "predicts the same for every test row: it has learnt nothing from these columns"]
    figures = (
        scoring.of_numbers(y, predicted)
        if kind == "regression"
        else scoring.of_classes(y, predicted, classes)
    )
    scored = time.perf_counter()
    return {
        **figures,
        "best_iteration": trees,
        "detail": {
            **figures["detail"],
            "stopped_on": stopped_on,
            "trees": fitted,
            "leaves": round(_leaves(booster, trees), 1),
            "notes": notes,
            "stages": {
                "load": round(loaded - began, 4),
                "fit": round(trained - loaded, 4),
                "predict": round(known - trained, 4),
                "score": round(scored - known, 4),
            },
        },
    }


def refit(
    source: Path | tuple[np.ndarray, np.ndarray],
    params: Mapping[str, Any],
    task: str,
    trees: int,
    seed: int,
    threads: int,
    categorical: tuple[int, ...] = (),
) -> tuple[str, Predict]:
    """Fits `trees` trees on all rows: of a folder of `bin_fold` without inner split, or of (X, y).

    Returns the model as text, LightGBM's own format, and its `predict`, as `predictor` gives it.
    y of a classification: class numbers from 0, or any labels, which are numbered in their order.
    """
    parameters.check(params)
    if isinstance(source, Path):
        meta = binning.read_meta(source)
        if meta["honest"]:
            raise ValueError(f"{source} keeps rows back to stop training: bin all rows with honest=False")
        parameters.check_bins(params, meta["binning"])
        classes, rows = len(meta["classes"] or ()), meta["trainRows"]
        train, _ = _load(source, meta, threads)
    else:
        X, y = source
        named, labels = binning.number_classes(y, task)
        classes, rows = len(named or ()), len(labels)
        train = lightgbm.Dataset(
            X,
            labels,
            params=parameters.for_binning(params, seed, threads),
            feature_name=[f"c{number}" for number in range(X.shape[1])],
            categorical_feature=list(categorical),
        )
    kind = parameters.kind_of(task, classes)
    settings = parameters.for_training(params, kind, classes, rows, seed, threads)
    parameters.check_objective(settings["objective"], kind)
    parameters.check_metrics(settings["metric"], kind)
    booster = lightgbm.train(settings, train, num_boost_round=trees, keep_training_booster=True)
    # The model text embeds its parameters: reset num_threads, so that it does not depend on the machine.
    text = booster.reset_parameter({**settings, "num_threads": 1}).model_to_string()
    return text, predictor(text, threads)


def predictor(text: str, threads: int = 1) -> Predict:
    """The booster of a model's text."""
    booster = lightgbm.Booster(model_str=text)
    trees = booster.current_iteration()
    return lambda X: _predict(booster, X, trees, threads)


def _load(
    folder: Path, meta: Mapping[str, Any], threads: int
) -> tuple[lightgbm.Dataset, lightgbm.Dataset | None]:
    settings = {**meta["binning"], "num_threads": threads}
    train = lightgbm.Dataset(str(folder / "train.bin"), params=settings).construct()
    if meta["stoppingRows"] == 0:
        return train, None
    stopping = lightgbm.Dataset(str(folder / "valid.bin"), reference=train, params=settings).construct()
    return train, stopping


def _train(
    settings: dict[str, Any],
    params: Mapping[str, Any],
    train: lightgbm.Dataset,
    stopping: lightgbm.Dataset | None,
) -> tuple[lightgbm.Booster, str | None, int]:
    """The booster, the metric that ended it, and the trees it was given."""
    rounds = int(params.get("num_iterations", _DEFAULT_TREES))
    patience = int(params.get("early_stopping_rounds", 0))
    if patience == 0 or stopping is None:
        booster = lightgbm.train(settings, train, num_boost_round=rounds, keep_training_booster=True)
        return booster, None, booster.current_iteration()
    stop = _Stop(patience, float(params.get("early_stopping_min_delta", 0.0)))
    # Not kept, the booster is written as text and read again: 150 MB and a second for 10,000 trees.
    booster = lightgbm.train(
        settings,
        train,
        num_boost_round=rounds,
        valid_sets=[stopping],
        valid_names=["stopping"],
        callbacks=[stop],
        keep_training_booster=True,
    )
    return booster, stop.metric, stop.fitted


class _Stop:
    """LightGBM's own early stopping, which keeps to itself what ended it."""

    order = 30

    def __init__(self, patience: int, least: float) -> None:
        self.metric: str | None = None
        self.fitted = 0
        self._patience = patience
        self._stop = lightgbm.early_stopping(patience, verbose=False, min_delta=least)

    def __call__(self, env: lightgbm.callback.CallbackEnv) -> None:
        self.fitted = env.iteration + 1
        try:
            self._stop(env)
        except lightgbm.callback.EarlyStopException as end:
            if env.iteration - end.best_iteration >= self._patience:
                best = self._stop.best_iter
                self.metric = next(
                    result.metric_name
                    for number, result in enumerate(env.evaluation_result_list)
                    if best[number] == end.best_iteration
                )
            raise


def _predict(booster: lightgbm.Booster, X: np.ndarray, trees: int, threads: int) -> np.ndarray:
    """What `Booster.predict` gives, but for the last digits, in a third of the time.

    LightGBM passes each row through all trees; of many or large ones none stays in the cache. Here all rows
    pass through a few trees at a time, and the sums become probabilities at the end.
    """
    X = np.asarray(X)
    score: np.ndarray | float = 0.0
    for start in range(0, trees, _TREES_AT_A_TIME):
        score = score + booster.predict(
            X,
            start_iteration=start,
            num_iteration=min(_TREES_AT_A_TIME, trees - start),
            raw_score=True,
            num_threads=threads,
        )
    return _output(np.asarray(score), _objective(booster))


def _objective(booster: lightgbm.Booster) -> str:
    """As the model's text has it: `binary sigmoid:1`."""
    head = booster.model_to_string(num_iteration=1, start_iteration=0)
    return next(line for line in head.splitlines() if line.startswith("objective=")).removeprefix(
        "objective="
    )


def _output(score: np.ndarray, objective: str) -> np.ndarray:
    name, *settings = objective.split(" ")
    steep = next((float(word[8:]) for word in settings if word.startswith("sigmoid:")), 1.0)
    if name in ("binary", "multiclassova", "cross_entropy"):
        return expit(steep * score)
    if name == "multiclass":
        return softmax(score, axis=1)
    return np.exp(score) if name in ("poisson", "gamma", "tweedie") else score


def _leaves(booster: lightgbm.Booster, trees: int) -> float:
    """Leaves of a tree on average, over at most 100 trees spread over those that count."""
    step = max(1, trees // 100)
    counted = [
        booster.dump_model(start_iteration=start, num_iteration=1)["tree_info"]
        for start in range(0, trees, step)
    ]
    return float(np.mean([tree["num_leaves"] for of_one in counted for tree in of_one]))
