"""Job cv_refit: the chosen model on all rows, with files that a repeated request gives again."""

import csv
import hashlib
import json

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from cross_validations import COX, class_table, lightgbm_set, survival_table

from sevenfold_jobs.common.failures import Fenced, InvalidInput, JobError
from sevenfold_jobs.cv.scoring import load_scorer
from sevenfold_jobs.cv_refit.main import run

STRATIFIED = {"ridge": 0.0, "max_iter": 100, "tolerance": 1e-9}


def files_of(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def fitted(cv):
    cv.prepare(survival_table())
    batch, _ = cv.fit({"cox_ph": COX, "cox_stratified": STRATIFIED})
    return batch


def test_survival_gives_model_predictions_and_artifacts(cv, fitted):
    result = run(cv.refit(fitted, "cox_ph"))
    root = cv.folder / "results"
    assert result["rows"] == 300
    assert result["predictions"] == "predictions/survival_predictions_sample_20260102_030405.csv"
    predicted = rows_of(root / result["predictions"])
    assert list(predicted[0]) == [
        *("id", "model_name", "expected_survival", "expected_until", "survival_prob_5", "survival_prob_10")
    ]
    assert [row["id"] for row in predicted] == [str(number) for number in range(1, 301)]
    until = float(predicted[0]["expected_until"])
    assert until == max(survival_table()["time"].to_pylist())
    for row in predicted:
        assert 0 < float(row["expected_survival"]) < until
        assert 1 >= float(row["survival_prob_5"]) >= float(row["survival_prob_10"]) >= 0
    assert set(result["artifacts"]) == {
        "artifacts/ph_flags.csv",
        "artifacts/strata_summary.csv",
        "artifacts/model_metrics.csv",
        "artifacts/model_summary.csv",
        *(
            f"artifacts/{model}/{model}_fold{fold}_{part}"
            for model in ("cox_ph", "cox_stratified")
            for fold in (1, 2, 3)
            for part in ("surv.npy", "risk.npy", "strata.csv")
        ),
    }
    assert {row["column"] for row in rows_of(root / "artifacts/ph_flags.csv")} == {"age", "dose"}
    assert sum(int(row["rows"]) for row in rows_of(root / "artifacts/strata_summary.csv")) == 300
    metrics = rows_of(root / "artifacts/model_metrics.csv")
    assert list(metrics[0])[:5] == ["model", "fold", "cindex", "ibs", "mean_auc"]
    stored = cv.ask(
        "select model, fold, cindex from cv_fits where run_id = %s order by model, fold",
        fitted.fence["runId"],
    )
    assert [(row["model"], int(row["fold"]), float(row["cindex"])) for row in metrics] == stored
    summary = rows_of(root / "artifacts/model_summary.csv")
    assert sorted(row["rank_cindex"] for row in summary) == ["1", "2"]
    survival = np.load(root / "artifacts/cox_ph/cox_ph_fold1_surv.npy")
    assert survival.shape == (100, len(json.loads(fold_json(cv))["grid"]["points"]))
    assert (np.diff(survival, axis=1) <= 0).all()
    [(stored, committed)] = cv.ask(
        "select s.refit, u.committed_attempt from cv_selections s join units u using (run_id)"
        " where run_id = %s and unit = 'refit'",
        fitted.fence["runId"],
    )
    assert (stored["sha256"], stored["rows"], committed) == (result["sha256"], 300, 1)


def fold_json(cv):
    return (cv.folder / "objects" / "cv" / cv.data_version / "fold_1" / "fold.json").read_text()


def test_the_same_request_gives_the_same_bytes(cv, fitted):
    first = run(cv.refit(fitted, "cox_ph"))
    before = files_of(cv.folder / "results")
    assert run(cv.refit(fitted, "cox_ph"))["sha256"] == first["sha256"]
    assert files_of(cv.folder / "results") == before
    run(cv.refit(fitted, "cox_ph", resultRoot=str(cv.folder / "again")))
    assert files_of(cv.folder / "again") == before


@pytest.mark.parametrize("model", ["cox_ph", "cox_stratified"])
def test_a_stored_model_scores_raw_rows_as_the_predictions_say(cv, fitted, model):
    result = run(cv.refit(fitted, model))
    folder = cv.folder / "results" / "models" / f"sample_{model}_20260102_030405"
    scored = load_scorer(str(folder)).score(pq.read_table(cv.folder / "source.parquet"))
    predicted = pyarrow.csv.read_csv(cv.folder / "results" / result["predictions"])
    for name in ("id", "expected_survival", "expected_until", "survival_prob_5", "survival_prob_10"):
        np.testing.assert_allclose(scored[name].to_numpy(), predicted[name].to_numpy(), atol=1e-6)
    lacking = survival_table().drop_columns(["dose"])
    with pytest.raises(InvalidInput, match="needs column 'dose'"):
        load_scorer(str(folder)).score(lacking)


def test_rows_with_unseen_levels_are_scored(cv, fitted):
    run(cv.refit(fitted, "cox_stratified"))
    folder = cv.folder / "results" / "models" / "sample_cox_stratified_20260102_030405"
    source = survival_table(20)
    place = source.column_names.index("group")
    unseen = source.set_column(place, "group", [["never seen"] * 20])
    scored = load_scorer(str(folder)).score(unseen)
    assert np.isfinite(scored["expected_survival"].to_numpy()).all()


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_lightgbm_gives_text_and_predictions(cv, task):
    target = "label" if task == "classification" else "number"
    cv.prepare(
        class_table(),
        task=task,
        target=target,
        exclude=["number" if task == "classification" else "label"],
    )
    batch, _ = cv.fit({"lightgbm": lightgbm_set(task)}, horizons=[])
    result = run(cv.refit(batch, "lightgbm"))
    root = cv.folder / "results"
    predicted = pyarrow.csv.read_csv(root / result["predictions"])
    assert result["predictions"] == f"predictions/{task}_predictions_sample_20260102_030405.csv"
    assert predicted.num_rows == 400
    folder = root / "models" / "sample_lightgbm_20260102_030405"
    scored = load_scorer(str(folder)).score(class_table())
    name = "probability" if task == "classification" else "prediction"
    np.testing.assert_allclose(scored[name].to_numpy(), predicted[name].to_numpy(), atol=1e-6)
    trees = json.loads((folder / "chain.json").read_text())["trees"]
    counted = cv.ask("select best_iteration from cv_fits where run_id = %s", batch.fence["runId"])
    assert trees == sorted(each for (each,) in counted)[1]
    metrics = rows_of(root / "artifacts" / "model_metrics.csv")
    assert len(metrics) == 3
    assert metrics[0]["lambda_l1"] == "0.3"


def test_an_overtaken_attempt_changes_no_selection(cv, fitted):
    batch = cv.refit(fitted, "cox_ph", attempt=2)
    with pytest.raises(Fenced):
        run(batch)
    assert cv.ask("select refit from cv_selections where run_id = %s", fitted.fence["runId"]) == [(None,)]


def test_a_run_without_selection_is_refused(cv, fitted):
    batch = cv.refit(fitted, "cox_ph")
    cv.ask("delete from cv_selections where run_id = %s", fitted.fence["runId"])
    with pytest.raises(InvalidInput, match="has not selected cox_ph"):
        run(batch)


def test_arrays_that_are_gone_are_named(cv, fitted):
    [(arrays,)] = cv.ask(
        "select arrays from cv_fits where run_id = %s and model = 'cox_ph' and fold = 2",
        fitted.fence["runId"],
    )
    (cv.folder.__class__(arrays) / "surv.npy").unlink()
    with pytest.raises(JobError, match="cox_ph on fold 2, is gone: fit it again"):
        run(cv.refit(fitted, "cox_ph"))
