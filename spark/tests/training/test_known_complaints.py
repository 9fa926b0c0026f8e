"""What users of other tools for training complain about, one test each: here it is otherwise."""

import hashlib
import io
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from trained import Training, houses

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training import metrics
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.features import read_features
from sevenfold_jobs.training.model_files import read_stored
from sevenfold_jobs.training.prepared import read_prepared, read_split
from sevenfold_jobs.training.trials import Trial, suggest

LEFT = ["price", "sold"]


@pytest.fixture
def training(database_url, make_batch, tmp_path):
    return Training(database_url, make_batch, tmp_path)


def trained(training, table=None, target="dear", models=("baseline", "linear", "lightgbm"), **given):
    training.prepare(houses() if table is None else table, target, **{"exclude": LEFT, **given})
    training.fit(dict.fromkeys(models, 1))
    return training.decide()


def stored(training, model):
    return read_stored(f"{training.folder}/models/{model}")


def test_a_budget_is_trials_and_not_hours(training):
    training.prepare(houses(), "dear", exclude=LEFT)
    first = training.fit({"baseline": 1, "lightgbm": 2})
    assert first["fitted"] == 3 * 5
    more = training.fit({"baseline": 1, "lightgbm": 4})
    # What there was stays, and no trial is added or left out for the time that it takes.
    assert more["fitted"] + more["takenOver"] == 5 * 5
    counted = training.ask(
        "select model, count(*) from training_fits where run_id = %s group by model order by model",
        training.run_id,
    )
    assert counted == [("baseline", 5), ("lightgbm", 4 * 5)]


def test_trials_do_not_hang_on_how_fast_they_were(training):
    slow = [Trial(number, {"trees": 40 + number}, 0.5 - number / 100) for number in range(12)]
    asked = [
        suggest("lightgbm", "classification", 1, 12, 2, given, {}) for given in (slow, slow[::-1], slow[:11])
    ]
    assert asked[0] == asked[1] == asked[2]


def test_nothing_is_learnt_from_rows_that_validate(training):
    table = houses()
    training.prepare(table, "dear", exclude=LEFT)
    data, split = (read(Path(training.root) / "data") for read in (read_prepared, read_split))
    train = split.train(1)
    sizes = data.columns.numbers["size"][train]
    [learnt] = [each for each in Encoder.fit(data.columns, train, "linear").inputs if each["name"] == "size"]
    assert learnt["median"] == np.median(sizes[~np.isnan(sizes)])
    changed = {**data.columns.numbers, "size": data.columns.numbers["size"].copy()}
    changed["size"][split.validation(1)] = 1e6
    again = Encoder.fit(
        type(data.columns)(data.columns.rows, changed, data.columns.categories), train, "linear"
    )
    assert learnt in again.inputs


def test_levels_are_never_replaced_by_the_target_s_mean(training):
    """A level a few rows tells each its own target: encoded by it, noise would be known nearly for sure."""
    generator = np.random.default_rng(4)
    levels = [f"level {number}" for number in generator.integers(0, 300, 900)]
    target = np.where(generator.random(900) < 0.5, "yes", "no")
    table = pa.table({"level": levels, "n": generator.normal(size=900), "y": target})
    training.prepare(table, "y")
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 1, "xgboost": 1})
    figures = training.ask(
        "select model, avg((figures ->> 'auc')::float8) from training_fits where run_id = %s group by model",
        training.run_id,
    )
    assert {model for model, area in figures if abs(area - 0.5) > 0.06} == set()


def test_a_row_without_target_is_no_class_and_is_counted(training):
    table = houses()
    values = table["dear"].to_pylist()
    values[3] = values[7] = None
    table = table.set_column(table.column_names.index("dear"), "dear", pa.array(values))
    training.prepare(table, "dear", exclude=LEFT)
    [(classes, dropped, rows, columns)] = training.ask(
        "select classes, dropped, rows, columns from training_data where data_version = %s",
        training.data_version,
    )
    assert [each["name"] for each in classes] == ["no", "yes"]
    assert (dropped, rows) == ({"no target": 2}, 238)
    # No column vanishes without a word.
    assert {each["name"]: each["verdict"] for each in columns} == {
        **{"sold": "left out", "size": "used", "kind": "used", "noise": "used", "price": "left out"},
        "dear": "target",
    }
    assert all(each["reason"] for each in columns if each["verdict"] == "left out")


def test_classes_that_are_too_rare_are_refused_and_not_dropped(training):
    kinds = houses()["kind"].to_pylist()
    kinds[0], kinds[1] = "castle", "tent"
    table = houses().drop_columns(["kind"]).append_column("kind", pa.array(kinds))
    with pytest.raises(InvalidInput, match=r"Class 'castle' \(1\), 'tent' \(1\) of 'kind' has too few rows"):
        training.prepare(table, "kind")


def test_why_numbers_are_classes_is_said_and_can_be_said_otherwise(training, tmp_path):
    stars = pa.array(np.random.default_rng(1).integers(1, 6, 240))
    table = houses().append_column("stars", stars)
    training.prepare(table, "stars")
    [(task, reason)] = training.ask(
        "select task, task_reason from training_data where data_version = %s", training.data_version
    )
    assert task == "classification"
    assert "5 distinct whole numbers, which count as classes" in reason
    assert "for a quantity ask for task regression" in reason
    other = Training(training.url, training.make_batch, tmp_path)
    other.prepare(table, "stars", task="regression")
    assert other.task == "regression"


def test_a_level_that_training_had_not_seen_is_counted_and_no_error(training):
    model = stored(training, trained(training))
    table = houses(20).set_column(2, "kind", pa.array(["tent", *["flat"] * 19]))
    columns = read_features(table, model.features, "new")
    assert model.unseen(columns) == {"kind": 1}
    assert np.isfinite(model.predict(columns)).all()


def test_names_that_libraries_refuse_stay_outside_of_them(training):
    name = 'a,"b[c]:{}'
    table = houses().rename_columns([name if each == "size" else each for each in houses().column_names])
    training.prepare(table, "dear", exclude=LEFT)
    assert training.fit({"baseline": 1, "lightgbm": 1, "xgboost": 1})["refused"] == 0
    model = training.refit("lightgbm", [{"model": "lightgbm", "trial": 0, "params": {}, "weight": 1.0}])
    text = (training.folder / "models" / model / "1-model.txt").read_text()
    assert "feature_names=c0 c1 c2\n" in text
    assert name in [each.name for each in stored(training, model).features]


def test_what_was_trained_predicts_from_its_files_alone(training, tmp_path):
    model = trained(training)
    [(stated,)] = training.ask(
        "select predictions_sha256 from training_refits where run_id = %s", training.run_id
    )
    data, split = (read(Path(training.root) / "data") for read in (read_prepared, read_split))
    predicted = stored(training, model).predict(data.columns.take(split.test))
    assert hashlib.sha256(np.ascontiguousarray(predicted).tobytes()).hexdigest() == stated


def test_no_file_of_a_model_is_a_pickle(training):
    training.prepare(houses(), "dear", exclude=LEFT)
    training.fit({"baseline": 1})
    every = ["linear", "tree", "random_forest", "lightgbm", "xgboost", "naive_bayes", "mlp"]
    share = [{"model": each, "trial": 0, "params": {}, "weight": 1 / len(every)} for each in every]
    model = training.refit("all", share)
    for path in (training.folder / "models" / model).iterdir():
        content = path.read_bytes()
        assert path.suffix in (".json", ".txt", ".ubj", ".npz")
        # Every protocol since the second begins with this, every array of objects says so.
        assert not re.match(rb"\x80[\x02-\x05]", content)
        if path.suffix == ".npz":
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                assert all(arrays[name].dtype != object for name in arrays.files)


def test_what_ended_before_a_kill_is_not_fitted_again(training):
    training.prepare(houses(), "dear", exclude=LEFT)
    training.fit({"baseline": 1, "lightgbm": 3})
    before = training.ask(
        "select model, trial, fold, value from training_fits where run_id = %s order by 1, 2, 3",
        training.run_id,
    )
    training.ask(
        "delete from training_fits where run_id = %s and model = 'lightgbm' and trial = 2", training.run_id
    )
    again = training.fit({"baseline": 1, "lightgbm": 3})
    assert again["fitted"] == 5
    assert again["takenOver"] == 3 * 5
    after = training.ask(
        "select model, trial, fold, value from training_fits where run_id = %s order by 1, 2, 3",
        training.run_id,
    )
    assert after == before


def test_a_model_read_again_predicts_the_same_bits(training):
    training.prepare(houses(), "dear", exclude=LEFT)
    training.fit({"baseline": 1})
    data = read_prepared(Path(training.root) / "data")
    for each in ("linear", "random_forest", "lightgbm", "xgboost", "mlp", "tree", "naive_bayes"):
        chosen = [{"model": each, "trial": 0, "params": {}, "weight": 1.0}]
        predictions = [
            stored(training, training.refit(each, chosen)).predict(data.columns).tobytes() for _ in range(2)
        ]
        assert predictions[0] == predictions[1]


def test_rows_are_in_one_part_each_and_all_of_them(training):
    _, split = training.prepare(houses(), "dear", exclude=LEFT)
    parted = read_split(Path(training.root) / "data")
    test, train = parted.test, parted.all_train
    assert sorted([*test, *train]) == list(range(240))
    validated = [parted.validation(fold) for fold in range(1, split["folds"] + 1)]
    assert sorted(np.concatenate(validated)) == sorted(train)
    for fold, rows in enumerate(validated, 1):
        assert not {*rows} & {*parted.train(fold)}
    assert {each["part"]: each["rows"] for each in split["parts"]}["test"] == len(test) == 48


def test_no_row_is_left_out_or_doubled_for_the_balance_of_classes(training):
    table = houses(400)
    rare = np.where(np.arange(400) % 20 == 0, "yes", "no")
    table = table.set_column(table.column_names.index("dear"), "dear", pa.array(rare))
    training.prepare(table, "dear", exclude=LEFT)
    training.fit({"baseline": 1, "lightgbm": 1})
    trained_on = training.ask(
        "select distinct train_rows + test_rows from training_fits where run_id = %s", training.run_id
    )
    assert trained_on == [(320,)]
    [(mean,)] = training.ask(
        "select avg(value) from training_fits where run_id = %s and model = 'baseline'", training.run_id
    )
    # What the shares of the file cost: of other shares the baseline would have another loss.
    shares = np.full((320, 2), (0.95, 0.05))
    expected = metrics.row_losses("classification", (np.arange(320) % 20 == 0).astype(int), shares).mean()
    assert mean == pytest.approx(expected, abs=0.002)
