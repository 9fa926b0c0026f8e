"""The figures of the system these models come from, on real data."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold

from sevenfold_jobs.survival import models
from sevenfold_jobs.survival.grid import time_grid
from sevenfold_jobs.survival.metrics import evaluate

CHECKOUT = Path(__file__).resolve().parents[3]
SHARED = CHECKOUT / os.environ.get("SEVENFOLD_SHARED", "../shared") / "data/cv"
CONFIG = json.loads((CHECKOUT / "config/cv/survival.json").read_text())
NUMERIC = ["age", "creatinine", "flc_grp", "kappa", "lambda", "sample_yr"]

#: C without truncation, integrated Brier, mean AUC: means of five folds.
FLCHAIN = {
    "cox_ph": (0.7757, 0.1048, 0.8190),
    "coxnet": (0.7758, 0.1050, 0.8186),
    "weibull_aft": (0.7757, 0.1053, 0.8185),
    "gbsa": (0.7798, 0.1052, 0.8195),
}


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is absent: set SEVENFOLD_SHARED")
def test_complete_rows_of_flchain_with_sample_settings() -> None:
    frame = pd.read_parquet(SHARED / "flchain.parquet")
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
