"""Job cv_fit: each fit a process and a transaction of its own, equal in every mode."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from cross_validations import COX, WEIBULL, class_table, lightgbm_set, survival_table

from sevenfold_jobs.common.failures import Fenced, InvalidInput, describe
from sevenfold_jobs.cv_fit import fitting
from sevenfold_jobs.cv_fit.main import run

XGB = {
    "rounds": 20,
    "rate": 0.1,
    "depth": 3,
    "min_child_weight": 5,
    "row_sample": 0.8,
    "column_sample": 0.8,
}
STRATIFIED = {"ridge": 0.0, "max_iter": 100, "tolerance": 1e-9}


def test_fits_are_rows_of_finite_figures(cv):
    cv.prepare(survival_table())
    batch, result = cv.fit({"cox_ph": COX})
    assert (result["fitted"], result["failed"]) == (3, [])
    rows = cv.rows(batch)
    assert [row[:3] for row in rows] == [("cox_ph", fold, "complete") for fold in (1, 2, 3)]
    assert all(0.5 < row[3] < 1 and 0 < row[4] < 0.25 and 0.5 < row[5] < 1 for row in rows)
    assert cv.committed(batch) == [f"cox_ph/fold {fold}" for fold in (1, 2, 3)]
    [row] = cv.ask(
        "select train_rows, test_rows, seconds, cpu_seconds, peak_mb, versions, detail, arrays, attempt,"
        " data_version, run_type, seed, threads from cv_fits where run_id = %s and fold = 1",
        batch.fence["runId"],
    )
    train, test, seconds, cpu, peak, versions, detail, arrays, *known = row
    assert (train, test, known) == (200, 100, [1, cv.data_version, "sample", 42, 1])
    assert 0 < cpu <= seconds + 0.5
    assert 20 < peak < 2000
    assert {"python", "numpy"} <= set(versions)
    assert set(detail["stages"]) == {"load", "fit", "predict", "metrics", "store"}
    assert [each["t"] for each in detail["horizons"]] == [5, 10]
    assert {each["stratum"] for each in detail["strata"]} == {"a", "b", "(missing)"}
    assert np.load(f"{arrays}/surv.npy").shape == (100, len(detail["grid"]))
    assert np.load(f"{arrays}/risk.npy").shape == (100,)
    json.dumps(result)


def test_every_mode_gives_equal_figures(cv, spark):
    cv.prepare(survival_table())
    models = {"cox_ph": COX, "cox_stratified": STRATIFIED, "weibull_aft": WEIBULL, "xgb_cox": XGB}
    rows = {}
    for mode in ("pandas", "mp", "spark"):
        batch, result = cv.fit(models, mode=mode)
        assert (mode, result["fitted"], result["failed"]) == (mode, 12, [])
        rows[mode] = cv.rows(batch)
        assert len(cv.committed(batch)) == 12
    for mode in ("mp", "spark"):
        assert [row[:3] for row in rows[mode]] == [row[:3] for row in rows["pandas"]]
        difference = np.abs(np.array([row[3:] for row in rows[mode]]) - [row[3:] for row in rows["pandas"]])
        assert difference.max() <= 1e-9


def test_lightgbm_is_equal_in_every_mode(cv, spark):
    cv.prepare(class_table(), task="classification", target="label", exclude=["number"])
    figures = {}
    for mode in ("pandas", "mp", "spark"):
        models = {
            "lightgbm@1": lightgbm_set("classification"),
            "lightgbm@2": lightgbm_set("classification", lambda_l1=3.0),
        }
        batch, result = cv.fit(models, mode=mode, horizons=[])
        assert (result["fitted"], result["failed"]) == (6, [])
        figures[mode] = cv.ask(
            "select params_hash, fold, accuracy, precision, recall, f1, auc, log_loss, best_iteration"
            " from cv_fits where run_id = %s order by params_hash, fold",
            batch.fence["runId"],
        )
    assert figures["mp"] == figures["pandas"] == figures["spark"]
    assert all(row[6] > 0.7 for row in figures["pandas"])
    [(detail, arrays)] = cv.ask(
        "select detail, arrays from cv_fits where run_id = %s and fold = 1 order by params_hash limit 1",
        batch.fence["runId"],
    )
    assert set(detail["classification_report"]) == {"no", "yes"}
    stored = pq.read_table(f"{arrays}/result.parquet").to_pylist()[0]
    assert stored["fold_id"] == 1
    assert {"accuracy", "training_time", "lambda_l1", "num_leaves"} <= set(stored)


def test_regression_has_its_own_figures(cv):
    cv.prepare(class_table(), task="regression", target="number", exclude=["label"])
    batch, result = cv.fit({"lightgbm": lightgbm_set("regression")}, horizons=[])
    assert (result["fitted"], result["failed"]) == (3, [])
    rows = cv.ask("select rmse, mae, r2, auc from cv_fits where run_id = %s", batch.fence["runId"])
    assert all(rmse > mae > 0 and 0.3 < r2 < 1 and auc is None for rmse, mae, r2, auc in rows)


def test_a_fit_done_again_replaces_its_row_and_its_arrays(cv):
    cv.prepare(survival_table())
    batch, _ = cv.fit({"cox_ph": COX})
    before = cv.rows(batch)
    assert run(batch)["fitted"] == 3
    assert cv.rows(batch) == before
    assert len(list((Path(cv.object_root) / "fits").iterdir())) == 3


def test_a_fit_that_fails_is_a_row_and_the_others_complete(cv):
    cv.prepare(survival_table())
    batch, result = cv.fit({"cox_ph": COX, "xgb_cox": {**XGB, "dept": 3}}, folds=[1, 2], mode="mp")
    assert result["fitted"] == 2
    assert [(each["units"], each["errorType"]) for each in result["failed"]] == [
        (["xgb_cox/fold 1"], "InvalidInput"),
        (["xgb_cox/fold 2"], "InvalidInput"),
    ]
    assert 'Parameter "dept"' in result["failed"][0]["message"]
    assert [row[:3] for row in cv.rows(batch)] == [
        ("cox_ph", 1, "complete"),
        ("cox_ph", 2, "complete"),
        ("xgb_cox", 1, "failed"),
        ("xgb_cox", 2, "failed"),
    ]
    errors = cv.ask(
        "select error_type, error from cv_fits where run_id = %s and status = 'failed' order by fold",
        batch.fence["runId"],
    )
    assert errors[0] == ("InvalidInput", result["failed"][0]["message"])
    assert errors[0][1].startswith("xgb_cox on fold 1: ")
    assert cv.committed(batch) == ["cox_ph/fold 1", "cox_ph/fold 2"]


@pytest.mark.parametrize("mode", ["pandas", "spark"])
def test_a_row_that_the_database_refuses_fails_that_fit_alone(cv, mode, spark):
    cv.prepare(survival_table())
    cv.ask(
        """
        create or replace function refuse_fold() returns trigger language plpgsql as $$
        begin
          if new.fold = 2 then raise exception 'fold 2 is not wanted'; end if;
          return new;
        end $$
        """
    )
    cv.ask("create trigger refuse before insert on cv_fits for each row execute function refuse_fold()")
    try:
        batch, result = cv.fit({"cox_ph": COX}, mode=mode)
    finally:
        cv.ask("drop trigger refuse on cv_fits")
    assert result["fitted"] == 2
    [failed] = result["failed"]
    assert (failed["units"], failed["errorType"]) == (["cox_ph/fold 2"], "JobFailed")
    assert "fold 2 is not wanted" in failed["message"]
    assert cv.committed(batch) == ["cox_ph/fold 1", "cox_ph/fold 3"]
    assert [row[1] for row in cv.rows(batch)] == [1, 3]


@pytest.mark.parametrize("mode", ["pandas", "mp", "spark"])
def test_a_fit_too_large_for_the_memory_is_refused_with_its_estimate(cv, mode, spark):
    cv.prepare(survival_table())
    batch, result = cv.fit({"cox_ph": COX}, folds=[1], mode=mode, estimate_mb=5200, memoryMb=4000)
    [failed] = result["failed"]
    assert failed["errorType"] == "InvalidInput"
    assert "cox_ph on fold 1 needs about 5,200 MB and may hold 4,000 MB" in failed["message"]
    assert [row[2] for row in cv.rows(batch)] == ["failed"]
    assert cv.committed(batch) == []


def test_fits_wait_for_each_other_where_memory_is_short(cv, monkeypatch):
    cv.prepare(survival_table())
    most = []
    plain = fitting.fit

    def slow(request, fit, folder):
        Path(cv.folder, f"running {fit.fold}").touch()
        time.sleep(0.3)
        count = len(list(cv.folder.glob("running *")))
        result = plain(request, fit, folder)
        Path(cv.folder, f"running {fit.fold}").unlink()
        return {**result, "detail": {"beside": count}}

    monkeypatch.setattr(fitting, "fit", slow)
    for estimate in (1500, 2500):
        batch, result = cv.fit({"cox_ph": COX}, mode="mp", estimate_mb=estimate, memoryMb=4000)
        assert result["failed"] == []
        rows = cv.ask("select detail ->> 'beside' from cv_fits where run_id = %s", batch.fence["runId"])
        most.append(max(int(beside) for (beside,) in rows))
    assert most == [2, 1]


def test_a_fit_that_outgrows_the_memory_is_ended_alone(cv, monkeypatch):
    cv.prepare(survival_table())
    plain = fitting.fit

    def greedy(request, fit, folder):
        if fit.fold == 2:
            held = np.ones(200_000_000)
            time.sleep(20)
            del held
        return plain(request, fit, folder)

    monkeypatch.setattr(fitting, "fit", greedy)
    _, result = cv.fit({"cox_ph": COX}, mode="mp", estimate_mb=100, memoryMb=900)
    [failed] = result["failed"]
    assert (failed["units"], failed["errorType"]) == (["cox_ph/fold 2"], "OutOfMemory")
    assert "of the 900 MB allowed" in failed["message"]
    assert result["fitted"] == 2


@pytest.mark.parametrize("mode", ["pandas", "mp", "spark"])
def test_an_overtaken_attempt_leaves_nothing(cv, mode, spark):
    cv.prepare(survival_table())
    batch = cv.fits({"cox_ph": COX}, mode=mode, attempt=2)
    with pytest.raises(Exception, match="overtaken") as raised:
        run(batch)
    assert describe(raised.value)[0] == "Fenced"
    assert cv.rows(batch) == []


def test_an_overtaken_attempt_leaves_no_row_of_its_failures_either(cv):
    cv.prepare(survival_table())
    batch = cv.fits({"cox_ph": {"ridge": 1.0}}, attempt=2)
    with pytest.raises(Fenced):
        run(batch)
    assert cv.rows(batch) == []


def test_a_spark_task_that_is_run_again_does_no_fit_twice(cv, spark):
    cv.prepare(survival_table())
    batch, _ = cv.fit({"cox_ph": COX}, mode="spark")
    stamps = cv.ask("select fold, fitted_at from cv_fits where run_id = %s order by 1", batch.fence["runId"])
    run(batch)
    assert (
        cv.ask("select fold, fitted_at from cv_fits where run_id = %s order by 1", batch.fence["runId"])
        == stamps
    )


def test_folds_that_are_gone_are_named(cv):
    cv.prepare(survival_table())
    Path(cv.object_root, "fold_2", "X_train.npy").unlink()
    _, result = cv.fit({"cox_ph": COX})
    [failed] = result["failed"]
    assert failed["units"] == ["cox_ph/fold 2"]
    assert "X_train.npy is gone: prepare the data again" in failed["message"]


@pytest.mark.parametrize("mode", ["pandas", "spark"])
def test_a_fold_that_is_gone_whole_fails_its_fits_alone(cv, mode, spark):
    cv.prepare(survival_table())
    shutil.rmtree(Path(cv.object_root, "fold_2"))
    batch, result = cv.fit({"cox_ph": COX}, mode=mode)
    [failed] = result["failed"]
    assert failed["message"].startswith("cox_ph on fold 2: ")
    assert failed["message"].endswith("fold_2 is gone: prepare the data again.")
    assert cv.committed(batch) == ["cox_ph/fold 1", "cox_ph/fold 3"]


def test_a_damaged_fold_is_named(cv):
    cv.prepare(survival_table())
    path = Path(cv.object_root, "fold_1", "X_test.npy")
    path.write_bytes(path.read_bytes()[:100])
    _, result = cv.fit({"cox_ph": COX}, folds=[1])
    assert "X_test.npy is damaged" in result["failed"][0]["message"]


@pytest.mark.parametrize(
    ("models", "given", "message"),
    [
        ({"cox_phh": COX}, {}, "did you mean 'cox_ph'"),
        ({"cox_ph": COX}, {"mode": "panda"}, "did you mean 'pandas'"),
        ({"cox_ph": COX}, {"processes": 0}, "0 processes"),
        ({"cox_ph": COX}, {"task": "survivall"}, "did you mean 'survival'"),
    ],
)
def test_a_wrong_request_is_refused_whole(cv, models, given, message):
    batch = cv.fits(models, **given)
    with pytest.raises(InvalidInput, match=message):
        run(batch)
    assert cv.rows(batch) == []


def test_progress_names_what_runs(cv):
    cv.prepare(survival_table())
    batch, _ = cv.fit({"cox_ph": COX})
    [(progress,)] = cv.ask("select progress from batches where batch_id = %s", batch.batch_id)
    assert (progress["done"], progress["total"], progress["note"]) == (3, 3, "3 fitted, 0 failed")
