"""Each model of training/models as nodes: from its matrix to what it predicts."""

from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training.exports import trees
from sevenfold_jobs.training.exports.graph import Graph
from sevenfold_jobs.training.model_files import Member
from sevenfold_jobs.training.models import glm, random_forest
from sevenfold_jobs.training.models.trees import MODEL

# LightGBM's objectives for numbers whose score is the number itself.
_PLAIN = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
_LOGARITHMIC = ("poisson", "gamma", "tweedie")


def predictions(graph: Graph, member: Member, X: str) -> str:
    """(rows, classes) probabilities, or (rows, 1) of a number. InvalidInput for a model without this form."""
    form = _FORMS.get(member.model)
    if form is None:
        raise InvalidInput(
            f"There is no ONNX form of {member.model} here: there are {', '.join(sorted(_FORMS))}."
        )
    return form(graph, member.fitted, X)


def _baseline(graph: Graph, fitted: Any, X: str) -> str:
    # A row of zeros a row, whatever the columns hold.
    first = graph.add("Slice", X, *(graph.constant([each], np.int64) for each in (0, 1, 1)))
    return graph.add(
        "Add", graph.add("Mul", first, graph.constant(0.0)), graph.constant(fitted.values[None, :])
    )


def _linear(graph: Graph, fitted: Any, X: str) -> str:
    scores = _product(graph, X, fitted.coefficients.T, fitted.intercepts)
    return _shares(graph, scores, len(fitted.intercepts)) if fitted.of_classes else scores


def _glm(graph: Graph, fitted: Any, X: str) -> str:
    scores = _product(graph, X, fitted.coefficients.T, fitted.intercepts)
    return graph.add("Exp", graph.add("Min", scores, graph.constant(glm.MOST)))


def _naive_bayes(graph: Graph, fitted: Any, X: str) -> str:
    squares = graph.add("MatMul", graph.add("Mul", X, X), graph.constant(fitted.squares.T))
    scores = graph.add("Add", squares, _product(graph, X, fitted.slopes.T, fitted.constants))
    return graph.add("Softmax", scores, axis=1)


def _mlp(graph: Graph, fitted: Any, X: str) -> str:
    for place, (weights, biases) in enumerate(zip(fitted.weights, fitted.biases, strict=True)):
        X = _product(graph, X, weights, biases)
        if place < len(fitted.weights) - 1:
            X = graph.add("Max", X, graph.constant(0.0))
    if fitted.classes == 0:
        spread = graph.add("Mul", X, graph.constant(fitted.deviation))
        return graph.add("Add", spread, graph.constant(fitted.mean))
    return _shares(graph, X, 1 if fitted.classes == 2 else fitted.classes)


def _lightgbm(graph: Graph, fitted: Any, X: str) -> str:
    scores = trees.of_lightgbm(fitted).add_to(graph, X)
    if fitted.classes:
        return _shares(graph, scores, 1 if fitted.classes == 2 else fitted.classes)
    text = fitted.parts()[MODEL].decode()
    objective = next(line for line in text.splitlines() if line.startswith("objective="))
    name = objective.removeprefix("objective=").split()[0]
    if name in _LOGARITHMIC:
        return graph.add("Exp", scores)
    if name not in _PLAIN:
        raise InvalidInput(f"There is no ONNX form of LightGBM's objective {name} here.")
    return scores


def _random_forest(graph: Graph, fitted: Any, X: str) -> str:
    parts = [trees.of_lightgbm(each).add_to(graph, X) for each in fitted.forests]
    if fitted.classes == 0:
        return parts[0]
    if fitted.classes == 2:
        parts = [graph.add("Sub", graph.constant(1.0), parts[0]), parts[0]]
    shares = graph.add("Concat", *parts, axis=1)
    clipped = graph.add("Clip", shares, graph.constant(0.0), graph.constant(1.0))
    raised = graph.add("Add", clipped, graph.constant(random_forest.LEAST))
    total = graph.add("ReduceSum", raised, graph.constant([1], np.int64), keepdims=1)
    return graph.add("Div", raised, total)


def _xgboost(graph: Graph, fitted: Any, X: str) -> str:
    ensemble, ahead = trees.of_xgboost(fitted)
    scores = graph.add("Add", ensemble.add_to(graph, X), graph.constant(ahead[None, :]))
    if fitted.classes == 0:
        return scores
    return _shares(graph, scores, 1 if fitted.classes == 2 else fitted.classes)


def _tree(graph: Graph, fitted: Any, X: str) -> str:
    return trees.of_tree(fitted).add_to(graph, X)


def _product(graph: Graph, X: str, weights: np.ndarray, ahead: np.ndarray) -> str:
    return graph.add("Add", graph.add("MatMul", X, graph.constant(weights)), graph.constant(ahead[None, :]))


def _shares(graph: Graph, scores: str, outputs: int) -> str:
    """Probabilities of classes; of two there is one score."""
    if outputs > 1:
        return graph.add("Softmax", scores, axis=1)
    positive = graph.add("Sigmoid", scores)
    return graph.add("Concat", graph.add("Sub", graph.constant(1.0), positive), positive, axis=1)


_FORMS = {
    "baseline": _baseline,
    "linear": _linear,
    "glm": _glm,
    "naive_bayes": _naive_bayes,
    "tree": _tree,
    "mlp": _mlp,
    "random_forest": _random_forest,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
}
