"""A training in MLflow: what a file store holds, a repeat, and what is said where it cannot be sent."""

import sys

import pytest
from trained import Training, houses

from sevenfold_jobs.common.failures import InvalidInput, JobError
from sevenfold_jobs.training import tracking


@pytest.fixture
def training(database_url, make_batch, tmp_path, monkeypatch):
    made = Training(database_url, make_batch, tmp_path)
    made.prepare(houses(), "dear", later=[houses(60, seed=9)], exclude=["price", "sold"])
    made.fit({"baseline": 1, "linear": 1, "lightgbm": 1})
    made.tracking = True
    # MLflow keeps runs in a folder only where somebody says that it shall.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return made


def tracked(training):
    """The one run of MLflow of it."""
    from mlflow import MlflowClient

    client = MlflowClient(store(training))
    [experiment] = [each for each in client.search_experiments() if each.name == "sevenfold/houses"]
    [run] = client.search_runs([experiment.experiment_id])
    return client, run


def test_a_store_has_the_figures_tables_and_files_once(training, monkeypatch):
    monkeypatch.setenv(tracking.ADDRESS, store(training))
    model = training.decide()
    client, run = tracked(training)
    assert run.info.status == "FINISHED"
    assert run.data.tags["sevenfold.model"] == model
    for part, candidate, figures in training.ask(
        "select part, candidate, figures from training_evaluations where run_id = %s", training.run_id
    ):
        for name, value in figures.items():
            assert run.data.metrics[f"{part.replace(' ', '_')}_{candidate}_{name}"] == value
    assert {each.path for each in client.list_artifacts(run.info.run_id)} == {"tables", "model"}
    stored = {each.path for each in client.list_artifacts(run.info.run_id, "tables")}
    assert {"tables/leaderboard.csv", "tables/test_winner.parquet", "tables/importances.csv"} <= stored
    assert "model/model.json" in {each.path for each in client.list_artifacts(run.info.run_id, "model")}
    assert training.decide() == model
    assert tracked(training)[1].info.run_id == run.info.run_id


def test_where_nobody_asks_nothing_is_sent_and_no_library_is_loaded(training, monkeypatch):
    training.tracking = False
    monkeypatch.setenv(tracking.ADDRESS, store(training))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    training.decide()
    assert not (training.folder / "mlflow").exists()


def test_an_address_that_the_job_does_not_have_is_said(training, monkeypatch):
    monkeypatch.delenv(tracking.ADDRESS, raising=False)
    with pytest.raises(InvalidInput, match="is set for the worker and not where its batches are started"):
        training.decide()


def test_a_missing_library_is_said_in_a_line_and_nothing_is_explained(training, monkeypatch):
    monkeypatch.setenv(tracking.ADDRESS, store(training))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InvalidInput, match=r"MLFLOW_TRACKING_URI is set, .* needs the Python package mlflow"):
        training.decide()
    counted = "select count(*) from training_importances where run_id = %s"
    assert training.ask(counted, training.run_id) == [(0,)]


def test_a_place_that_takes_nothing_is_said_without_its_password(training, monkeypatch):
    monkeypatch.setenv(tracking.ADDRESS, "nowhere://someone:hush@127.0.0.1")
    with pytest.raises(JobError, match="MLFLOW_TRACKING_URI is set, and the training was not taken") as said:
        training.decide()
    assert "hush" not in str(said.value)


def store(training):
    return f"file:{training.folder}/mlflow"
