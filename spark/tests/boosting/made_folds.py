"""Small made-up folds for the tests of boosting."""

from pathlib import Path
from typing import Any

import numpy as np

from sevenfold_jobs.boosting import bin_fold

FIXED: dict[str, Any] = {
    "num_leaves": 31,
    "learning_rate": 0.1,
    "max_bin": 63,
    "num_iterations": 400,
    "early_stopping_rounds": 20,
    "min_data_in_leaf": 5,
    "histogram_pool_size": 64,
    "force_col_wise": True,
}


def made(rows: int = 600, classes: int = 2, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (rows, 6) with gaps and a column of codes, labels (rows,) and numbers (rows,)."""
    random = np.random.Generator(np.random.PCG64(seed))
    X = random.standard_normal((rows, 6))
    X[:, 5] = random.integers(0, 4, rows)
    score = X[:, 0] + 0.5 * X[:, 1] ** 2 + 0.8 * (X[:, 5] == 2) + 0.5 * random.standard_normal(rows)
    X[random.random(rows) < 0.1, 2] = np.nan
    limits = np.quantile(score, np.arange(1, classes) / classes)
    return X, np.digitize(score, limits), score


def fold(folder: Path, y: np.ndarray, X: np.ndarray, task: str = "classification", **changes: Any) -> dict:
    """The first three quarters to train on, the last to test."""
    cut = len(y) * 3 // 4
    settings = {
        "categorical": [5],
        "train": slice(0, cut),
        "test": slice(cut, len(y)),
        "fixed": FIXED,
        "honest": True,
        "ordered": True,
        "seed": 42,
        **changes,
    }
    return bin_fold(folder, X, y, task=task, **settings)
