"""What LightGBM's models share: how they are fitted, read and applied."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.common import lean

MODEL = "model.txt"
# What is not part of the model: it must not depend on the machine that fitted it.
_THREADS = {"num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1}


@dataclass(frozen=True)
class Trees:
    """A booster of LightGBM; `classes` 0 is a regression."""

    booster: Any
    classes: int

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        found = np.asarray(self.booster.predict(X, num_threads=1), np.float64)
        if self.classes == 2:
            return np.column_stack((1 - found, found))
        return found

    def contributions(self, X: np.ndarray) -> np.ndarray:
        """(rows, outputs, columns + 1) to the raw score, the last being the same for every row."""
        found = np.asarray(self.booster.predict(X, pred_contrib=True, num_threads=1), np.float64)
        return found.reshape(len(X), max(1, self.classes if self.classes > 2 else 1), X.shape[1] + 1)

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return {MODEL: self.booster.model_to_string().encode()}


def fit_trees(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    trees: int,
    seed: int,
    categorical: list[int],
) -> Trees:
    """One thread, so that the trees do not depend on the cores; features are called c0, c1, …"""
    library = lean.load("lightgbm")
    data = library.Dataset(
        X,
        y,
        feature_name=[f"c{place}" for place in range(X.shape[1])],
        categorical_feature=categorical,
        params={"verbosity": -1, "max_bin": params.get("max_bin", 255)},
        free_raw_data=False,
    )
    if task == "regression":
        objective: dict[str, Any] = {"objective": params.get("objective", "regression")}
    elif classes == 2:
        objective = {"objective": "binary"}
    else:
        objective = {"objective": "multiclass", "num_class": classes}
    own = {name: value for name, value in params.items() if name not in ("trees", "objective")}
    booster = library.train(objective | own | {"seed": seed} | _THREADS, data, num_boost_round=trees)
    return Trees(booster, 0 if task == "regression" else classes)


def read_trees(parts: dict[str, bytes]) -> Trees:
    """From the text that `parts` gave."""
    text = parts[MODEL].decode()
    booster = lean.load("lightgbm").Booster(model_str=text)
    objective = next(line for line in text.splitlines() if line.startswith("objective="))
    if "binary" in objective:
        classes = 2
    elif "multiclass" in objective:
        classes = booster.num_model_per_iteration()
    else:
        classes = 0
    return Trees(booster, classes)
