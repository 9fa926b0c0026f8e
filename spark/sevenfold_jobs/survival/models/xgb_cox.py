"""XGBoost's histogram trees on the Cox loss, with Breslow's baseline on top."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sevenfold_jobs.survival.cox import Baseline, breslow_baseline
from sevenfold_jobs.survival.models import Parts, Scored, check_params, from_json, from_npz, to_json, to_npz

NAME = "xgb_cox"
PARAMETERS = ("rounds", "rate", "depth", "min_child_weight", "row_sample", "column_sample")
needs_strata = False


class XgbCox(Scored):
    """`booster` predicts the log-risk as its margin."""

    def __init__(self, booster: Any, baseline: Baseline, notes: Sequence[str] = ()) -> None:
        super().__init__(baseline, notes)
        self.booster = booster

    def score(self, X: np.ndarray) -> np.ndarray:
        # A prediction in place gives the exponential of the margin unless it is asked for the margin.
        return self.booster.inplace_predict(X, predict_type="margin").astype(np.float64)

    def parts(self) -> Parts:
        return {
            "model.json": to_json({"notes": self.notes}),
            "model.npz": to_npz(**self.baseline.arrays()),
            "booster.json": bytes(self.booster.save_raw("json")),
        }


def from_parts(parts: Mapping[str, bytes]) -> XgbCox:
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(parts["booster.json"]))
    baseline = Baseline.from_arrays(from_npz(parts["model.npz"]))
    return XgbCox(booster, baseline, from_json(parts["model.json"])["notes"])


def fit(
    X: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    params: Mapping[str, Any],
    seed: int,
    strata: np.ndarray | None = None,
    strata_columns: np.ndarray | None = None,
) -> XgbCox:
    """ValueError where there is no event."""
    import xgboost

    check_params(NAME, params)
    if not event.any():
        raise ValueError("a Cox model needs at least one event")
    # A censored time is told by its sign.
    data = xgboost.QuantileDMatrix(X, label=np.where(event, time, -time), nthread=1)
    settings = {
        "objective": "survival:cox",
        "tree_method": "hist",
        "eta": params["rate"],
        "max_depth": params["depth"],
        "min_child_weight": params["min_child_weight"],
        "subsample": params["row_sample"],
        "colsample_bytree": params["column_sample"],
        "nthread": 1,
        "seed": seed,
        "verbosity": 0,
    }
    booster = xgboost.train(settings, data, params["rounds"])
    fitted = XgbCox(booster, Baseline.empty())
    fitted.baseline = breslow_baseline(time, event, fitted.score(X))
    return fitted
