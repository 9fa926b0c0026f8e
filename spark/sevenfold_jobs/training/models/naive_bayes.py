"""Naive Bayes: every column by itself; classes weigh by their shares.

A number is normal within a class, p(x | class) = N(x; mean, variance), the variance raised by 1e-3 of the
largest one. A column of two values (a level, a gap) has the share of either in the class, each with one row
more (Laplace): taken for normal, a rare level would decide alone. All these logarithms are quadratic in x.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import pack, product, unpack

encoding = "linear"
_RAISED = 1e-3


@dataclass(frozen=True)
class NaiveBayes:
    """Log probability of a class, but for a constant: Σ square x² + Σ slope x + constant.

    `squares` and `slopes` (classes, columns), `constants` (classes,).
    """

    squares: np.ndarray
    slopes: np.ndarray
    constants: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        scores = product(X * X, self.squares) + product(X, self.slopes) + self.constants
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack({}, squares=self.squares, slopes=self.slopes, constants=self.constants)


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
    rows = np.maximum(np.bincount(y, minlength=classes), 1)
    squares, slopes = np.zeros((classes, X.shape[1])), np.zeros((classes, X.shape[1]))
    constants = np.log(rows / rows.sum())
    low, high = X.min(axis=0), X.max(axis=0)
    two = (high > low) & ((low == X) | (high == X)).all(axis=0)
    numbers = ~two
    raised = _RAISED * max(float(X[:, numbers].var(axis=0).max(initial=0.0)), 1e-300)
    for code in range(classes):
        mine = X[y == code] if (y == code).any() else X
        means, variances = mine[:, numbers].mean(axis=0), mine[:, numbers].var(axis=0) + raised
        squares[code, numbers] = -0.5 / variances
        slopes[code, numbers] = means / variances
        constants[code] -= 0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum()
        share = ((mine[:, two] == high[two]).sum(axis=0) + 1) / (len(mine) + 2)
        step = np.log(share / (1 - share)) / (high[two] - low[two])
        slopes[code, two] = step
        constants[code] += (np.log(1 - share) - step * low[two]).sum()
    return NaiveBayes(squares, slopes, constants)


def read(parts: dict[str, bytes]) -> NaiveBayes:
    """As `models.Model` has it."""
    return NaiveBayes(**unpack(parts)[1])
