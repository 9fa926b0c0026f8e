"""The figures of the system these models come from, on real data."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from shared_data import SHARED, needs
from sklearn.model_selection import StratifiedKFold
from sksurv.datasets import load_breast_cancer
from threadpoolctl import threadpool_limits

from sevenfold_jobs.cv.chain import Chain
from sevenfold_jobs.cv.columns import categories_of, is_number, numbers_of
from sevenfold_jobs.cv.splits import stratified
from sevenfold_jobs.survival import models
from sevenfold_jobs.survival.grid import time_grid
from sevenfold_jobs.survival.metrics import evaluate

CHECKOUT = Path(__file__).resolve().parents[3]
CONFIG = json.loads((CHECKOUT / "config/cv/survival.json").read_text())
NUMERIC = ["age", "creatinine", "flc_grp", "kappa", "lambda", "sample_yr"]

#: C without truncation, integrated Brier, mean AUC: means of five folds.
FLCHAIN = {
    "cox_ph": (0.7757, 0.1048, 0.8190),
    "coxnet": (0.7758, 0.1050, 0.8186),
    "weibull_aft": (0.7757, 0.1053, 0.8185),
    "gbsa": (0.7798, 0.1052, 0.8195),
}


@needs("cv")
def test_complete_rows_of_flchain_with_sample_settings() -> None:
    frame = pd.read_parquet(SHARED / "cv/flchain.parquet")
    frame = frame[frame["time"] > 0].dropna(subset=[*NUMERIC, "mgus", "sex"]).reset_index(drop=True)
    time, event = frame["time"].to_numpy(float), frame["event"].to_numpy(bool)
    dummies = np.column_stack((frame["mgus"] == "yes", frame["sex"] == "M")).astype(float)
    raw = frame[NUMERIC].to_numpy(float)
    found: dict[str, list] = {name: [] for name in FLCHAIN}
    for train, test in StratifiedKFold(5, shuffle=True, random_state=42).split(raw, event):
        standard = (raw - raw[train].mean(axis=0)) / raw[train].std(axis=0)
        X = np.column_stack((standard, dummies))
        grid = time_grid(time[train], event[train], time[test])
        for name, scores in found.items():
            fitted = models.load(name).fit(X[train], time[train], event[train], CONFIG["sample"][name], 42)
            row = evaluate(
                time[train],
                event[train],
                time[test],
                event[test],
                fitted.risk(X[test]),
                fitted.survival(X[test], grid.points),
                grid,
                [],
            )
            scores.append((row["cindex"], row["ibs"], row["mean_auc"], row["cindex_tau"]))
    for name, reference in FLCHAIN.items():
        scores = np.array(found[name])
        assert scores[:, :3].mean(axis=0) == pytest.approx(reference, abs=5e-4), name
        # Truncated, no fold stands apart.
        assert scores[:, 3].std() < 0.008 < 0.018 < scores[:, 0].std(), name


def _five_folds(frame: pd.DataFrame, time: np.ndarray, event: np.ndarray, name: str) -> list[dict]:
    """Figures and fits of the product's own folds and chain."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    numeric = [each for each in table.column_names if is_number(table[each].type)]
    numbers = {each: numbers_of(table[each]) for each in numeric}
    categories = {each: categories_of(table[each]) for each in table.column_names if each not in numeric}
    found = []
    for split in stratified(event, 5, 42):
        chain = Chain.fit(numbers, categories, split.train)
        X, X_test = (chain.transform(numbers, categories, rows) for rows in (split.train, split.test))
        times = time[split.train], event[split.train], time[split.test], event[split.test]
        grid = time_grid(*times[:3])
        with threadpool_limits(1):
            fitted = models.load(name).fit(X, *times[:2], CONFIG["sample"][name], 42)
        figures = evaluate(*times, fitted.risk(X_test), fitted.survival(X_test, grid.points), grid, [])
        found.append(figures | {"fitted": fitted})
    return found


def test_weibull_on_80_columns_of_198_patients() -> None:
    frame, y = load_breast_cancer()
    frame = frame.astype({name: str for name in frame.columns if frame[name].dtype.name == "category"})
    found = _five_folds(frame, y["t.tdm"].astype(float), y["e.tdm"].astype(bool), "weibull_aft")
    assert np.mean([each["cindex_tau"] for each in found]) == pytest.approx(0.5683, abs=5e-4)
    # 82 columns meet the times of 40 events exactly: the shape has no end, and the curves are steps.
    assert np.mean([each["ibs"] for each in found]) == pytest.approx(0.3812, abs=5e-3)
    assert all("not converged" in each["fitted"].notes[0] for each in found)


@needs("cv")
def test_coxnet_on_years_of_regimes_which_are_heavily_tied() -> None:
    frame = pd.read_parquet(SHARED / "cv/dd.parquet")
    covariates = frame.drop(columns=["id", "time", "event", "ehead", "leaderspellreg", "ctryname"])
    found = _five_folds(covariates, frame["time"].to_numpy(float), frame["event"].to_numpy(bool), "coxnet")
    assert np.mean([each["cindex_tau"] for each in found]) == pytest.approx(0.6468, abs=5e-4)
    assert min(np.count_nonzero(each["fitted"].coef) for each in found) >= 20
