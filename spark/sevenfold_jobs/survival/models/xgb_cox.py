"""XGBoost's histogram trees on the Cox loss, with Breslow's baseline on top."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold_jobs.common import lean
from sevenfold_jobs.survival.models import Boosted, check_params, require_events

NAME = "xgb_cox"
PARAMETERS = ("rounds", "rate", "depth", "min_child_weight", "row_sample", "column_sample")
needs_strata = False


class XgbCox(Boosted):
    booster_file = "booster.json"

    def score(self, X: np.ndarray) -> np.ndarray:
        # A prediction in place gives the exponential of the margin unless it is asked for the margin.
        return self.booster.inplace_predict(X, predict_type="margin").astype(np.float64)

    def booster_bytes(self) -> bytes:
        return bytes(self.booster.save_raw("json"))


def from_parts(parts: Mapping[str, bytes]) -> XgbCox:
    xgboost = lean.load("xgboost")

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(parts[XgbCox.booster_file]))
    return XgbCox.of_parts(booster, parts)


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
    xgboost = lean.load("xgboost")

    check_params(NAME, params)
    require_events(event)
    # XGBoost marks a censored time by a negative sign.
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
    return XgbCox.with_baseline(booster, X, time, event)
