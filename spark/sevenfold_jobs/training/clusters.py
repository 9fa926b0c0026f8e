"""The choice among groupings of rows: algorithm by number of clusters; no clear structure is an answer too.

Silhouette (Rousseeuw 1987) decides, on at most 10,000 fixed rows and with distances, not their squares as
Spark has it. Next to it stand Calinski and Harabasz, Davies and Bouldin, and stability: groupings fitted on
halves of the rows, against the whole's, by the mean adjusted Rand index (Hubert and Arabie 1985).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training import models

MOST_ROWS = 10_000
FEWEST_CLUSTERS, MOST_CLUSTERS = 2, 15
# Kaufman and Rousseeuw (1990) call up to 0.25 no substantial structure.
CLEAR = 0.25
#: A grouping that other rows do not give again says nothing about rows to come.
STABLE = 0.6
_HALVES = 4
# Within so much of the best silhouette the fewer clusters are kept.
_NEAR = 0.01


@dataclass(frozen=True)
class Grouping:
    """One candidate; figures are None where all rows are in one cluster; `error`: why there is none."""

    model: str
    params: dict[str, Any]
    clusters: int
    noise: int
    sizes: list[int]
    figures: dict[str, float | None]
    error: str | None = None


@dataclass(frozen=True)
class ClusterChoice:
    """`chosen` is None without clear structure; `groupings` are sorted, the best first."""

    chosen: Grouping | None
    groupings: list[Grouping]
    reason: str


def candidates(names: list[str], rows: int, params: dict[str, dict[str, Any]]) -> list[tuple[str, dict]]:
    """(model, parameters) in the order in which equals are kept: k from 2 to 15, of DBSCAN one.

    `params` by model fixes values; `clusters` may be a range. InvalidInput where the rows are too few.
    """
    most = min(MOST_CLUSTERS, rows - 1)
    if most < FEWEST_CLUSTERS:
        raise InvalidInput(f"{rows} rows are too few to be grouped: there must be at least 3.")
    found = []
    for name in names:
        own = dict(params.get(name, {}))
        if name == "dbscan":
            found.append((name, own))
            continue
        asked = own.pop("clusters", {"low": FEWEST_CLUSTERS, "high": most})
        low, high = (asked["low"], asked["high"]) if isinstance(asked, dict) else (asked, asked)
        found += [(name, {**own, "clusters": k}) for k in range(int(low), min(int(high), rows - 1) + 1)]
    return found


def judged(X: np.ndarray, name: str, params: dict[str, Any], seed: int) -> Grouping:
    """Fits and judges one candidate on X (n, p), linearly encoded; one that fails has its reason."""
    try:
        return _judged(X, name, params, seed)
    except ValueError as error:
        return Grouping(name, params, 0, 0, [], dict.fromkeys(_FIGURES), str(error).splitlines()[0])


def choose(groupings: list[Grouping]) -> ClusterChoice:
    """The largest silhouette; within 0.01 of it the fewer clusters, then the earlier.

    None where it is at most 0.25, or the best grouping is not found again on halves of the rows.
    """
    known = [each for each in groupings if each.figures["silhouette"] is not None]
    order = sorted(known, key=lambda each: -_silhouette(each))
    board = order + [each for each in groupings if each.figures["silhouette"] is None]
    if not order:
        return ClusterChoice(None, board, "No clear structure: every grouping has all rows in one cluster.")
    best = _silhouette(order[0])
    near = [each for each in groupings if each in known and _silhouette(each) >= best - _NEAR]
    chosen = min(near, key=lambda each: each.clusters)
    value, stable = _silhouette(chosen), chosen.figures["stability"] or 0.0
    what = f"{chosen.model} with {chosen.clusters} clusters"
    if value <= CLEAR:
        reason = f"No clear structure: the best, {what}, has a silhouette of {value:.2f} ({CLEAR} or less)."
        return ClusterChoice(None, board, reason)
    if stable < STABLE:
        reason = (
            f"No clear structure: {what} has a silhouette of {value:.2f}, but halves of the rows are grouped "
            f"otherwise (adjusted Rand index {stable:.2f}, below {STABLE})."
        )
        return ClusterChoice(None, board, reason)
    reason = (
        f"{what} has a silhouette of {value:.2f} and is found again on halves of the rows ({stable:.2f})."
    )
    if chosen is not order[0]:
        reason += f" {order[0].model} with {order[0].clusters} is ahead by {best - value:.3f} only."
    return ClusterChoice(chosen, board, reason)


def adjusted_rand(one: np.ndarray, other: np.ndarray) -> float:
    """1 for the same grouping whatever its numbers, about 0 for unrelated ones."""
    first, second = (np.unique(each, return_inverse=True)[1].reshape(-1) for each in (one, other))
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1)
    both, rows, columns = (_pairs(each) for each in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = rows * columns / max(_pairs(np.array([float(len(one))])), 1.0)
    highest = (rows + columns) / 2
    return 1.0 if highest == expected else (both - expected) / (highest - expected)


_FIGURES = ("silhouette", "calinski_harabasz", "davies_bouldin", "stability")


def _judged(X: np.ndarray, name: str, params: dict[str, Any], seed: int) -> Grouping:
    from sklearn import metrics

    model = models.load(name)
    fitted = model.fit(X, np.zeros(0), "clustering", 0, params, seed, [])
    labels = fitted.predict(X)
    sizes = np.bincount(labels[labels >= 0]).tolist()
    rows = np.arange(len(X))
    if len(X) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(X), MOST_ROWS, replace=False))
    # Noise is no cluster: it is left out of the figures, and counted.
    rows = rows[labels[rows] >= 0]
    some, of = X[rows], labels[rows]
    figures: dict[str, float | None] = dict.fromkeys(_FIGURES)
    if 2 <= len(np.unique(of)) < len(of):
        figures = {
            "silhouette": float(metrics.silhouette_score(some, of)),
            "calinski_harabasz": float(metrics.calinski_harabasz_score(some, of)),
            "davies_bouldin": float(metrics.davies_bouldin_score(some, of)),
            "stability": _stability(X, labels, name, params, seed),
        }
    clusters = sum(size > 0 for size in sizes)
    return Grouping(name, params, clusters, int((labels < 0).sum()), sizes, figures)


def _stability(X: np.ndarray, labels: np.ndarray, name: str, params: dict[str, Any], seed: int) -> float:
    model = models.load(name)
    found = []
    for draw in range(_HALVES):
        half = np.sort(np.random.default_rng([seed, draw]).permutation(len(X))[: max(3, len(X) // 2)])
        again = model.fit(X[half], np.zeros(0), "clustering", 0, params, seed, [])
        found.append(adjusted_rand(labels, again.predict(X)))
    return float(np.mean(found))


def _silhouette(grouping: Grouping) -> float:
    value = grouping.figures["silhouette"]
    assert value is not None
    return value


def _pairs(counts: np.ndarray) -> float:
    return float((counts * (counts - 1) / 2).sum())
