"""LightGBM's leaf-wise trees on the Cox loss, with Breslow's baseline on top."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold_jobs.common import lean
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.survival.cox import RiskSets
from sevenfold_jobs.survival.models import Boosted, check_params, require_events

NAME = "lgb_cox"
PARAMETERS = ("rounds", "rate", "leaves", "min_leaf", "row_sample")
needs_strata = False


class LgbCox(Boosted):
    booster_file = "booster.txt"

    def score(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.booster.predict(X, raw_score=True, num_threads=1), dtype=np.float64)

    def booster_bytes(self) -> bytes:
        return self.booster.model_to_string().encode()


def from_parts(parts: Mapping[str, bytes]) -> LgbCox:
    lightgbm = lean.load("lightgbm")

    return LgbCox.of_parts(lightgbm.Booster(model_str=parts[LgbCox.booster_file].decode()), parts)


def fit(
    X: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    params: Mapping[str, Any],
    seed: int,
    strata: np.ndarray | None = None,
    strata_columns: np.ndarray | None = None,
) -> LgbCox:
    """Gradient and Hessian are those of the sum of losses, from one sort of the rows.

    ValueError where there is no event, InvalidInput where the rows do not fill two leaves.
    """
    lightgbm = lean.load("lightgbm")

    check_params(NAME, params)
    require_events(event)
    if len(X) < 2 * params["min_leaf"]:
        least = params["min_leaf"]
        raise InvalidInput(
            f"{NAME} needs {2 * least} training rows for two leaves of min_leaf {least} and has {len(X)}: "
            f"give more rows, or --params {NAME}.min_leaf={max(1, len(X) // 4)}."
        )
    sets = RiskSets(time, event)

    def objective(score: np.ndarray, _: Any) -> tuple[np.ndarray, np.ndarray]:
        downhill, curvature = sets.derivatives(score)
        return -downhill, curvature

    settings = {
        "objective": objective,
        "learning_rate": params["rate"],
        "num_leaves": params["leaves"],
        "min_data_in_leaf": params["min_leaf"],
        "bagging_fraction": params["row_sample"],
        "bagging_freq": 1 if params["row_sample"] < 1 else 0,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "seed": seed,
        # Without any column that min_leaf lets it split, LightGBM stops with a check of its own.
        "feature_pre_filter": False,
        "verbosity": -1,
    }
    booster = lightgbm.train(
        settings, lightgbm.Dataset(X, params={"feature_pre_filter": False}), params["rounds"]
    )
    return LgbCox.with_baseline(booster, X, time, event)
