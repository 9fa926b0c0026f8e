"""A random survival forest (Ishwaran et al. 2008): scikit-survival's trees, with curves on the asked grid only.

scikit-survival keeps a curve over every distinct time at every node of every tree, gigabytes on a large
panel. Here its forest is grown in low memory, and each tree keeps, leaf by leaf, its bootstrap rows as a time
and an event flag (2 or 4 bytes a row): curves are computed from them for the times that are asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sevenfold_jobs.survival.models import Fitted, Parts, check_params, from_json, from_npz, to_json, to_npz
from sevenfold_jobs.survival.models.trees import Forest

NAME = "rsf"
PARAMETERS = ("trees", "depth", "min_split", "min_leaf", "features")
needs_strata = False

# Rows whose curves are gathered at once: rows x grid x 8 bytes stay in the cache.
_ROWS_AT_ONCE = 4_096


class SurvivalForest(Fitted):
    """`times` (u,): the distinct training times. `rows` (trees, n), sorted by leaf and time: twice the position
    of a bootstrap row's time, plus 1 for an event. `sizes` (nodes,): how many of them lie in each leaf."""

    def __init__(
        self, forest: Forest, times: np.ndarray, rows: np.ndarray, sizes: np.ndarray, notes: Sequence[str] = ()
    ) -> None:
        super().__init__(notes)
        self.forest = forest
        self.times = times
        self.rows = rows
        self.sizes = sizes

    def risk(self, X: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        """Expected events: the cumulative hazard summed over the training event times, mean over the trees."""
        return self.forest.sums(X) / (len(self.forest.roots) - 1)

    def survival(self, X: np.ndarray, grid: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        """The mean over the trees of the Kaplan-Meier curve of each row's leaf."""
        X = np.ascontiguousarray(X, dtype=np.float32)
        trees = len(self.forest.roots) - 1
        total = np.zeros((len(X), len(grid)))
        for tree in range(trees):
            curves, place = self._curves(tree, grid)
            for start in range(0, len(X), _ROWS_AT_ONCE):
                part = slice(start, min(start + _ROWS_AT_ONCE, len(X)))
                leaves = self.forest.leaves(X[part], tree) - self.forest.roots[tree]
                total[part] += curves[place[leaves]]
        total /= trees
        return total

    def _curves(self, tree: int, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Survival of the tree's leaves at the grid (leaves, m), and the place of each of its nodes there."""
        root, end = self.forest.roots[tree], self.forest.roots[tree + 1]
        sizes = self.sizes[root:end]
        leaves = np.flatnonzero(sizes)
        place = np.zeros(end - root, dtype=np.int64)
        place[leaves] = np.arange(len(leaves))
        starts = np.concatenate(([0], np.cumsum(sizes[leaves])))

        coded = self.rows[tree].astype(np.int64)
        event = (coded & 1).astype(np.float64)
        # Leaf and time in one ascending key.
        span = len(self.times) + 1
        key = np.repeat(np.arange(len(leaves)), sizes[leaves]) * span + (coded >> 1)
        first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        groups = key[first]
        deaths = np.add.reduceat(event, first)
        at_risk = starts[groups // span + 1] - first
        # A leaf that dies out would bring log(0) into the sums of the leaves behind it: counted apart.
        dies_out = deaths == at_risk
        logs = np.log1p(np.where(dies_out, 0.0, -deaths / at_risk))
        logs, out = np.concatenate(([0.0], np.cumsum(logs))), np.concatenate(([0], np.cumsum(dies_out)))
        first_group = np.searchsorted(groups, np.arange(len(leaves)) * span)
        known = np.searchsorted(self.times, grid, side="right")
        last = np.searchsorted(groups, (np.arange(len(leaves)) * span)[:, None] + known[None, :])
        curves = np.exp(logs[last] - logs[first_group][:, None])
        curves[out[last] > out[first_group][:, None]] = 0.0
        return curves, place

    def parts(self) -> Parts:
        arrays = to_npz(**self.forest.arrays(), times=self.times, rows=self.rows, sizes=self.sizes)
        return {"model.json": to_json({"notes": self.notes}), "model.npz": arrays}


def from_parts(parts: Mapping[str, bytes]) -> SurvivalForest:
    arrays, notes = from_npz(parts["model.npz"]), from_json(parts["model.json"])["notes"]
    return SurvivalForest(Forest.from_arrays(arrays), arrays["times"], arrays["rows"], arrays["sizes"], notes)


def fit(
    X: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    params: Mapping[str, Any],
    seed: int,
    strata: np.ndarray | None = None,
    strata_columns: np.ndarray | None = None,
) -> SurvivalForest:
    """`features` are tried at each split: null for all, and all where there are fewer.

    ValueError where there is no event.
    """
    from sklearn.ensemble._forest import _generate_sample_indices
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    check_params(NAME, params)
    if not event.any():
        raise ValueError("a survival forest needs at least one event")
    X = np.ascontiguousarray(X, dtype=np.float32)
    features = params["features"]
    estimator = RandomSurvivalForest(
        n_estimators=params["trees"],
        max_depth=params["depth"],
        min_samples_split=params["min_split"],
        min_samples_leaf=params["min_leaf"],
        max_features=None if features is None else min(features, X.shape[1]),
        bootstrap=True,
        n_jobs=1,
        random_state=seed,
        low_memory=True,
    )
    estimator.fit(X, Surv.from_arrays(event, time))
    forest = Forest.of([tree.tree_ for tree in estimator.estimators_])
    times, position = np.unique(time, return_inverse=True)
    coded = 2 * position + event
    rows = np.empty((params["trees"], len(time)), dtype=np.uint16 if 2 * len(times) <= 0xFFFF else np.uint32)
    sizes = np.zeros(len(forest.left), dtype=np.int32)
    for i, tree in enumerate(estimator.estimators_):
        sample = _generate_sample_indices(tree.random_state, len(time), len(time), None)
        leaf = forest.leaves(X, i)[sample]
        rows[i] = coded[sample[np.lexsort((coded[sample], leaf))]]
        np.add.at(sizes, leaf, 1)
    return SurvivalForest(forest, times, rows, sizes)
