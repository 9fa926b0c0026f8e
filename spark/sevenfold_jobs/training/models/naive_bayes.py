"""Naive Bayes: every column by itself, normal within a class; classes weigh by their shares.

p(class | x) ~ share × Π N(x; mean, variance of the class), the variance raised by 1e-3 of the largest one
(scikit-learn's GaussianNB has 1e-9, which makes dummies that a class never has certain).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import pack, product, unpack

encoding = "linear"
_RAISED = 1e-3


@dataclass(frozen=True)
class NaiveBayes:
    """`means` and `variances` (classes, columns), `shares` (classes,)."""

    means: np.ndarray
    variances: np.ndarray
    shares: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        # -½ Σ (x - m)²/v = -½ Σ x²/v + Σ x m/v - ½ Σ m²/v
        constant = (
            np.log(self.shares)
            - 0.5 * np.log(2 * np.pi * self.variances).sum(axis=1)
            - 0.5 * (self.means**2 / self.variances).sum(axis=1)
        )
        scores = product(X * X, -0.5 / self.variances) + product(X, self.means / self.variances) + constant
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack({}, means=self.means, variances=self.variances, shares=self.shares)


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> NaiveBayes:
    """As `models.Model` has it. A class without rows has those of all, and the share of one row."""
    means, variances = np.tile(X.mean(axis=0), (classes, 1)), np.tile(X.var(axis=0), (classes, 1))
    for code in range(classes):
        mine = X[y == code]
        if len(mine):
            means[code], variances[code] = mine.mean(axis=0), mine.var(axis=0)
    variances += _RAISED * max(float(X.var(axis=0).max(initial=0.0)), 1e-300)
    rows = np.maximum(np.bincount(y, minlength=classes), 1)
    return NaiveBayes(means, variances, rows / rows.sum())


def read(parts: dict[str, bytes]) -> NaiveBayes:
    """As `models.Model` has it."""
    _, arrays = unpack(parts)
    return NaiveBayes(arrays["means"], arrays["variances"], arrays["shares"])
