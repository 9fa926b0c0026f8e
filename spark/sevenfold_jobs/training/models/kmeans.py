"""k-means by scikit-learn, the best of ten starts, kept as its centres."""

from typing import Any

import numpy as np

from sevenfold_jobs.training.models.centres import Centres, fit_centres, read_centres

encoding = "clusters"
_STARTS = 10

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
    from sklearn.cluster import KMeans

    return fit_centres(KMeans(int(params["clusters"]), n_init=_STARTS, random_state=seed), X)
