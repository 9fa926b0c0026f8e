"""Cox with an elastic net: scikit-survival's path of penalties, of which the last is used."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.survival.cox import breslow_baseline
from sevenfold_jobs.survival.models import Linear, check_params, require_events

NAME = "coxnet"
PARAMETERS = ("l1_ratio", "n_penalties", "smallest_penalty", "max_iter", "penalty")
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
    """`n_penalties` from the largest useful one down to `smallest_penalty` times it (Simon et al. 2011).

    `penalty` names the one that predicts: "last", the smallest. ValueError where there is no event.
    """
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.util import Surv

    check_params(NAME, params)
    if params["penalty"] != "last":
        raise InvalidInput(f'The penalty of coxnet is "last", not {params["penalty"]!r}.')
    require_events(event)
    estimator = CoxnetSurvivalAnalysis(
        l1_ratio=params["l1_ratio"],
        n_alphas=params["n_penalties"],
        alpha_min_ratio=params["smallest_penalty"],
        max_iter=params["max_iter"],
        # Its own baselines are one of each penalty and walk over the times in Python.
        fit_baseline_model=False,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, Surv.from_arrays(event, time))
    coef = np.ascontiguousarray(estimator.coef_[:, -1])
    notes = [f"the smallest of {len(estimator.alphas_)} penalties is used"]
    notes += [str(warning.message) for warning in caught if "terminated early" in str(warning.message)]
    if not coef.any():
        notes.append("all coefficients are zero")
    return Linear(coef, breslow_baseline(time, event, X @ coef), notes)
