"""Fits from a binned fold: figures, what ended them, and whether they are the same again."""

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from made_folds import FIXED, fold, made
from sklearn import metrics

from sevenfold_jobs.boosting import fit_set, predictor, refit
from sevenfold_jobs.common.failures import InvalidInput

HUBER = {**FIXED, "objective": "huber", "metric": ["huber", "binary_logloss"], "alpha": 0.2}


def fitted(folder: Path, params: dict[str, Any], task: str = "classification", honest: bool = True) -> dict:
    return fit_set(folder, params, task, honest, 42, 1)


def without_times(result: dict) -> dict:
    return {**result, "detail": {**result["detail"], "stages": None}}


def test_binned_once_it_gives_what_lightgbm_gives_from_the_raw_rows(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    result = fitted(tmp_path, FIXED)
    settings = {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": 31,
        "learning_rate": 0.1,
        "max_bin": 63,
        "min_data_in_leaf": 5,
        "seed": 42,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    train = lightgbm.Dataset(X[:382], y[:382], categorical_feature=[5])
    booster = lightgbm.train(
        settings,
        train,
        400,
        valid_sets=[train.create_valid(X[382:450], y[382:450])],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
    )
    expected = booster.predict(X[450:], num_iteration=booster.best_iteration)
    assert result["best_iteration"] == booster.best_iteration
    assert result["auc"] == pytest.approx(metrics.roc_auc_score(y[450:], expected), abs=1e-12)
    assert result["log_loss"] == pytest.approx(metrics.log_loss(y[450:], expected), abs=1e-12)
    assert result["f1"] == pytest.approx(metrics.f1_score(y[450:], expected > 0.5), abs=1e-12)
    assert result["accuracy"] == np.mean((expected > 0.5) == y[450:])


def test_a_fit_is_the_same_again(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    params = {**FIXED, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1}
    assert without_times(fitted(tmp_path, params)) == without_times(fitted(tmp_path, params))


def test_nothing_of_the_caller_is_changed(tmp_path: Path) -> None:
    X, y, _ = made()
    params = {**FIXED, "feature_fraction": 0.5}
    before, X_before = json.dumps(params), X.copy()
    fold(tmp_path, y, X, fixed=params)
    fitted(tmp_path, params)
    assert json.dumps(params) == before
    np.testing.assert_array_equal(X, X_before)


def test_the_test_block_takes_no_part_in_an_honest_fit(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path / "as it is", y, X)
    other = y.copy()
    other[450:] = 1 - other[450:]
    fold(tmp_path / "turned round", other, X)
    true, turned = (fitted(tmp_path / name, FIXED) for name in ("as it is", "turned round"))
    assert true["best_iteration"] == turned["best_iteration"]
    assert true["auc"] == pytest.approx(1 - turned["auc"], abs=1e-12)


def test_parity_is_stopped_by_the_test_block_and_names_the_metric_that_stalled(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X, honest=False)
    result = fitted(tmp_path, HUBER, honest=False)
    assert result["detail"]["stopped_on"] in ("huber", "binary_logloss")
    assert result["detail"]["trees"] == result["best_iteration"] + 20
    alone = {
        name: fitted(tmp_path, {**HUBER, "metric": [name]}, honest=False)
        for name in ("huber", "binary_logloss")
    }
    first = min(each["best_iteration"] for each in alone.values())
    assert result["best_iteration"] == first
    assert alone[result["detail"]["stopped_on"]]["best_iteration"] == first


def test_without_patience_all_rounds_are_fitted(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    result = fitted(tmp_path, {**FIXED, "early_stopping_rounds": 0, "num_iterations": 90})
    assert (result["best_iteration"], result["detail"]["trees"]) == (90, 90)
    assert result["detail"]["stopped_on"] is None


def test_rounds_that_end_before_any_metric_stalls_say_so(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    result = fitted(tmp_path, {**FIXED, "num_iterations": 10})
    assert result["detail"]["stopped_on"] is None
    assert result["detail"]["trees"] == 10


def test_more_classes_than_two_are_averaged(tmp_path: Path) -> None:
    X, y, _ = made(classes=3)
    fold(tmp_path, np.array(["a", "b", "c"])[y], X)
    result = fitted(tmp_path, FIXED)
    report = result["detail"]["classification_report"]
    assert list(report) == ["a", "b", "c"]
    assert sum(each["rows"] for each in report.values()) == 150
    assert result["recall"] == pytest.approx(np.mean([each["recall"] for each in report.values()]), abs=1e-6)
    assert result["accuracy"] > 0.6
    assert 0.8 < result["auc"] < 1


def test_a_class_that_the_test_block_lacks_has_no_part_in_the_auc(tmp_path: Path) -> None:
    X, y, _ = made(classes=3)
    order = np.argsort(y == 2, kind="stable")[::-1]
    fold(tmp_path, y[order], X[order])
    result = fitted(tmp_path, FIXED)
    assert result["detail"]["classification_report"]["2"]["rows"] == 0
    assert np.isfinite(result["auc"])


def test_a_test_block_of_one_class_has_no_auc(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X, train=slice(0, 450), test=450 + np.flatnonzero(y[450:] == 1))
    assert fitted(tmp_path, FIXED)["auc"] is None


def test_numbers_are_scored_by_their_errors(tmp_path: Path) -> None:
    X, _, y = made()
    fold(tmp_path, y, X, "regression")
    result = fitted(tmp_path, FIXED, "regression")
    text, predict = refit((X[:382], y[:382]), FIXED, "regression", result["best_iteration"], 42, 1, (5,))
    predicted = predict(X[450:])
    assert result["rmse"] == pytest.approx(metrics.root_mean_squared_error(y[450:], predicted), abs=1e-9)
    assert result["mae"] == pytest.approx(metrics.mean_absolute_error(y[450:], predicted), abs=1e-9)
    assert result["r2"] == pytest.approx(metrics.r2_score(y[450:], predicted), abs=1e-9)
    assert result["r2"] > 0.5
    assert "classification_report" not in result["detail"]
    assert text.startswith("tree\n")


@pytest.mark.parametrize(
    ("changes", "task", "message"),
    [
        ({"objective": "multiclass"}, "classification", "multiclass does not fit two classes: use binary"),
        ({"objective": "binary"}, "regression", "binary does not fit a numeric target: use regression"),
        ({"max_bin": 127}, "classification", "max_bin 127 differs from the bins of the fold"),
        ({"min_data_in_bin": 9}, "classification", "min_data_in_bin 9 differs from the bins"),
        ({"lamda_l2": 1}, "classification", "did you mean lambda_l2"),
    ],
)
def test_what_does_not_fit_the_fold_is_refused(
    tmp_path: Path, changes: dict, task: str, message: str
) -> None:
    X, y, score = made()
    fold(tmp_path, score if task == "regression" else y, X, task)
    with pytest.raises(InvalidInput, match=message):
        fitted(tmp_path, {**FIXED, **changes}, task)


def test_a_regression_loss_on_three_classes_is_refused(tmp_path: Path) -> None:
    X, y, _ = made(classes=3)
    fold(tmp_path, y, X, honest=False)
    with pytest.raises(InvalidInput, match="huber does not fit more than two classes: use multiclass"):
        fitted(tmp_path, HUBER, honest=False)


def test_a_set_may_repeat_what_the_bins_have(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    assert fitted(tmp_path, {**FIXED, "max_bin": 63, "min_data_in_bin": 3})["auc"] > 0.8


@pytest.mark.parametrize(
    ("objective", "classes"),
    [
        ("binary", 2),
        ("cross_entropy", 2),
        ("huber", 2),
        ("multiclass", 3),
        ("multiclassova", 3),
        ("regression", 0),
        ("poisson", 0),
        ("quantile", 0),
    ],
)
def test_predictions_by_groups_of_trees_are_those_of_lightgbm(
    tmp_path: Path, objective: str, classes: int
) -> None:
    X, y, score = made(classes=classes or 2)
    task = "classification" if classes else "regression"
    params = {**FIXED, "objective": objective}
    if objective in ("binary", "multiclassova"):
        params["sigmoid"] = 1.7
    text, predict = refit((X, y if classes else np.abs(score)), params, task, 95, 42, 1, (5,))
    expected = lightgbm.Booster(model_str=text).predict(X)
    assert predict(X).shape == ((len(X), 3) if classes == 3 else (len(X),))
    np.testing.assert_allclose(predict(X), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(predictor(text)(X), predict(X))


def test_the_model_of_all_rows_is_the_same_from_the_folder_and_from_the_rows(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X, honest=False, train=slice(0, 600), test=slice(0, 0))
    stored, _ = refit(tmp_path, FIXED, "classification", 25, 42, 1)
    _, predict = refit((X, y), FIXED, "classification", 25, 42, 1, (5,))
    np.testing.assert_array_equal(predictor(stored)(X), predict(X))
    again, _ = refit(tmp_path, FIXED, "classification", 25, 42, 1)
    assert stored == again


def test_rows_that_stopped_a_fold_are_not_left_out_of_the_last_model(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    with pytest.raises(ValueError, match="keeps rows back to stop training"):
        refit(tmp_path, FIXED, "classification", 25, 42, 1)
