"""One decision tree, by scikit-learn, kept as arrays: what a person can draw and follow.

Gaps go where training rows with gaps went. Classes have the shares of their leaf, each with one row more
(Laplace), so that a pure leaf is not certain; a number has the leaf's mean.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import pack, unpack

encoding = "native"
USUAL = {"max_depth": 6, "min_samples_leaf": 20}


@dataclass(frozen=True)
class Tree:
    """Nodes as arrays (nodes,): `left` is -1 in a leaf, else rows go there with `feature` <= `threshold`,
    or with a gap where `gaps_left`; `values` (nodes, classes or 1)."""

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    gaps_left: np.ndarray
    values: np.ndarray
    of_classes: bool

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        node = np.zeros(len(X), np.int64)
        # Splits were found on float32, as scikit-learn compares them.
        compared = X.astype(np.float32)
        inner = np.flatnonzero(self.left[node] >= 0)
        while len(inner):
            at = node[inner]
            value = compared[inner, self.feature[at]]
            goes_left = np.where(np.isnan(value), self.gaps_left[at], value <= self.threshold[at])
            node[inner] = np.where(goes_left, self.left[at], self.right[at])
            inner = inner[self.left[node[inner]] >= 0]
        found = self.values[node]
        return found if self.of_classes else found[:, 0]

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack(
            {"of_classes": self.of_classes},
            left=self.left,
            right=self.right,
            feature=self.feature,
            threshold=self.threshold,
            gaps_left=self.gaps_left,
            values=self.values,
        )


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Tree:
    """As `models.Model` has it. Codes of levels are cut like numbers, in the order of their names."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    own = USUAL | params
    kind = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
    grown = kind(random_state=seed, **own).fit(X, y).tree_
    if task == "classification":
        # `value` holds shares of the classes that there are.
        counts = np.zeros((grown.node_count, classes))
        counts[:, np.unique(y)] = grown.value[:, 0, :] * grown.n_node_samples[:, None]
        values = (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)
    else:
        values = grown.value[:, 0, :]
    return Tree(
        grown.children_left.astype(np.int64),
        grown.children_right.astype(np.int64),
        grown.feature.astype(np.int64),
        grown.threshold.astype(np.float64),
        grown.missing_go_to_left.astype(bool),
        np.ascontiguousarray(values, np.float64),
        task == "classification",
    )


def read(parts: dict[str, bytes]) -> Tree:
    """As `models.Model` has it."""
    about, arrays = unpack(parts)
    return Tree(**arrays, of_classes=about["of_classes"])
