"""Cox with an elastic net, at the smallest penalty of its path.

scikit-survival ends a path where the explained deviance no longer grows much, which on heavily tied times is
after a step or two, far above the penalty that was asked for. The smallest is fitted alone. Its steps have no
line search, so that on few rows with long tails they can lead away from the optimum without end: then the
penalties are gone down one by one, each from the coefficients of the one before, as Simon et al. (2011) do.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.survival.cox import RiskSets, breslow_baseline
from sevenfold_jobs.survival.models import Linear, check_params, not_converged, require_events

NAME = "coxnet"
PARAMETERS = ("l1_ratio", "n_penalties", "smallest_penalty", "max_iter", "penalty")
needs_strata = False

# scikit-survival walks to the end of a path of so few penalties.
_NEVER_CUT = 5

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
    """With `smallest_penalty` times the largest useful one (Simon et al. 2011), at which no column is left.

    `penalty` names the one of `n_penalties` that predicts: "last", the smallest, which does not hang on their
    number. ValueError where there is no event, and where no coefficients are found.
    """
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.util import Surv

    if params.get("penalty", "last") != "last":
        raise InvalidInput(f'The penalty of coxnet is "last", not {params["penalty"]!r}.')
    check_params(NAME, params)
    require_events(event)
    smallest = params["smallest_penalty"] * largest_penalty(X, time, event, params["l1_ratio"])
    if smallest <= 0:
        notes = ["all coefficients are zero: no column tells rows with an event apart"]
        return Linear(np.zeros(X.shape[1]), breslow_baseline(time, event, np.zeros(len(X))), notes)
    y = Surv.from_arrays(event, time)

    def fitted(penalties: Sequence[float]) -> tuple[CoxnetSurvivalAnalysis | None, bool]:
        """The estimator, None where its weights ran off, and whether it converged."""
        estimator = CoxnetSurvivalAnalysis(
            l1_ratio=params["l1_ratio"],
            alphas=penalties,
            # The library's limit is for all penalties together.
            max_iter=params["max_iter"] * len(penalties),
            # Its own baselines are one of each penalty and walk over the times in Python.
            fit_baseline_model=False,
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                estimator.fit(X, y)
            except ArithmeticError:
                return None, False
        return estimator, not any("terminated early" in str(warning.message) for warning in caught)

    estimator, converged = fitted([smallest])
    largest = smallest / params["smallest_penalty"]
    for steps in (_NEVER_CUT, params["n_penalties"]):
        if not converged:
            estimator, converged = fitted(np.geomspace(largest, smallest, max(steps, 2)))
    if estimator is None:
        raise ValueError(
            f"coxnet finds no coefficients at {params['smallest_penalty']} of the largest penalty: "
            "raise smallest_penalty"
        )
    coef = np.ascontiguousarray(estimator.coef_[:, -1])
    notes = [f"the smallest of {params['n_penalties']} penalties is used"]
    if estimator.alphas_[-1] > smallest * (1 + 1e-9):
        share = params["smallest_penalty"] * estimator.alphas_[-1] / smallest
        notes = [f"the penalty is {share:.2g} of the largest, below which the fit hardly changed"]
    if not converged:
        notes.append(not_converged(NAME, params["max_iter"], "smallest_penalty", params["smallest_penalty"]))
    if not coef.any():
        notes.append("all coefficients are zero")
    return Linear(coef, breslow_baseline(time, event, X @ coef), notes)


def largest_penalty(X: np.ndarray, time: np.ndarray, event: np.ndarray, l1_ratio: float) -> float:
    """The smallest penalty at which all coefficients are zero: the slope of the mean log likelihood there."""
    slope = RiskSets(time, event).negative_gradient(np.zeros(len(time))) @ X / len(time)
    return float(np.abs(slope).max(initial=0.0)) / l1_ratio
