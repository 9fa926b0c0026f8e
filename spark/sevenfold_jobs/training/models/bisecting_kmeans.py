"""Bisecting k-means by scikit-learn: the largest cluster in two, again and again; kept as its centres.

Rows go to the nearest of all centres, not down the divisions, so that a centre says which rows are its own.
"""

from typing import Any

import numpy as np

from sevenfold_jobs.training.models.centres import Centres, fit_centres, read_centres

encoding = "clusters"
_STARTS = 3

read = read_centres


def fit(
    X: np.ndarray,
    y: np.ndarray | None,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Centres:
    """As `models.Model` has it; `clusters` in the parameters, y is not looked at."""
    from sklearn.cluster import BisectingKMeans

    return fit_centres(BisectingKMeans(int(params["clusters"]), n_init=_STARTS, random_state=seed), X)
