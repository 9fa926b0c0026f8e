"""The parity case against the classifier as it was first run: aliases, idle leaves, two stopping metrics."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn import metrics

from sevenfold_jobs.boosting import bin_fold, fit_set
from sevenfold_jobs.generated.time_series import time_series

CONFIG = json.loads((Path(__file__).parents[3] / "config/cv/lightgbm.json").read_bytes())
FIRST_SET = {name: CONFIG["grid"][name][0] for name in CONFIG["order"]}


@pytest.fixture
def lightgbm(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """With its wrapper of scikit-learn, which is missing where ours has loaded it (common/lean.py)."""
    for name in [name for name in sys.modules if name.split(".")[0] == "lightgbm"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("lightgbm")


@pytest.mark.parametrize("changes", [{}, {"max_depth": 17, "feature_fraction": 0.4, "lambda_l2": 0.1}])
def test_figures_are_those_of_the_classifier_on_the_raw_fold(
    tmp_path: Path, lightgbm: ModuleType, changes: dict
) -> None:
    table = time_series(2000, 20, 42, parity=True)
    X = np.column_stack([table[f"feature_{number}"].to_numpy() for number in range(20)])
    y = table["target"].to_numpy()
    train, test = slice(0, 1200), slice(1200, 1600)
    params = {**CONFIG["fixed"], **CONFIG["parity"], **FIRST_SET, **changes, "early_stopping_rounds": 60}

    original = lightgbm.LGBMClassifier(
        num_leaves=2048,
        learning_rate=0.03,
        max_bin=256,
        bagging_fraction=1,
        objective="huber",
        alpha=0.2,
        metric="huber",
        n_estimators=20_000,
        random_state=42,
        importance_type="gain",
        n_jobs=1,
        verbosity=-1,
        lambda_l1=params["lambda_l1"],
        max_depth=params["max_depth"],
        colsample_bytree=params["feature_fraction"],
        lambda_l2=params["lambda_l2"],
    )
    original.fit(
        X[train],
        y[train],
        eval_X=X[test],
        eval_y=y[test],
        eval_metric="binary_logloss",
        callbacks=[lightgbm.early_stopping(60, verbose=False)],
    )
    output = original.booster_.predict(X[test], num_iteration=original.best_iteration_)

    bin_fold(tmp_path, X, y, [], train, test, CONFIG["fixed"], "classification", False, True, 42)
    ours = fit_set(tmp_path, params, "classification", False, 42, 1)
    assert ours["best_iteration"] == original.best_iteration_
    assert ours["accuracy"] == np.mean((output > 0.5) == y[test])
    assert ours["auc"] == pytest.approx(metrics.roc_auc_score(y[test], output), abs=1e-9)
    expected = metrics.log_loss(y[test], np.clip(output, 1e-15, 1 - 1e-15))
    assert ours["log_loss"] == pytest.approx(expected, abs=1e-9)
