"""DBSCAN by scikit-learn, kept as its core rows: a row belongs to the nearest one's cluster within `eps`.

Others are noise, -1. scikit-learn's own cannot be applied to further rows. `eps` left out is the 95th
percentile of the distances to the `min_samples`-th neighbour.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import pack, unpack

encoding = "clusters"
_MIN_SAMPLES = 10
_EPS_AT = 0.95
_ROWS_AT_A_TIME = 256
# What is kept of the training rows, and looked at for every row that is applied.
_MOST_ROWS = 10_000


@dataclass(frozen=True)
class Cores:
    """`rows` (cores, columns) and `labels` (cores,) int64."""

    rows: np.ndarray
    labels: np.ndarray
    eps: float

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(rows,) int64, -1 for noise."""
        return self.assign(X)[0]

    def assign(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `models.Clusters` has it: to the nearest core row; infinite where there is none."""
        found, far = np.full(len(X), -1, np.int64), np.full(len(X), np.inf)
        if len(self.rows) == 0:
            return found, far
        for start in range(0, len(X), _ROWS_AT_A_TIME):
            block = X[start : start + _ROWS_AT_A_TIME]
            squares = np.zeros((len(block), len(self.rows)))
            for mine, theirs in zip(block.T, self.rows.T, strict=True):
                squares += (mine[:, None] - theirs[None, :]) ** 2
            nearest = squares.argmin(axis=1)
            least = squares[np.arange(len(block)), nearest]
            found[start : start + len(block)] = np.where(least <= self.eps**2, self.labels[nearest], -1)
            far[start : start + len(block)] = np.sqrt(least)
        return found, far

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack({"eps": self.eps}, rows=self.rows, labels=self.labels)


def fit(
    X: np.ndarray,
    y: np.ndarray | None,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Cores:
    """As `models.Model` has it, on at most 10,000 of the rows; the largest cluster is 0."""
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    if len(X) > _MOST_ROWS:
        X = X[np.sort(np.random.default_rng(seed).choice(len(X), _MOST_ROWS, replace=False))]
    least = min(int(params.get("min_samples", _MIN_SAMPLES)), len(X))
    eps = params.get("eps")
    if eps is None:
        distances = NearestNeighbors(n_neighbors=least).fit(X).kneighbors(X)[0][:, -1]
        eps = max(float(np.quantile(distances, _EPS_AT)), 1e-12)
    model = DBSCAN(eps=float(eps), min_samples=least).fit(X)
    cores = model.core_sample_indices_
    labels = model.labels_[cores]
    order = np.argsort(-np.bincount(labels), kind="stable") if len(labels) else np.zeros(0, np.int64)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return Cores(np.ascontiguousarray(X[cores]), place[labels] if len(labels) else labels, float(eps))


def read(parts: dict[str, bytes]) -> Cores:
    """As `models.Model` has it."""
    about, arrays = unpack(parts)
    return Cores(arrays["rows"], arrays["labels"], about["eps"])
