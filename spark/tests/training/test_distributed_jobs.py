"""The jobs of a training whose rows are shared by Spark's tasks, held against those of one process."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trained import Training

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.model_files import read_stored
from sevenfold_jobs.training.models import linear, load
from sevenfold_jobs.training.prepared import read_prepared, read_split

ROWS, TASKS = 6_000, 2


def visits(rows: int = ROWS, seed: int = 8) -> pa.Table:
    """Whether a visitor buys, and for how much, by numbers with gaps and by names."""
    draws = np.random.default_rng(seed)
    age, hour = draws.normal(40, 12, rows).round(2), draws.integers(0, 24, rows)
    channel = draws.choice(["shop", "web", "phone"], rows, p=[0.5, 0.4, 0.1])
    town = draws.integers(0, 150, rows)
    score = (age - 40) / 12 + (channel == "web") - 0.8 * (hour > 18) + 0.3 * np.sin(town)
    buys = draws.random(rows) < 1 / (1 + np.exp(-1.5 * score))
    spent = 20 + 5 * score + draws.normal(size=rows)
    age[draws.random(rows) < 0.08] = np.nan
    return pa.table(
        {
            "age": pa.array(age, from_pandas=True),
            "hour": hour,
            "channel": channel,
            "town": [f"town {each}" for each in town],
            "luck": draws.normal(size=rows),
            "spent": spent,
            "buys": np.where(buys, "yes", "no"),
        }
    )


@pytest.fixture
def training(database_url, make_batch, tmp_path, spark):
    return Training(database_url, make_batch, tmp_path, tasks=TASKS)


def figures_of(training, candidate="winner"):
    [(figures,)] = training.ask(
        "select figures from training_evaluations where run_id = %s and part = 'test' and candidate = %s",
        *(training.run_id, candidate),
    )
    return figures


def test_a_class_is_predicted_and_the_model_scores_like_any(database_url, make_batch, tmp_path, spark):
    # Several tasks on one host may change places: one gives the same bytes each time.
    training = Training(database_url, make_batch, tmp_path, tasks=1)
    profiled, split = training.prepare(visits(), "buys", exclude=["spent"])
    assert profiled["features"] == 5
    assert split["by"] == "content"
    assert training.fit({"baseline": 1, "linear": 1, "lightgbm": 2})["failed"] == []
    model_id = training.decide()
    figures = figures_of(training)
    assert figures["auc"] > figures_of(training, "baseline")["auc"] + 0.2
    # Another run of the same request comes to the same bytes, and makes no fit twice.
    training.run_id = ""
    training.do(
        "training_split",
        "split",
        {"dataVersion": training.data_version, "objectRoot": training.root, "settings": training.settings},
    )
    again = training.fit({"baseline": 1, "linear": 1, "lightgbm": 2})
    assert (again["fitted"], again["takenOver"]) == (0, 4)
    assert training.decide() == model_id
    # Its files are read by what reads those of any training.
    model = read_stored(f"{tmp_path}/models/{model_id}")
    data = read_prepared(tmp_path / "objects" / training.data_version / "data")
    assert model.about["tasks"] == 1
    assert model.predict(data.columns).shape == (ROWS, 2)


def test_models_of_tasks_are_those_of_one_process(training):
    """On the same rows: the encoder to the last bit, the models by what they predict."""
    from sevenfold_jobs.training.distributed import models
    from sevenfold_jobs.training.distributed.rows import Rows
    from sevenfold_jobs.training.distributed.tasks import Tasks
    from sevenfold_jobs.training.metrics import auc

    training.prepare(visits(), "buys", exclude=["spent"])
    folder = training.folder / "objects" / training.data_version / "data"
    data, split = read_prepared(folder), read_split(folder)
    train, validation = split.train(1), split.validation(1)
    rows = Rows(Tasks(training.make_batch("training_fit", {})), folder, 1)
    for name in ("linear", "lightgbm"):
        fitted, encoder = models.fit(rows, name, "classification", {}, 42, 1)
        alone = Encoder.fit(data.columns, train, load(name).encoding)
        assert encoder.as_json() == alone.as_json()
        X = alone.transform(data.columns, train)
        native = load(name).fit(X, data.target[train], "classification", 2, {}, 42, alone.categorical)
        judged = alone.transform(data.columns, validation)
        ours, theirs = fitted.predict(judged), native.predict(judged)
        assert auc(data.target[validation], ours) == pytest.approx(
            auc(data.target[validation], theirs), abs=0.002
        )
        assert np.abs(ours - theirs).max() < 2e-3, name
        assert np.array_equal(load(name).read(fitted.parts()).predict(judged), ours)


def test_a_feature_of_many_levels_is_split_by_tasks_together(training):
    """More than 56 levels ended both tasks: their room for a split was too small (LightGBM issue 6491)."""
    from sevenfold_jobs.training.distributed import models
    from sevenfold_jobs.training.distributed.rows import Rows
    from sevenfold_jobs.training.distributed.tasks import Tasks
    from sevenfold_jobs.training.metrics import auc

    table, draws = visits(), np.random.default_rng(9)
    buys = np.array(table["buys"].to_pylist()) == "yes"
    code = np.where(buys, draws.integers(0, 60, ROWS), draws.integers(30, 90, ROWS))
    names = draws.permutation(90)
    training.prepare(
        table.append_column("street", pa.array([f"street {names[each]}" for each in code])),
        "buys",
        exclude=["spent"],
    )
    folder = training.folder / "objects" / training.data_version / "data"
    data, split = read_prepared(folder), read_split(folder)
    rows = Rows(Tasks(training.make_batch("training_fit", {})), folder, TASKS)
    fitted, encoder = models.fit(rows, "lightgbm", "classification", {}, 42, 1)
    assert len(encoder.inputs[encoder.categorical[-1]]["levels"]) == 90
    train, validation = split.train(1), split.validation(1)
    X = encoder.transform(data.columns, train)
    native = load("lightgbm").fit(X, data.target[train], "classification", 2, {}, 42, encoder.categorical)
    judged = encoder.transform(data.columns, validation)
    ours, theirs = (auc(data.target[validation], each.predict(judged)) for each in (fitted, native))
    assert ours > 0.85
    assert ours == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize("mixed", [0.0, 0.5])
def test_a_number_is_predicted_by_the_same_linear_model(training, mixed):
    from sevenfold_jobs.training.distributed import models
    from sevenfold_jobs.training.distributed.rows import ALL, Rows
    from sevenfold_jobs.training.distributed.tasks import Tasks

    training.prepare(visits(), "spent", exclude=["buys"])
    folder = training.folder / "objects" / training.data_version / "data"
    data, split = read_prepared(folder), read_split(folder)
    rows = Rows(Tasks(training.make_batch("training_fit", {})), folder, TASKS)
    params = {"penalty": 0.01, "l1_ratio": mixed}
    fitted, encoder = models.fit(rows, "linear", "regression", params, 42, ALL)
    X = encoder.transform(data.columns, split.all_train)
    native = linear.fit(X, data.target[split.all_train], "regression", 0, params, 42, [])
    assert fitted.coefficients == pytest.approx(native.coefficients, abs=2e-3)
    assert fitted.intercepts == pytest.approx(native.intercepts, abs=2e-3)


def test_more_tasks_than_cores_are_refused_before_they_wait_for_each_other(training):
    training.prepare(visits(600), "spent", exclude=["buys"])
    with pytest.raises(InvalidInput, match=r"64 tasks need 64 cores of Spark at a time, and there are"):
        training.fit({"baseline": 1}, tasks=64)


def test_three_classes_and_a_number_go_all_the_way(training):
    training.prepare(visits(3_000), "channel", exclude=["spent"])
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 1})
    training.decide()
    assert figures_of(training)["log_loss"] < 1.1
    files = list((training.folder / "models").glob("*/model.json"))
    assert json.loads(files[0].read_bytes())["classes"] == ["phone", "shop", "web"]
    written = pq.read_table(training.folder / "out" / "test_winner.parquet")
    assert {"actual", "predicted", "p_web"} <= set(written.column_names)
