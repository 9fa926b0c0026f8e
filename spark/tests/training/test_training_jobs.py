"""The jobs of a training one after the other, in a real database: numbers, classes, later files, dates, few
columns.
"""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from trained import Training, houses

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training import size


@pytest.fixture
def training(database_url, make_batch, tmp_path):
    return Training(database_url, make_batch, tmp_path)


def evaluations(training):
    found = training.ask(
        "select part, candidate, rows, figures, intervals, predictions from training_evaluations where "
        "run_id = %s",
        training.run_id,
    )
    return {(part, candidate): rest for part, candidate, *rest in found}


def test_a_number_is_predicted_and_figures_are_those_of_the_written_predictions(training):
    training.prepare(houses(), "price", later=[houses(60, seed=9)], exclude=["dear", "sold"])
    assert training.task == "regression"
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 3})
    training.decide()
    found = evaluations(training)
    assert sorted(found) == [(p, c) for p in ("oot 1", "test") for c in ("baseline", "winner")]
    for rows, figures, intervals, predictions in found.values():
        table = pq.read_table(predictions)
        actual, predicted = table["actual"].to_numpy(), table["predicted"].to_numpy()
        assert len(table) == rows
        assert np.sqrt(((actual - predicted) ** 2).mean()) == pytest.approx(figures["rmse"], abs=1e-9)
        assert np.abs(actual - predicted).mean() == pytest.approx(figures["mae"], abs=1e-9)
        assert intervals["rmse"][0] <= figures["rmse"] <= intervals["rmse"][1]
    assert found["test", "winner"][1]["rmse"] < 0.5 * found["test", "baseline"][1]["rmse"]
    assert found["oot 1", "winner"][1]["rmse"] < 0.5 * found["oot 1", "baseline"][1]["rmse"]
    [(first,)] = training.ask(
        "select feature from training_importances where run_id = %s order by permutation desc limit 1",
        training.run_id,
    )
    assert first == "size"


def test_the_same_parameters_are_fitted_once_and_another_run_comes_to_the_same_model(training):
    table = houses()
    training.prepare(table, "dear", exclude=["price", "sold"])
    first = training.fit({"baseline": 1, "linear": 1, "lightgbm": 2})
    assert first["fitted"] == 4 * 5
    assert first["failed"] == []
    model = training.decide()
    training.run_id = ""
    training.do(
        "training_split",
        "split",
        {
            "dataVersion": training.data_version,
            "objectRoot": training.root,
            "settings": training.settings,
        },
    )
    again = training.fit({"baseline": 1, "linear": 1, "lightgbm": 2}, processes=1)
    assert (again["fitted"], again["takenOver"]) == (0, 4 * 5)
    assert training.decide() == model


def test_by_time_the_newest_rows_test_and_those_before_them_validate(training):
    _, split = training.prepare(houses(), "price", validation="time", date="sold", exclude=["dear"])
    assert {each["part"]: each["rows"] for each in split["parts"]} == {
        "train": 192,
        "validation 1": 48,
        "test": 48,
    }
    part = np.load(f"{training.root}/data/part.npy")
    fold = np.load(f"{training.root}/data/fold.npy")
    # The rows of the file are in order of their dates.
    assert np.flatnonzero(part == 1).tolist() == list(range(192, 240))
    assert np.flatnonzero(fold == 1).tolist() == list(range(144, 192))


def test_of_many_columns_the_strongest_are_chosen_inside_the_fold(training):
    training.prepare(houses(), "price", exclude=["dear", "sold"])
    training.fit({"baseline": 1, "linear": 1}, maxFeatures=1)
    training.decide()
    importances = dict(
        training.ask(
            "select feature, permutation from training_importances where run_id = %s", training.run_id
        )
    )
    assert importances["size"] > 0
    assert importances["noise"] == importances["kind"] == 0


@pytest.mark.parametrize(
    ("later", "message"),
    [
        (lambda table: table.drop_columns(["kind"]), "later1 has no column 'kind'"),
        (lambda table: table.drop_columns(["dear"]), "later1 has no column 'dear', which is the target"),
    ],
)
def test_a_later_file_that_lacks_a_column_is_refused_by_its_name(training, later, message):
    with pytest.raises(InvalidInput, match=message):
        training.prepare(houses(), "dear", later=[later(houses(60))], exclude=["price", "sold"])
    assert training.ask(
        "select count(*) from training_data where data_version = %s", training.data_version
    ) == [(0,)]


def test_an_id_that_is_called_like_what_is_written_keeps_its_values(training):
    table = houses().rename_columns(["sold", "size", "kind", "noise", "price", "predicted"])
    training.prepare(table, "price", id="predicted", exclude=["sold"])
    training.fit({"baseline": 1, "linear": 1})
    training.decide()
    for _, _, _, predictions in evaluations(training).values():
        found = pq.read_table(predictions)
        assert found.column_names == ["predicted (id)", "actual", "predicted"]
        assert set(found["predicted (id)"].to_pylist()) == {"yes", "no"}


def test_rows_that_no_fit_could_hold_are_refused_with_the_estimate(training, monkeypatch):
    # 240 rows of 6 columns, 20 bytes a value.
    needed = 240 * 6 * 20
    monkeypatch.setattr(size, "most_bytes", lambda: needed - 1)
    with pytest.raises(InvalidInput, match="houses has 240 rows of 6 columns, for which fits hold about"):
        training.prepare(houses(), "dear")
    stored = "select count(*) from training_data where data_version = %s"
    assert training.ask(stored, training.data_version) == [(0,)]
    training.prepare(houses(), "dear", exclude=["price"])
    monkeypatch.setattr(size, "most_bytes", lambda: needed)
    training.prepare(houses(), "dear")


@pytest.mark.parametrize("classes", [2, 3])
def test_what_is_written_as_csv_and_parquet_gives_the_reported_figures(training, classes):
    from sklearn import metrics

    target = "dear" if classes == 2 else "kind"
    training.prepare(houses(), target, exclude=["sold", "price"])
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 2})
    training.decide()
    out = training.folder / "out"

    def read(name):
        table, text = pq.read_table(out / f"{name}.parquet"), pa.csv.read_csv(out / f"{name}.csv")
        assert table.column_names == text.column_names
        for column in table.column_names:
            if pa.types.is_floating(table[column].type):
                assert text[column].to_pylist() == table[column].to_pylist()
        return table

    def check(table, figures, cut):
        names = sorted(name[2:] for name in table.column_names if name.startswith("p_"))
        actual, predicted = table["actual"].to_pylist(), table["predicted"].to_pylist()
        shares = np.column_stack([table[f"p_{name}"].to_numpy() for name in names])
        same = {"abs": 1e-9}
        assert figures["log_loss"] == pytest.approx(metrics.log_loss(actual, shares, labels=names), **same)
        assert figures["accuracy"] == pytest.approx(metrics.accuracy_score(actual, predicted), **same)
        if len(names) == 2:
            area = metrics.roc_auc_score([each == names[1] for each in actual], shares[:, 1])
            assert predicted == [names[int(share >= cut)] for share in shares[:, 1]]
        else:
            area = metrics.roc_auc_score(actual, shares, multi_class="ovr", labels=names)
        assert figures["auc"] == pytest.approx(area, **same)

    [(board, cut)] = training.ask(
        "select leaderboard, threshold from training_selections where run_id = %s", training.run_id
    )
    for (_, candidate), (_, figures, _, path) in evaluations(training).items():
        assert path == str(out / f"test_{candidate}.parquet")
        check(read(f"test_{candidate}"), figures, cut)
    [chosen] = [each for each in board if each.get("chosen")]
    fitted = read("out_of_fold")
    assert len(fitted) == 240 - len(read("test_winner"))
    assert set(fitted["fold"].to_pylist()) == set(range(1, 6))
    check(fitted, chosen["figures"], cut)
    listed = read("leaderboard")
    assert listed["model"].to_pylist() == [each["label"] for each in board]
    assert listed["log_loss"].to_pylist() == [each["figures"]["log_loss"] for each in board]
    stored = training.ask(
        "select feature, permutation, contribution from training_importances where run_id = %s"
        " order by permutation desc, feature",
        training.run_id,
    )
    importances = read("importances")
    assert importances["column"].to_pylist() == [each[0] for each in stored]
    assert importances["permutation"].to_pylist() == [each[1] for each in stored]
    if stored[0][2] is not None:
        parts = read("contributions")
        for name, _, mean in stored:
            assert np.abs(parts[name].to_numpy()).mean() == pytest.approx(mean, abs=1e-9)
    if classes == 2:
        deciles, tested = read("test_deciles"), read("test_winner")
        assert sum(deciles["rows"].to_pylist()) == len(tested)
        positive = sorted(set(tested["actual"].to_pylist()))[1]
        assert sum(deciles["positives"].to_pylist()) == tested["actual"].to_pylist().count(positive)
