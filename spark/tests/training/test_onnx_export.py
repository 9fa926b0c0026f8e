"""The export to ONNX: what it predicts next to the model's own, what it refuses, what it says it lacks."""

import json
import subprocess
import sys
from functools import cache

import numpy as np
import onnx
import pyarrow as pa
import pytest
from trained import METRICS, houses

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training.exports import graph, main
from sevenfold_jobs.training.model_files import write_model
from sevenfold_jobs.training.prepared import Prepared
from sevenfold_jobs.training.profile import profile
from sevenfold_jobs.training.splits import own_order, split_rows, whole
from sevenfold_jobs.training_fit.fitting import import_for
from sevenfold_jobs.training_refit.main import _fit

ROWS = 900
# Sums of trees are float32 in ONNX.
NEAR = 2e-6
CLASSIFIERS = ["baseline", "linear", "naive_bayes", "tree", "mlp", "random_forest", "lightgbm", "xgboost"]
REGRESSIONS = ["baseline", "linear", "glm", "tree", "mlp", "random_forest", "lightgbm", "xgboost"]
CASES = [
    *((target, label) for target in ("dear", "kind") for label in [*CLASSIFIERS, "lightgbm + linear"]),
    *(("price", label) for label in [*REGRESSIONS, "xgboost + linear"]),
]


@cache
def prepared(target):
    """Houses, with a category of 150 levels, which is counted, and one of 40, some rare; gaps in all."""
    generator = np.random.default_rng(1)
    streets = [f"street {number}" for number in generator.integers(0, 150, ROWS)]
    towns = [f"town {number}" for number in generator.integers(0, 40, ROWS) ** 2 // 40]
    streets[5] = towns[9] = None
    table = houses(ROWS).append_column("street", pa.array(streets)).append_column("town", pa.array(towns))
    settings = {
        **{"task": "auto", "target": target, "features": None, "id": None, "date": None, "types": {}},
        **{"exclude": [each for each in ("price", "dear") if each != target], "positive": None},
    }
    found = profile(table, "houses", settings)
    ids = pa.chunked_array([pa.array(found.rows + 1)])
    data = Prepared(found.features, found.columns, found.target, found.classes, ids, "row")
    order = own_order(data.columns, data.target)
    split, _ = split_rows(data.target, data.classes, None, "auto", None, 42, order=order)
    return found.task, data, split


def refitted(task, data, split, label, folder):
    members = label.split(" + ")
    import_for(members)
    chosen = [{"model": each, "params": {}, "weight": round(1 / len(members), 1)} for each in members]
    if task == "clustering":
        chosen[0]["params"] = {"clusters": 2}
    request = {
        **{
            "task": task,
            "maxFeatures": None,
            "seed": 42,
            "name": "houses",
            "dataVersion": "",
            "sourceSha256": "",
        },
        **{"metric": METRICS[task], "selection": {"members": chosen, "threshold": 0.4}},
    }
    model = _fit(request, data, split)
    for name, content in write_model(model).items():
        (folder / name).write_bytes(content)
    return model


@pytest.mark.parametrize(("target", "label"), CASES, ids=[" by ".join(case[::-1]) for case in CASES])
def test_an_export_predicts_what_the_model_does(tmp_path, target, label):
    model = refitted(*prepared(target), label, tmp_path)
    output = tmp_path / "model.onnx"
    request = {"modelId": "1234", "root": str(tmp_path), "output": str(output)}
    said = main.export(request)
    spread = 1.0 if model.classes else float(np.abs(model.predict(main.drawn(model))).max())
    assert said["difference"] <= NEAR * spread
    assert said["decisions"] == 0
    assert said["rows"] == main.ROWS
    assert said["inputs"] == [feature.name for feature in model.features]
    properties = {each.key: each.value for each in onnx.load(output).metadata_props}
    assert properties["model"] == "1234"
    assert properties["difference"].startswith(f"{said['difference']:.3g} at most")
    content = output.read_bytes()
    main.export(request)
    assert output.read_bytes() == content


def test_a_difference_is_found(tmp_path):
    model = refitted(*prepared("dear"), "linear", tmp_path)
    content = main.as_onnx(model, {})
    other = refitted(*prepared("dear"), "baseline", tmp_path)
    difference, decisions = main.compared(content, other, main.drawn(model))
    assert difference > 0.1
    assert decisions > 0


def test_what_cannot_be_exported_is_refused_in_a_line(tmp_path):
    with pytest.raises(InvalidInput, match=r"The folder of .*nowhere/model.onnx is not there: make it"):
        main.export({"modelId": "m", "root": "r", "output": str(tmp_path / "nowhere" / "model.onnx")})
    with pytest.raises(
        InvalidInput, match="needs the Python package no_such_package, which is not installed"
    ):
        graph.library("no_such_package", "The export")
    _, data, _ = prepared("dear")
    refitted("clustering", data, whole(ROWS)[0], "kmeans", tmp_path)
    with pytest.raises(InvalidInput, match="There is no ONNX form of clusters"):
        main.export({"modelId": "m", "root": str(tmp_path), "output": str(tmp_path / "model.onnx")})


def test_a_missing_library_is_said_in_one_line_by_the_command_s_module(tmp_path):
    refitted(*prepared("dear"), "linear", tmp_path)
    hidden = (
        "import sys; sys.modules['onnx'] = None\n"
        "from sevenfold_jobs.training.exports.main import main\n"
        "main()"
    )
    request = {"modelId": "m", "root": str(tmp_path), "output": str(tmp_path / "m.onnx")}
    ran = subprocess.run(
        [sys.executable, "-c", hidden], input=json.dumps(request), capture_output=True, text=True, check=False
    )
    answer = json.loads(ran.stdout)
    assert answer["errorType"] == "InvalidInput"
    assert "needs the Python package onnx, which is not installed here: install it with" in answer["message"]
    assert not (tmp_path / "m.onnx").exists()
