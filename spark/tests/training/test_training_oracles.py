"""What a training must come to whatever is in it: nothing in noise, the same in any order and threads."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from shared_data import SHARED, needs
from trained import Training, houses

from sevenfold_jobs.training import metrics

MODELS = {"baseline": 1, "linear": 1, "lightgbm": 3, "xgboost": 2, "random_forest": 1}


@pytest.fixture
def training(database_url, make_batch, tmp_path):
    return Training(database_url, make_batch, tmp_path)


def another(training, folder):
    """The same database and nothing else in common."""
    folder.mkdir()
    return Training(training.url, training.make_batch, folder)


def out_of_fold(training, model, trial=0):
    """(target, predictions) of validation rows."""
    data = Path(training.root) / "data"
    part, fold, order = (np.load(data / f"{name}.npy") for name in ("part", "fold", "order"))
    target = np.load(data / "y.npy")
    found = training.ask(
        "select fold, predictions from training_fits where run_id = %s and model = %s and trial = %s"
        " order by fold",
        *(training.run_id, model, trial),
    )
    rows = [order[(part[order] == 0) & (fold[order] == number)] for number, _ in found]
    return target[np.concatenate(rows)], np.concatenate([np.load(address) for _, address in found])


def noise(rows, columns, positives, seed):
    generator = np.random.default_rng(seed)
    table = {f"n{number}": generator.normal(size=rows) for number in range(columns)}
    table["y"] = np.where(generator.random(rows) < positives, "yes", "no")
    return pa.table(table)


def error_of_area(y):
    """The standard error of an area of 0.5 (Mann and Whitney)."""
    positives, negatives = int((y == 1).sum()), int((y == 0).sum())
    return np.sqrt((positives + negatives + 1) / (12 * positives * negatives))


def test_a_shuffled_target_is_answered_by_the_baseline(training):
    table = houses(600)
    shuffled = np.random.default_rng(5).permutation(table["dear"].to_numpy(zero_copy_only=False))
    table = table.set_column(table.column_names.index("dear"), "dear", pa.array(shuffled))
    training.prepare(table, "dear", exclude=["price", "sold"])
    training.fit(MODELS)
    training.decide()
    [(label, reason, beats)] = training.ask(
        "select label, reason, beats_baseline from training_selections where run_id = %s", training.run_id
    )
    assert (label, beats) == ("baseline", False)
    assert "no better than the baseline" in reason
    for model in ("linear", "lightgbm", "xgboost", "random_forest"):
        y, predicted = out_of_fold(training, model)
        assert abs(metrics.auc(y, predicted) - 0.5) < 3 * error_of_area(y)


def test_rare_classes_that_are_given_weight_are_not_found_in_noise(training):
    """Three in a hundred are positive, nothing tells which: copies would be in both parts of a fold."""
    table = noise(2_000, 10, 0.03, seed=2)
    training.prepare(table, "y")
    weighed = {"lightgbm": {"is_unbalance": True}, "xgboost": {"scale_pos_weight": 30.0}}
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 2, "xgboost": 2}, params=weighed)
    for model in ("linear", "lightgbm", "xgboost"):
        y, predicted = out_of_fold(training, model)
        # As many rows as there were: none was added, none left out.
        assert len(y) == 1_600
        assert abs(metrics.auc(y, predicted) - 0.5) < 3 * error_of_area(y)
    [(dropped, rows)] = training.ask(
        "select dropped, rows from training_data where data_version = %s", training.data_version
    )
    assert (dropped, rows) == ({}, 2_000)


def test_copies_of_rare_rows_would_be_found_by_what_the_noise_test_looks_at(training):
    """That test can fail: with every positive thirty times the same figure is near 1."""
    table = noise(2_000, 10, 0.03, seed=2)
    positive = np.flatnonzero(table["y"].to_numpy(zero_copy_only=False) == "yes")
    copied = np.concatenate([np.arange(2_000), np.repeat(positive, 30)])
    training.prepare(table.take(pa.array(copied)), "y")
    training.fit({"baseline": 1, "lightgbm": 1})
    y, predicted = out_of_fold(training, "lightgbm")
    assert metrics.auc(y, predicted) > 0.95


def test_of_two_thousand_columns_of_noise_those_chosen_inside_the_fold_find_nothing(training):
    training.prepare(noise(400, 2_000, 0.5, seed=0), "y")
    training.fit({"baseline": 1, "linear": 1}, maxFeatures=50)
    y, predicted = out_of_fold(training, "linear")
    assert abs(metrics.auc(y, predicted) - 0.5) < 3 * error_of_area(y)


@pytest.mark.parametrize(
    ("target", "more"), [("dear", {}), ("price", {}), ("dear", {"date": "sold", "validation": "time"})]
)
def test_the_order_of_the_rows_changes_neither_model_nor_figures(training, tmp_path, target, more):
    table = houses(300)
    keys = pa.array([f"house {number}" for number in range(300)])
    table = table.append_column("key", keys)
    left = {
        "id": "key",
        "exclude": ["price" if target == "dear" else "dear", *([] if more else ["sold"])],
        **more,
    }
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(300)))
    found = []
    for number, each in enumerate((table, shuffled)):
        here = another(training, tmp_path / str(number))
        here.prepare(each, target, **left)
        here.fit({"baseline": 1, "linear": 1, "lightgbm": 2, "xgboost": 1, "random_forest": 1})
        here.decide()
        found.append(left_by(here))
    assert found[0] == found[1]


def left_by(training):
    """All that a training comes to, but for what names its file."""
    [(label, members, board, reason)] = training.ask(
        "select label, members, leaderboard, reason from training_selections where run_id = %s",
        training.run_id,
    )
    fits = training.ask(
        "select model, trial, fold, params, value, figures from training_fits where run_id = %s"
        " order by model, trial, fold",
        training.run_id,
    )
    figures = training.ask(
        "select part, candidate, figures, intervals from training_evaluations where run_id = %s"
        " order by part, candidate",
        training.run_id,
    )
    importances = training.ask(
        "select feature, permutation, contribution from training_importances where run_id = %s"
        " order by feature",
        training.run_id,
    )
    [(root,)] = training.ask(
        "select root from models join training_refits using (model_id) where run_id = %s", training.run_id
    )
    files = {path.name: path.read_bytes() for path in Path(root).iterdir()}
    about = json.loads(files.pop("model.json"))
    for name in ("dataVersion", "sourceSha256"):
        about["about"].pop(name)
    tested = pq.read_table(training.folder / "out" / "test_winner.parquet")
    tested = tested.sort_by(tested.column_names[0]).to_pylist()
    return label, members, board, reason, fits, figures, importances, about, files, tested


def test_threads_and_the_order_in_which_fits_end_change_nothing(training, tmp_path):
    found = []
    for number, processes in enumerate((1, 3)):
        here = another(training, tmp_path / str(number))
        here.data_version = training.data_version
        here.prepare(houses(), "dear", exclude=["price", "sold"])
        here.ask("delete from training_fits")
        here.fit(MODELS, processes=processes)
        ended = here.ask(
            "select model, trial, fold from training_fits where run_id = %s order by fitted_at", here.run_id
        )
        found.append((here.decide(), left_by(here)))
        if processes == 1:
            alone = ended
    assert sorted(alone) == sorted(ended)
    assert found[0] == found[1]


def test_a_column_by_any_name_is_trained_on_and_applied(training, tmp_path):
    hostile = [
        'a,"b[c]:{',
        "c0",
        "row",
        "predicted",
        "p_yes",
        "Ünï çödé",
        "x = 1",
        "x\ty",
        "'; drop table runs; --",
    ]
    generator = np.random.default_rng(3)
    numbers = {name: generator.normal(size=200) for name in hostile}
    numbers["kind]"] = generator.choice(["{", '"', ","], 200)
    said = numbers[hostile[0]] + (numbers["kind]"] == "{") + generator.normal(size=200) * 0.3
    table = pa.table({**numbers, "y": np.where(said > 0.3, "yes", "no")})
    training.prepare(table, "y")
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 1, "xgboost": 1, "random_forest": 1, "tree": 1})
    training.decide()
    [(first,)] = training.ask(
        "select feature from training_importances where run_id = %s order by permutation desc limit 1",
        training.run_id,
    )
    assert first == hostile[0]
    [(features,)] = training.ask(
        "select features from training_data where data_version = %s", training.data_version
    )
    assert {each["from"] for each in features} == {*hostile, "kind]"}


def test_a_number_s_figures_follow_from_what_was_written(training):
    training.prepare(houses(), "price", exclude=["sold", "dear"])
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 2})
    training.decide()
    [(board,)] = training.ask(
        "select leaderboard from training_selections where run_id = %s", training.run_id
    )
    [chosen] = [each for each in board if each.get("chosen")]
    evaluated = training.ask(
        "select candidate, figures from training_evaluations where run_id = %s and part = 'test'",
        training.run_id,
    )
    out = training.folder / "out"
    for name, figures in [
        ("out_of_fold", chosen["figures"]),
        *((f"test_{each}", of) for each, of in evaluated),
    ]:
        for table in (pq.read_table(out / f"{name}.parquet"), pa.csv.read_csv(out / f"{name}.csv")):
            actual, predicted = table["actual"].to_numpy(), table["predicted"].to_numpy()
            error = actual - predicted
            same = {"rel": 1e-9, "abs": 1e-9}
            assert figures["rmse"] == pytest.approx(np.sqrt((error**2).mean()), **same)
            assert figures["mae"] == pytest.approx(np.abs(error).mean(), **same)
            assert figures["median_absolute_error"] == pytest.approx(np.median(np.abs(error)), **same)
            spread = ((actual - actual.mean()) ** 2).sum()
            assert figures["r2"] == pytest.approx(1 - (error**2).sum() / spread, **same)


@needs("cv/bank.csv")
def test_what_is_known_only_afterwards_is_named(training):
    bank = SHARED / "cv/bank.csv"
    digest = hashlib.sha256(bank.read_bytes()).hexdigest()
    training.file = lambda *_: {"name": "bank", "source": str(bank), "sha256": digest}
    profiled, _ = training.prepare(None, "deposit")
    named = [warning for warning in profiled["warnings"] if "nearly tells the target by itself" in warning]
    assert len(named) == 1
    assert named[0].startswith("Column duration ")
