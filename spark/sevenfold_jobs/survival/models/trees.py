"""Trees of scikit-learn's kind as plain arrays: stored without pickle, walked with NumPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np

# Rows walked at once: their positions and the columns they read stay in the cache.
_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True)
class Forest:
    """Nodes of all trees behind each other; `roots` (trees + 1,): the first node of each tree, and the end.

    `left`, `right` (nodes,) int32 are positions in these arrays, a leaf's own position in both; `feature`
    int32 (0 at leaves), `threshold` float64, `value` float64: what a node predicts.
    """

    roots: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray

    def leaves(self, X: np.ndarray, tree: int) -> np.ndarray:
        """The node (n,) in which each row of X (n, d) float32 ends: left where a value <= the threshold."""
        rows = np.arange(len(X))
        node = np.full(len(X), self.roots[tree], dtype=np.int32)
        walking = rows
        while len(walking):
            at = node[walking]
            # A leaf leads to itself.
            inner = self.left[at] != at
            walking, at = walking[inner], at[inner]
            goes_left = X[walking, self.feature[at]] <= self.threshold[at]
            node[walking] = np.where(goes_left, self.left[at], self.right[at])
        return node

    def sums(self, X: np.ndarray) -> np.ndarray:
        """Sum over the trees of the value of each row's leaf (n,)."""
        X = np.ascontiguousarray(X, dtype=np.float32)
        total = np.zeros(len(X))
        for start in range(0, len(X), _ROWS_AT_ONCE):
            part = X[start : start + _ROWS_AT_ONCE]
            for tree in range(len(self.roots) - 1):
                total[start : start + len(part)] += self.value[self.leaves(part, tree)]
        return total

    def arrays(self) -> dict[str, np.ndarray]:
        """To store it: `Forest.from_arrays` reads them."""
        return {
            "roots": self.roots,
            "left": self.left,
            "right": self.right,
            "feature": self.feature,
            "threshold": self.threshold,
            "value": self.value,
        }

    @staticmethod
    def from_arrays(arrays: Any) -> "Forest":
        names = ("roots", "left", "right", "feature", "threshold", "value")
        return Forest(*(arrays[name] for name in names))

    @staticmethod
    def of(trees: list[Any]) -> "Forest":
        """From the `tree_` of fitted scikit-learn trees of one output."""
        sizes = [tree.node_count for tree in trees]
        roots = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        left, right, feature = [], [], []
        for tree, root in zip(trees, roots[:-1], strict=True):
            own = np.arange(tree.node_count)
            leaf = tree.children_left < 0
            left.append(np.where(leaf, own, tree.children_left) + root)
            right.append(np.where(leaf, own, tree.children_right) + root)
            feature.append(np.where(leaf, 0, tree.feature))
        return Forest(
            roots,
            np.concatenate(left).astype(np.int32),
            np.concatenate(right).astype(np.int32),
            np.concatenate(feature).astype(np.int32),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate([tree.value[:, 0, 0] for tree in trees]),
        )
