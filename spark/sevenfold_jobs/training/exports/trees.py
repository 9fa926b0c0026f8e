"""Forests of LightGBM, XGBoost and scikit-learn as tree ensembles of ONNX, whose sums are float32."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sevenfold_jobs.training.exports.graph import ML, Graph
from sevenfold_jobs.training.models.tree import Tree
from sevenfold_jobs.training.models.trees import Trees
from sevenfold_jobs.training.models.xgboost import Boosted

_LEAF = "LEAF"


@dataclass
class Ensemble:
    """Nodes of all trees as ONNX has them: lists of the same length, one entry a node."""

    kind: type
    outputs: int
    nodes: dict[str, list[Any]] = field(default_factory=dict)
    leaves: dict[str, list[Any]] = field(default_factory=dict)
    _next: int = 0

    def number(self) -> int:
        """A node that will be added."""
        self._next += 1
        return self._next - 1

    def begin(self) -> None:
        """Another tree, whose nodes are numbered from 0: the first is its root."""
        self._next = 0

    def split(
        self, tree: int, node: int, mode: str, column: int, value: float, yes: int, no: int, gap_is_yes: bool
    ) -> None:
        """Rows go to `yes` where the column compares to the value by `mode`."""
        entry = (tree, node, column, mode, value, yes, no, int(gap_is_yes))
        for name, each in zip(_NODE, entry, strict=True):
            self.nodes.setdefault(name, []).append(each)

    def split_by_set(
        self, tree: int, node: int, column: int, codes: list[int], yes: int, no: int, gap_is_yes: bool
    ) -> None:
        """Rows go to `yes` where the column is one of the codes: a chain of comparisons with one each."""
        for place, code in enumerate(codes):
            other = self.number() if place + 1 < len(codes) else no
            self.split(tree, node, "BRANCH_EQ", column, float(code), yes, other, gap_is_yes)
            node = other

    def leaf(self, tree: int, node: int, values: dict[int, float]) -> None:
        """What it adds to each output."""
        self.split(tree, node, _LEAF, 0, 0.0, 0, 0, gap_is_yes=False)
        for output, value in values.items():
            for name, each in zip(_TARGET, (tree, node, output, value), strict=True):
                self.leaves.setdefault(name, []).append(each)

    def add_to(self, graph: Graph, X: str) -> str:
        """(rows, outputs) doubles, the sums over the trees."""
        given = {**self.nodes, **self.leaves}
        if self.kind is np.float64:
            for name in ("nodes_values", "target_weights"):
                given[f"{name}_as_tensor"] = graph.tensor(given.pop(name), self.kind)
        found = graph.add(
            "TreeEnsembleRegressor",
            graph.cast(X, self.kind),
            domain=ML,
            n_targets=self.outputs,
            aggregate_function="SUM",
            post_transform="NONE",
            **given,
        )
        return graph.cast(found, np.float64)


_NODE = (
    *("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_modes", "nodes_values"),
    *("nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true"),
)
_TARGET = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def of_lightgbm(fitted: Trees) -> Ensemble:
    """Raw scores (rows, classes or 1); of a forest the means. Gaps go where LightGBM sends them."""
    dumped = fitted.booster.dump_model()
    outputs = dumped["num_tree_per_iteration"]
    share = outputs / len(dumped["tree_info"]) if dumped["average_output"] else 1.0
    ensemble = Ensemble(np.float64, outputs)
    for number, each in enumerate(dumped["tree_info"]):
        ensemble.begin()
        _lightgbm_node(ensemble, number, ensemble.number(), each["tree_structure"], number % outputs, share)
    return ensemble


def _lightgbm_node(
    ensemble: Ensemble, tree: int, node: int, given: dict[str, Any], output: int, share: float
) -> None:
    if "split_index" not in given:
        ensemble.leaf(tree, node, {output: given["leaf_value"] * share})
        return
    left, right = ensemble.number(), ensemble.number()
    column = given["split_feature"]
    if given["decision_type"] == "==":
        codes = [int(code) for code in given["threshold"].split("||")]
        ensemble.split_by_set(tree, node, column, codes, left, right, gap_is_yes=False)
    else:
        value = float(given["threshold"])
        # Where training had no gap in the column, a gap counts as 0.
        gap_is_yes = given["default_left"] if given["missing_type"] == "NaN" else value >= 0
        ensemble.split(tree, node, "BRANCH_LEQ", column, value, left, right, gap_is_yes)
    _lightgbm_node(ensemble, tree, left, given["left_child"], output, share)
    _lightgbm_node(ensemble, tree, right, given["right_child"], output, share)


def of_xgboost(fitted: Boosted) -> tuple[Ensemble, np.ndarray]:
    """(margins (rows, outputs) but for what all rows have, (outputs,) what all have)."""
    model = json.loads(bytes(fitted.booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    outputs = fitted.classes if fitted.classes > 2 else 1
    ensemble = Ensemble(np.float32, outputs)
    empty = np.full((1, len(fitted.types)), np.nan)
    ahead = fitted.margins(empty).reshape(outputs)
    for number, (each, output) in enumerate(zip(model["trees"], model["tree_info"], strict=True)):
        ensemble.begin()
        _xgboost_tree(ensemble, number, each, output)
        ahead[output] -= _where_gaps_end(each)
    return ensemble, ahead


def _xgboost_tree(ensemble: Ensemble, tree: int, given: dict[str, Any], output: int) -> None:
    numbers = [ensemble.number() for _ in given["left_children"]]
    codes = dict(_xgboost_sets(given))
    for node in numbers:
        left, right = given["left_children"][node], given["right_children"][node]
        if left < 0:
            ensemble.leaf(tree, node, {output: given["split_conditions"][node]})
            continue
        column, gap_is_left = given["split_indices"][node], bool(given["default_left"][node])
        if node in codes:
            # Levels of the set go right.
            ensemble.split_by_set(tree, node, column, codes[node], right, left, not gap_is_left)
        else:
            value = given["split_conditions"][node]
            ensemble.split(tree, node, "BRANCH_LT", column, value, left, right, gap_is_left)


def _xgboost_sets(given: dict[str, Any]) -> Iterator[tuple[int, list[int]]]:
    places = (given["categories_nodes"], given["categories_segments"], given["categories_sizes"])
    for node, start, size in zip(*places, strict=True):
        yield node, [int(code) for code in given["categories"][start : start + size]]


def _where_gaps_end(given: dict[str, Any]) -> float:
    """The leaf of a row that has nothing."""
    node = 0
    while given["left_children"][node] >= 0:
        node = given["left_children" if given["default_left"][node] else "right_children"][node]
    return float(given["split_conditions"][node])


def of_tree(fitted: Tree) -> Ensemble:
    """(rows, classes or 1) the values of the leaves."""
    ensemble = Ensemble(np.float32, fitted.values.shape[1])
    for node in range(len(fitted.left)):
        if fitted.left[node] < 0:
            ensemble.leaf(0, node, dict(enumerate(fitted.values[node].tolist())))
            continue
        # Rows are compared as float32: the largest one that is not above the threshold compares alike.
        value = np.float32(fitted.threshold[node])
        if float(value) > fitted.threshold[node]:
            value = np.nextafter(value, np.float32(-np.inf))
        ways = (int(fitted.left[node]), int(fitted.right[node]), bool(fitted.gaps_left[node]))
        ensemble.split(0, node, "BRANCH_LEQ", int(fitted.feature[node]), float(value), *ways)
    return ensemble
