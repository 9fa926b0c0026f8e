"""A stored model as one ONNX file: a request on standard input, one JSON object on standard output.

Not a batch: it reads the model's files and writes one more. The export is held against the model on drawn
rows, and its difference is part of the answer and of the file.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold_jobs.common.asked import answer_request
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.files import write_whole
from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.exports import encoded, members
from sevenfold_jobs.training.exports.graph import ML, Graph, library
from sevenfold_jobs.training.model_files import StoredModel, read_stored

ROWS = 10_000
_SEED = 42
_GAPS, _UNSEEN = 0.05, 0.02
_WIDER = 0.25


def main() -> int:
    """`{modelId, root, output}` in; what `export` gives, or `{errorType, message}`, out."""
    return answer_request(export)


def export(request: dict[str, Any]) -> dict[str, Any]:
    """`{output, bytes, inputs, rows, difference, decisions}`: the largest difference of a probability or
    number on so many rows, and how many of them are decided otherwise. InvalidInput for clusters."""
    if not Path(request["output"]).parent.is_dir():
        raise InvalidInput(
            f"The folder of {request['output']} is not there: make it, or name another --output."
        )
    model = read_stored(request["root"])
    if model.task == "clustering":
        raise InvalidInput("There is no ONNX form of clusters here: score applies them.")
    columns = drawn(model)
    content = as_onnx(model, {"model": request["modelId"]})
    difference, decisions = compared(content, model, columns)
    about = {
        "model": request["modelId"],
        "difference": f"{difference:.3g} at most, {decisions} of {columns.rows} rows decided otherwise",
    }
    content = as_onnx(model, about)
    write_whole(Path(request["output"]), lambda path: path.write_bytes(content))
    return {
        "output": request["output"],
        "bytes": len(content),
        "inputs": [feature.name for feature in model.features],
        "rows": columns.rows,
        "difference": difference,
        "decisions": decisions,
    }


def as_onnx(model: StoredModel, about: dict[str, str]) -> bytes:
    """Inputs are the features, (rows, 1) each: doubles with NaN for gaps, or texts with the empty one; a part
    of a date is its number. Outputs are `predicted` (rows, 1) and, of classes, `probabilities`."""
    graph = Graph()
    categories = {feature.name for feature in model.features if feature.kind == "category"}
    inputs = {
        feature.name: graph.input(feature.name, feature.name in categories) for feature in model.features
    }
    total = None
    for each in model.members:
        X = encoded.matrix(graph, each.encoder, inputs)
        weighed = graph.add("Mul", members.predictions(graph, each, X), graph.constant(each.weight))
        total = weighed if total is None else graph.add("Add", total, weighed)
    assert total is not None
    if not model.classes:
        graph.output("predicted", total, is_text=False, width=1)
        return graph.finish(about)
    if len(model.classes) == 2:
        cut = 0.5 if model.threshold is None else model.threshold
        positive = graph.add("Slice", total, *(graph.constant([each], np.int64) for each in (1, 2, 1)))
        codes = graph.cast(graph.add("GreaterOrEqual", positive, graph.constant(cut)), np.int64)
    else:
        codes = graph.add("ArgMax", total, axis=1, keepdims=1)
    names = graph.add(
        "LabelEncoder",
        codes,
        domain=ML,
        keys_int64s=list(range(len(model.classes))),
        values_strings=model.classes,
    )
    graph.output("predicted", names, is_text=True, width=1)
    graph.output("probabilities", total, is_text=False, width=len(model.classes))
    return graph.finish(about)


def drawn(model: StoredModel, rows: int = ROWS) -> Columns:
    """Rows between the tenths that training had and a little beyond, with gaps and levels that it had not."""
    generator = np.random.default_rng(_SEED)
    numbers, categories = {}, {}
    for feature in model.features:
        kept = model.about["reference"][feature.name]
        gaps = generator.random(rows) < _GAPS
        if feature.kind == "category":
            levels = sorted({*kept["levels"], "no level of these rows"})
            known = np.array([level in kept["levels"] for level in levels])
            codes = generator.choice(np.flatnonzero(known), rows) if known.any() else np.zeros(rows, np.int64)
            codes[generator.random(rows) < _UNSEEN] = int(np.flatnonzero(~known)[0])
            codes[gaps] = -1
            categories[feature.name] = Categorical(codes.astype(np.int32), levels)
            continue
        edges = np.array(kept["edges"] or [0.0])
        beyond = _WIDER * (edges[-1] - edges[0] or 1.0)
        values = generator.uniform(edges[0] - beyond, edges[-1] + beyond, rows)
        # Half of them are values that occur: trees are cut there.
        exact = generator.random(rows) < 0.5
        values[exact] = generator.choice(edges, int(exact.sum()))
        values[gaps] = np.nan
        numbers[feature.name] = values
    return Columns(rows, numbers, categories)


def compared(content: bytes, model: StoredModel, columns: Columns) -> tuple[float, int]:
    """(largest difference to the model's own predictions, rows that are decided otherwise)."""
    runtime = library("onnxruntime", "Holding an ONNX file against its model")
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given: dict[str, np.ndarray] = {name: values[:, None] for name, values in columns.numbers.items()}
    for name, column in columns.categories.items():
        given[name] = np.array([*column.levels, encoded.GAP], object)[column.codes][:, None]
    answered = dict(zip((each.name for each in session.get_outputs()), session.run(None, given), strict=True))
    own = model.predict(columns)
    if not model.classes:
        return float(np.abs(answered["predicted"][:, 0] - own).max()), 0
    decided = model.named(own)["predicted"].to_numpy(zero_copy_only=False)
    others = int((answered["predicted"][:, 0] != decided).sum())
    return float(np.abs(answered["probabilities"] - own).max()), others


if __name__ == "__main__":
    sys.exit(main())
