"""A mixture of normal distributions by scikit-learn, each with a variance a column; kept as arrays.

The log density of a component: log share - ½ Σ (log 2πv + (x - m)²/v); a row goes to the densest. Full
covariances would have columns squared of parameters, which dummies of categories do not bear.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import distances, pack, product, unpack

encoding = "clusters"
_STARTS = 3
_RAISED = 1e-3


@dataclass(frozen=True)
class Mixture:
    """`means` and `variances` (components, columns), `shares` (components,), the largest component first."""

    means: np.ndarray
    variances: np.ndarray
    shares: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(rows,) int64, the number of the component."""
        constant = np.log(self.shares) - 0.5 * np.log(self.variances).sum(axis=1)
        constant = constant - 0.5 * (self.means**2 / self.variances).sum(axis=1)
        scores = product(X * X, -0.5 / self.variances) + product(X, self.means / self.variances) + constant
        return scores.argmax(axis=1)

    def assign(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `models.Clusters` has it: to the mean of the component."""
        labels = self.predict(X)
        return labels, distances(X, self.means[labels])

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack({}, means=self.means, variances=self.variances, shares=self.shares)


def fit(
    X: np.ndarray,
    y: np.ndarray | None,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Mixture:
    """As `models.Model` has it; `clusters` in the parameters, y is not looked at."""
    import warnings

    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        int(params["clusters"]), covariance_type="diag", n_init=_STARTS, reg_covar=_RAISED, random_state=seed
    )
    with warnings.catch_warnings():
        # Not converged after its steps it is a mixture all the same, and judged as such.
        warnings.simplefilter("ignore")
        model.fit(X)
    order = np.argsort(-model.weights_, kind="stable")
    return Mixture(
        np.ascontiguousarray(model.means_[order]),
        np.ascontiguousarray(model.covariances_[order]),
        np.ascontiguousarray(np.maximum(model.weights_[order], 1e-300)),
    )


def read(parts: dict[str, bytes]) -> Mixture:
    """As `models.Model` has it."""
    return Mixture(**unpack(parts)[1])
