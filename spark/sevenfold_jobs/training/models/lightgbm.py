"""Gradient boosting by LightGBM."""

from typing import Any

import numpy as np

from sevenfold_jobs.training.models.trees import Trees, fit_trees, read_trees

encoding = "native"
USUAL_TREES = 100


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
    return fit_trees(X, y, task, classes, params, params.get("trees", USUAL_TREES), seed, categorical)


def read(parts: dict[str, bytes]) -> Trees:
    """As `models.Model` has it."""
    return read_trees(parts)
