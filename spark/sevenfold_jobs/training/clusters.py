"""The choice among groupings of rows: algorithm by number of clusters; no clear structure is an answer too.

Silhouette (Rousseeuw 1987) decides, on at most 10,000 fixed rows and with distances, not their squares as
Spark has it. Next to it stand Calinski and Harabasz, Davies and Bouldin, and stability: groupings fitted on
halves of the rows, against the whole's, by the mean adjusted Rand index (Hubert and Arabie 1985).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training import models
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.encoding import explained
from sevenfold_jobs.training.spaces import space_of

MOST_ROWS = 10_000
#: Candidates are fitted on at most so many rows; the chosen one is fitted again on all.
MOST_SEARCHED = 20_000
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
    #: (rows,) of the rows that it was fitted on.
    labels: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.model}, {self.clusters} clusters"


@dataclass(frozen=True)
class ClusterChoice:
    """`chosen` is None without clear structure; `groupings` are sorted, the best first."""

    chosen: Grouping | None
    groupings: list[Grouping]
    reason: str


def in_order(columns: Columns) -> np.ndarray:
    """(rows,) numbers of the rows, sorted by what is in them.

    Fitted in this order, the same rows give the same clusters to the last bit, however a file has them.
    """
    keys = [*columns.numbers.values(), *(each.codes for each in columns.categories.values())]
    # The first key of lexsort is the last to decide.
    return np.lexsort(keys[::-1]) if keys else np.arange(columns.rows)


def searched(rows: np.ndarray, seed: int) -> np.ndarray:
    """At most `MOST_SEARCHED` of the rows, in their order."""
    if len(rows) <= MOST_SEARCHED:
        return rows
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), MOST_SEARCHED, replace=False))]


def candidates(names: list[str], params: dict[str, dict[str, Any]]) -> list[tuple[str, dict]]:
    """(model, parameters) in the order in which equals are kept: k from 2 to 15, of DBSCAN one.

    `params` by model fixes values; `clusters` may be a range. InvalidInput for parameters that a model has
    not, and for values that it does not take.
    """
    found = []
    for name in names:
        own = dict(params.get(name, {}))
        space_of(name, own)
        asked = own.pop("clusters", {"low": FEWEST_CLUSTERS, "high": MOST_CLUSTERS})
        ranged = next((each for each, value in own.items() if isinstance(value, dict)), None)
        if ranged is not None:
            raise InvalidInput(
                f"{name}.{ranged} is a range, and of clusterings only the number is tried: fix it."
            )
        if name == "dbscan":
            found.append((name, own))
            continue
        low, high = (asked["low"], asked["high"]) if isinstance(asked, dict) else (asked, asked)
        found += [(name, {**own, "clusters": k}) for k in range(int(low), int(high) + 1)]
    return found


def judged(X: np.ndarray, name: str, params: dict[str, Any], seed: int) -> Grouping:
    """Fits and judges one candidate on X (n, p), linearly encoded; one that fails has its reason."""
    try:
        return _judged(X, name, params, seed)
    except ValueError as error:
        return Grouping(name, params, 0, 0, [], dict.fromkeys(FIGURES), str(error).splitlines()[0])


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


def leaderboard(choice: ClusterChoice, trials: dict[str, int]) -> list[dict[str, Any]]:
    """As `choice.Choice` has it; a grouping has no standard error."""
    best = choice.groupings[0].figures["silhouette"] if choice.groupings else None
    board = []
    for each in choice.groupings:
        value = each.figures["silhouette"]
        row: dict[str, Any] = {"label": each.label, "value": value, "trials": trials.get(each.model)}
        if value is None or best is None:
            board.append(row | {"error": each.error})
            continue
        row |= {"difference": best - value, "differenceError": None, "standardError": None}
        figures = {**each.figures, "noise": each.noise}
        board.append(row | {"figures": figures, "chosen": each is choice.chosen})
    return board


def adjusted_rand(one: np.ndarray, other: np.ndarray) -> float:
    """1 for the same grouping whatever its numbers, about 0 for unrelated ones."""
    first, second = (np.unique(each, return_inverse=True)[1].reshape(-1) for each in (one, other))
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1)
    both, rows, columns = (_pairs(each) for each in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = rows * columns / max(_pairs(np.array([float(len(one))])), 1.0)
    highest = (rows + columns) / 2
    return 1.0 if highest == expected else (both - expected) / (highest - expected)


def figures_of(X: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, float | None]:
    """Silhouette, Calinski-Harabasz and Davies-Bouldin of rows X (n, p), on at most 10,000 of them.

    Noise is no cluster: it is left out. None where fewer than two clusters are left.
    """
    from sklearn import metrics

    rows = np.arange(len(X))
    if len(X) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(X), MOST_ROWS, replace=False))
    rows = rows[labels[rows] >= 0]
    some, of = X[rows], labels[rows]
    if not 2 <= len(np.unique(of)) < len(of):
        return dict.fromkeys(FIGURES[:3])
    return {
        "silhouette": float(metrics.silhouette_score(some, of)),
        "calinski_harabasz": float(metrics.calinski_harabasz_score(some, of)),
        "davies_bouldin": float(metrics.davies_bouldin_score(some, of)),
    }


def profiles(columns: Columns, labels: np.ndarray) -> dict[str, dict[str, Any]]:
    """By feature `{share, clusters}`: the share of its spread that clusters explain, and what they are like.

    Those are `{cluster, rows, mean, deviation}` of a number and `{cluster, rows, level, share}` of a
    category, the level being the cluster's most frequent; None where a cluster has gaps only. What
    clusters would explain by chance is no part of the share; noise has no part in anything.
    """
    taken = np.flatnonzero(labels >= 0)
    groups = np.arange(labels.max(initial=-1) + 1)
    found: dict[str, dict[str, Any]] = {}
    for name, values in columns.numbers.items():
        known = taken[~np.isnan(values[taken])]
        found[name] = {
            "share": explained(labels[known], [values[known]]) if len(known) else 0.0,
            "clusters": [_of_numbers(int(each), values[known[labels[known] == each]]) for each in groups],
        }
    for name, column in columns.categories.items():
        codes = column.codes[taken]
        there = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(column.levels)))
        outcomes = [(codes == code).astype(np.float64) for code in there]
        # By how often a level occurs: rare ones say little of what a cluster is.
        weights = [float(each.var()) for each in outcomes]
        shares = [explained(labels[taken], [each]) for each in outcomes]
        whole = sum(weights)
        found[name] = {
            "share": sum(w * s for w, s in zip(weights, shares, strict=True)) / whole if whole else 0.0,
            "clusters": [
                _of_levels(int(each), codes[labels[taken] == each], column.levels) for each in groups
            ],
        }
    return found


#: What a grouping is judged by; the first decides.
FIGURES = ("silhouette", "calinski_harabasz", "davies_bouldin", "stability")


def _of_numbers(cluster: int, values: np.ndarray) -> dict[str, Any]:
    there = len(values) > 0
    return {
        "cluster": cluster,
        "rows": len(values),
        "mean": float(values.mean()) if there else None,
        "deviation": float(values.std()) if there else None,
    }


def _of_levels(cluster: int, codes: np.ndarray, levels: list[str]) -> dict[str, Any]:
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    if counts.sum() == 0:
        return {"cluster": cluster, "rows": 0, "level": None, "share": None}
    first = int(counts.argmax())
    return {
        "cluster": cluster,
        "rows": int(counts.sum()),
        "level": levels[first],
        "share": float(counts[first] / counts.sum()),
    }


def _judged(X: np.ndarray, name: str, params: dict[str, Any], seed: int) -> Grouping:
    model = models.load(name)
    labels = model.fit(X, np.zeros(0), "clustering", 0, params, seed, []).predict(X)
    sizes = np.bincount(labels[labels >= 0]).tolist()
    figures = figures_of(X, labels, seed)
    known = figures["silhouette"] is not None
    figures["stability"] = _stability(X, labels, name, params, seed) if known else None
    clusters = sum(size > 0 for size in sizes)
    return Grouping(name, params, clusters, int((labels < 0).sum()), sizes, figures, labels=labels)


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
