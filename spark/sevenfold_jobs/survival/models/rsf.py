"""A random survival forest (Ishwaran et al. 2008): scikit-survival's trees, curves on the asked grid only.

scikit-survival keeps a curve over every distinct time at every node of every tree, gigabytes on a large
panel. Here its forest is grown in low memory, and each tree keeps, leaf by leaf, its bootstrap rows as a time
and an event flag (2 or 4 bytes a row): curves are computed from them for the times that are asked for.

Its log-rank rule goes over all rows and all times again for every candidate split: 126 s a tree of 207,000
rows and 1,826 times. The statistic speaks of event times only, so censored times take no part (equal trees).
With `feature_bins` candidates lie between that many groups of rows, and with `time_bins` event times are put
together, both for choosing splits only, as histogram trees do it: 1.7 s a tree. Curves and risks of the
leaves use all times.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sevenfold_jobs.survival.models import Fitted, Parts, check_params, from_json, from_npz, to_json, to_npz
from sevenfold_jobs.survival.models.trees import Forest

NAME = "rsf"
PARAMETERS = ("trees", "depth", "min_split", "min_leaf", "features", "feature_bins", "time_bins")
needs_strata = False

# Rows whose curves are gathered at once: rows x grid x 8 bytes stay in the cache.
_ROWS_AT_ONCE = 4_096


class SurvivalForest(Fitted):
    """`times` (u,): the distinct training times. `rows` (trees, n), sorted by leaf and time: twice the
    position of a bootstrap row's time, plus 1 for an event. `sizes` (nodes,): how many of them a leaf has."""

    def __init__(
        self,
        forest: Forest,
        times: np.ndarray,
        rows: np.ndarray,
        sizes: np.ndarray,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(notes)
        self.forest = forest
        self.times = times
        self.rows = rows
        self.sizes = sizes

    def risk(self, X: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        """Expected events: the cumulative hazard summed over training event times, mean over the trees."""
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

    def sum_hazards(self, tree: int, weight: np.ndarray) -> None:
        """Puts into the leaves of a tree the sum of d / n of their times, each times its `weight` (u,)."""
        leaves, groups, deaths, at_risk = self._counts(tree)
        span = len(self.times) + 1
        hazards = deaths / at_risk * weight[groups % span]
        sums = np.bincount(groups // span, weights=hazards, minlength=len(leaves))
        self.forest.value[self.forest.roots[tree] + leaves] = sums

    def _counts(self, tree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The tree's leaves, and by leaf and distinct time in it: a key, events, and rows at risk.

        The key is the leaf's place x (times + 1) + the time's position, ascending.
        """
        root, end = self.forest.roots[tree], self.forest.roots[tree + 1]
        leaves = np.flatnonzero(self.sizes[root:end])
        sizes = self.sizes[root:end][leaves]
        coded = self.rows[tree].astype(np.int64)
        span = len(self.times) + 1
        key = np.repeat(np.arange(len(leaves)), sizes) * span + (coded >> 1)
        first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        groups = key[first]
        deaths = np.add.reduceat((coded & 1).astype(np.float64), first)
        return leaves, groups, deaths, np.cumsum(sizes)[groups // span] - first

    def _curves(self, tree: int, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Survival of the tree's leaves at the grid (leaves, m), and the place of each of its nodes there."""
        leaves, groups, deaths, at_risk = self._counts(tree)
        span = len(self.times) + 1
        place = np.zeros(self.forest.roots[tree + 1] - self.forest.roots[tree], dtype=np.int64)
        place[leaves] = np.arange(len(leaves))
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
    """`features` are tried at each split: null for all, and all where there are fewer. A column of more than
    `feature_bins` values is split between groups of about as many rows; event times are put into `time_bins`
    groups of about as many events. null for either: scikit-survival's own trees.

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
    binned, edges = _split_values(X, params["feature_bins"])
    estimator.fit(binned, Surv.from_arrays(event, _split_times(time, event, params["time_bins"])))
    forest = Forest.of([tree.tree_ for tree in estimator.estimators_])
    for column, between in edges.items():
        here = np.flatnonzero((forest.feature == column) & (forest.left != np.arange(len(forest.left))))
        forest.threshold[here] = between[forest.threshold[here].astype(np.int64)]
    times, position = np.unique(time, return_inverse=True)
    coded = 2 * position + event
    rows = np.empty((params["trees"], len(time)), dtype=np.uint16 if 2 * len(times) <= 0xFFFF else np.uint32)
    sizes = np.zeros(len(forest.left), dtype=np.int32)
    for i, tree in enumerate(estimator.estimators_):
        sample = _generate_sample_indices(tree.random_state, len(time), len(time), None)
        leaf = forest.leaves(X, i)[sample]
        rows[i] = coded[sample[np.lexsort((coded[sample], leaf))]]
        sizes += np.bincount(leaf, minlength=len(sizes)).astype(np.int32)
    notes = [
        f"splits are chosen between {params[name]} groups of {what}"
        for name, what in (("feature_bins", "a column's values"), ("time_bins", "event times"))
        if params[name] is not None
    ]
    fitted = SurvivalForest(forest, times, rows, sizes, notes)
    # What scikit-survival put into the nodes counts groups of times.
    weight = np.cumsum(np.bincount(position, weights=event)[::-1] > 0)[::-1].astype(np.float64)
    forest.value[:] = 0.0
    for i in range(params["trees"]):
        fitted.sum_hazards(i, weight)
    return fitted


def _split_values(X: np.ndarray, bins: int | None) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """X (n, d) float32 with the group's number in place of the value in columns of more than `bins` values,
    and for these columns the threshold behind each group but the last."""
    if bins is None:
        return X, {}
    binned, edges = X.copy(), {}
    for column in range(X.shape[1]):
        values = np.unique(X[:, column])
        if len(values) <= bins:
            continue
        last = np.quantile(X[:, column], np.arange(1, bins) / bins, method="inverted_cdf")
        # The largest value of all would leave nothing behind it.
        place = np.unique(np.searchsorted(values, last))
        place = place[place < len(values) - 1]
        edges[column] = (values[place].astype(np.float64) + values[place + 1]) / 2.0
        binned[:, column] = np.searchsorted(values[place], X[:, column], side="left")
    return binned, edges


def _split_times(time: np.ndarray, event: np.ndarray, bins: int | None) -> np.ndarray:
    """Times (n,) as the log-rank rule is to see them: the number, from 1, of the event time or group of them.

    A censored row is at risk up to the last event time that it reached; 0.5 where it reached none.
    """
    edges = np.unique(time[event])
    if bins is not None and len(edges) > bins:
        edges = np.unique(np.quantile(time[event], np.arange(1, bins + 1) / bins, method="inverted_cdf"))
    up_to = np.searchsorted(edges, time, side="left") + 1
    reached = np.searchsorted(edges, time, side="right")
    return np.where(event, up_to, np.maximum(reached, 0.5)).astype(np.float64)
