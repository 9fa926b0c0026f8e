"""The chain of an encoder (training/encoding.py) as nodes: from a file's columns to a model's matrix."""

from typing import Any

import numpy as np

from sevenfold_jobs.cv.columns import MISSING
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.exports.graph import ML, Graph

#: How a gap of a category is given.
GAP = ""
# Codes for a level that was not seen, and for a gap that is no level: others are 0 and above.
_NONE, _GAP = -1, -2


def matrix(graph: Graph, encoder: Encoder, inputs: dict[str, str]) -> str:
    """(rows, columns) as `Encoder.transform` gives it; `inputs` are names of nodes by feature."""
    parts = []
    for each in encoder.inputs:
        given = inputs[each["name"]]
        if each["type"] == "number":
            parts += _number(graph, encoder.kind, each, given)
        elif each["type"] == "counts":
            parts.append(_counts(graph, encoder.kind, each, given))
        else:
            parts.append(_levels(graph, encoder.kind, each, given))
    return graph.add("Concat", *parts, axis=1)


def _number(graph: Graph, kind: str, each: dict[str, Any], given: str) -> list[str]:
    if kind == "native":
        return [given]
    gaps = graph.is_gap(given)
    filled = graph.add("Where", gaps, graph.constant(each["median"]), given)
    made = [_scaled(graph, filled, each)]
    if each["indicator"] is not None:
        made.append(_scaled(graph, graph.cast(gaps, np.float64), each["indicator"]))
    return made


def _counts(graph: Graph, kind: str, each: dict[str, Any], given: str) -> str:
    counts = each["counts"]
    gap = _GAP if kind == "native" else counts.get(MISSING, 0)
    found = graph.cast(_looked_up(graph, given, {**counts, GAP: gap}, 0), np.float64)
    if kind == "native":
        return _gap_below_zero(graph, found)
    return _scaled(graph, graph.add("Log", graph.add("Add", found, graph.constant(1.0))), each)


def _levels(graph: Graph, kind: str, each: dict[str, Any], given: str) -> str:
    codes = {level: code for code, level in enumerate(each["levels"])}
    if kind == "native":
        found = graph.cast(_looked_up(graph, given, codes, _NONE), np.float64)
        return _gap_below_zero(graph, found)
    codes |= dict.fromkeys(each["rare"], len(each["levels"]))
    codes[GAP] = codes.get(MISSING, _NONE)
    width = len(each["levels"]) + bool(each["rare"])
    found = _looked_up(graph, given, codes, _NONE)
    return graph.cast(
        graph.add("Equal", found, graph.constant(np.arange(width)[None, :], np.int64)), np.float64
    )


def _looked_up(graph: Graph, given: str, values: dict[str, int], other: int) -> str:
    return graph.add(
        "LabelEncoder",
        given,
        domain=ML,
        keys_strings=list(values),
        values_int64s=[int(value) for value in values.values()],
        default_int64=other,
    )


def _gap_below_zero(graph: Graph, of: str) -> str:
    below = graph.add("Less", of, graph.constant(0.0))
    return graph.add("Where", below, graph.constant(np.nan), of)


def _scaled(graph: Graph, of: str, scale: dict[str, float]) -> str:
    centred = graph.add("Sub", of, graph.constant(scale["mean"]))
    return graph.add("Div", centred, graph.constant(scale["deviation"]))
