"""Gradient boosting by XGBoost."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.common import lean

encoding = "native"
MODEL = "model.ubj"
USUAL_TREES = 100
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Boosted:
    """`types` are `c` for codes and `q` for numbers, column by column; `classes` 0 is a regression."""

    booster: Any
    types: list[str]
    classes: int

    def margins(self, X: np.ndarray) -> np.ndarray:
        """(rows,) or (rows, classes) the raw scores."""
        return np.asarray(self.booster.predict(_matrix(X, self.types), output_margin=True), np.float64)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        # Probabilities made in float64: XGBoost's own are float32, whose 1 - p loses what is rare.
        scores = self.margins(X)
        if self.classes == 2:
            positive = 1 / (1 + np.exp(-scores))
            return np.column_stack((1 - positive, positive))
        if self.classes:
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            return shares / shares.sum(axis=1, keepdims=True)
        return scores

    def contributions(self, X: np.ndarray) -> np.ndarray:
        """(rows, outputs, columns + 1) to the raw score, the last being the same for every row."""
        found = np.asarray(self.booster.predict(_matrix(X, self.types), pred_contribs=True), np.float64)
        return found.reshape(len(X), -1, X.shape[1] + 1)

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        about = json.dumps({"types": self.types, "classes": self.classes}).encode()
        return {MODEL: bytes(self.booster.save_raw("ubj")), "types.json": about}


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Boosted:
    """As `models.Model` has it."""
    library = lean.load("xgboost")
    codes = set(categorical)
    types = ["c" if place in codes else "q" for place in range(X.shape[1])]
    own = dict(params)
    trees = own.pop("trees", USUAL_TREES)
    if task == "regression":
        objective: dict[str, Any] = {"objective": "reg:squarederror"}
    elif classes == 2:
        objective = {"objective": "binary:logistic"}
    else:
        objective = {"objective": "multi:softprob", "num_class": classes}
    settings = objective | {"seed": seed, "nthread": 1, "tree_method": "hist", "verbosity": 0} | own
    booster = library.train(settings, _matrix(X, types, y), num_boost_round=trees)
    return Boosted(booster, types, 0 if task == "regression" else classes)


def read(parts: dict[str, bytes]) -> Boosted:
    """As `models.Model` has it."""
    about = json.loads(parts["types.json"])
    booster = lean.load("xgboost").Booster({"nthread": 1})
    booster.load_model(bytearray(parts[MODEL]))
    return Boosted(booster, about["types"], about["classes"])


def _matrix(X: np.ndarray, types: list[str], y: np.ndarray | None = None) -> Any:
    library = lean.load("xgboost")
    return library.DMatrix(
        # It holds float32, and refuses a table of which one value is none.
        np.clip(X, -_LARGEST, _LARGEST),
        y,
        feature_names=[f"c{place}" for place in range(X.shape[1])],
        feature_types=types,
        enable_categorical=True,
        nthread=1,
    )
