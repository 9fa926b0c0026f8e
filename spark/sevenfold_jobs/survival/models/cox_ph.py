"""Cox proportional hazards with a small ridge, ties as Breslow's, by Newton's method."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold_jobs.survival.cox import breslow_baseline, fit_cox
from sevenfold_jobs.survival.models import Linear, check_params, not_converged

NAME = "cox_ph"
PARAMETERS = ("ridge", "max_iter", "tolerance")
needs_strata = False

from_parts = Linear.from_parts


def fit(
    X: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    params: Mapping[str, Any],
    seed: int,
    strata: np.ndarray | None = None,
    strata_columns: np.ndarray | None = None,
) -> Linear:
    """`ridge` * |w|^2 / (2n) added to the mean log partial likelihood. ValueError where there is no event."""
    check_params(NAME, params)
    found = fit_cox(
        X, time, event, ridge=params["ridge"], max_iter=params["max_iter"], tol=params["tolerance"]
    )
    notes = [] if found.converged else [not_converged(NAME, found.iterations, "ridge", params["ridge"])]
    return Linear(found.coef, breslow_baseline(time, event, X @ found.coef), notes)
