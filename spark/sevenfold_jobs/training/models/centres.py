"""What models of clusters share: rows go to the nearest centre."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import distances, pack, product, unpack


@dataclass(frozen=True)
class Centres:
    """`centres` (clusters, columns)."""

    centres: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(rows,) int64, the number of the nearest centre, the first of equals."""
        # |x - c|² less |x|², which is the same for all centres.
        squares = (self.centres**2).sum(axis=1)
        return (squares - 2 * product(X, self.centres)).argmin(axis=1)

    def assign(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `models.Clusters` has it: to the centre."""
        labels = self.predict(X)
        return labels, distances(X, self.centres[labels])

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack({}, centres=self.centres)


def read_centres(parts: dict[str, bytes]) -> Centres:
    """From what `parts` gave."""
    return Centres(unpack(parts)[1]["centres"])


def fit_centres(algorithm: Any, X: np.ndarray) -> Centres:
    """The centres that an algorithm of scikit-learn finds, numbered by the sizes of their clusters."""
    fitted = algorithm.fit(X)
    return Centres(numbered(fitted.cluster_centers_, fitted.labels_))


def numbered(centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The centres in the order of their sizes, the largest first: numbers mean the same in every run."""
    rows = np.bincount(labels, minlength=len(centres))
    return np.ascontiguousarray(centres[np.argsort(-rows, kind="stable")], np.float64)
