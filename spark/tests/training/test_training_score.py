"""Scoring: the same bytes however the rows are cut, by whatever threads, and from text as from Parquet."""

import hashlib

import pyarrow as pa
import pyarrow.csv
import pytest
from trained import Training, houses

import sevenfold_jobs.training_score.main as training_score
from sevenfold_jobs.training import model_files

ROWS = 1_000


@pytest.fixture
def training(database_url, make_batch, tmp_path):
    training = Training(database_url, make_batch, tmp_path)
    training.prepare(houses(), "dear", exclude=["price", "sold"])
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 2, "random_forest": 1, "xgboost": 1})
    return training


def score(training, model, file, processes, place):
    """By a run of its own, which has scored nothing yet."""
    asked = {
        **{"modelId": model, "modelRoot": f"{training.folder}/models/{model}", "files": [file]},
        **{"outputRoot": str(training.folder / place), "format": "csv", "id": None, "processes": processes},
    }
    batch = training.make_batch("training_score", asked, unit="score")
    batch.input["runId"] = batch.fence["runId"]
    training_score.run(batch)
    [row] = training.ask(
        "select output_sha256, rows, unseen, gaps, drift from scorings where run_id = %s",
        batch.fence["runId"],
    )
    return row


@pytest.mark.parametrize("label", ["lightgbm", "linear", "lightgbm + linear", "random_forest", "xgboost"])
def test_one_chunk_or_a_hundred_give_the_same_bytes(training, monkeypatch, label):
    members = label.split(" + ")
    rows = training.ask(
        "select model, params from training_fits where run_id = %s and trial = 0 and fold = 1",
        training.run_id,
    )
    chosen = [
        {"model": model, "trial": 0, "params": params, "weight": 1 / len(members)}
        for model, params in rows
        if model in members
    ]
    model = training.refit(label, chosen)
    table = houses(ROWS, seed=11)
    # A level and a gap that training had not seen.
    kinds = [*table["kind"].to_pylist()[2:], "tent", None]
    table = table.set_column(table.column_names.index("kind"), "kind", pa.array(kinds))
    parquet = training.file(table, "new")
    path = training.folder / "new.csv"
    pyarrow.csv.write_csv(table, path)
    text = {"name": "new", "source": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    whole = score(training, model, parquet, 1, "whole")
    assert whole[1] == ROWS
    assert whole[2] == {"kind": 1}
    assert whole[3]["kind"] == 1
    monkeypatch.setattr(model_files, "ROWS_AT_A_TIME", ROWS // 100)
    assert score(training, model, parquet, 2, "cut") == whole
    assert score(training, model, text, 2, "text") == whole
