"""Whether hazards are proportional: does a column's effect change with time?

Grambsch and Therneau (1994): Schoenfeld residuals of a Cox model, scaled by its variance, against the rank of
time. Without strata and ties the figures are those of lifelines' `proportional_hazard_test`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import erfc

from sevenfold_jobs.survival.cox import RiskSets, fit_cox, pseudo_inverse, relative

# Flagged below this after Holm's correction.
LEVEL = 0.05

# Rows x columns^2 of one step: 300,000 x 250 take half a minute in all.
_MOST_WORK = 2e10


def proportional_hazards_test(
    X: np.ndarray,
    names: Sequence[str],
    strata: np.ndarray | None,
    time: np.ndarray,
    event: np.ndarray,
) -> list[dict[str, Any]]:
    """A chi-square of 1 degree a column of X (n, k) without gaps: [{column, chi2, p, pHolm, flagged}] by p.

    A Cox model without penalty, stratified by `strata` (n,), on standardised columns: raw ones of very
    different sizes break its convergence, and the statistic does not depend on the scale. The rank of an
    event is that of its time among all events, the mean rank at a tie. Columns that do not vary, or that
    others determine, cannot be tested and are left out. ValueError with fewer than two events, with no more
    events than columns (the model has no maximum then, and looking for it takes minutes), and where one step
    of it would take minutes.
    """
    if np.count_nonzero(event) < 2:
        raise ValueError("a test of proportional hazards needs at least two events")
    deviation = X.std(axis=0)
    tested = np.flatnonzero(deviation > 1e-12 * np.maximum(np.abs(X).max(axis=0, initial=0.0), 1e-300))
    if len(tested) == 0:
        return []
    standard = (X[:, tested] - X[:, tested].mean(axis=0)) / deviation[tested]
    if len(tested) >= np.count_nonzero(event):
        events = np.count_nonzero(event)
        raise ValueError(f"{len(tested):,} columns need more than the {events:,} events of rows without gaps")
    if len(X) * len(tested) ** 2 > _MOST_WORK:
        raise ValueError(f"{len(tested):,} columns of {len(X):,} rows are too many for one Cox model")
    found = fit_cox(standard, time, event, strata=strata, tol=1e-12)

    sets = RiskSets(time, event, strata)
    ordered = standard[sets.order]
    eta = ordered @ found.coef
    weight = relative(eta, eta.max())
    risk = sets.at_risk(weight)
    means = sets.at_risk(ordered * weight[:, None]) / risk[:, None]
    rows = np.flatnonzero(sets.event)
    residuals = ordered[rows] - means[sets.group[rows]]

    events = len(rows)
    variance = pseudo_inverse(found.hessian * len(time))
    rank = pd.Series(sets.times[sets.group[rows]]).rank().to_numpy()
    centred = rank - rank.mean()
    spread = centred @ centred
    # events * residuals @ variance are the scaled residuals.
    slope = events * (centred @ residuals) @ variance
    own = np.diag(variance)
    # The part of each column's direction that the data determine: 1 unless other columns make it up.
    determined = np.sum(variance * (found.hessian * len(time)), axis=1) > 1.0 - 1e-6
    if spread <= 0:
        return []
    statistic = slope[determined] ** 2 / (events * own[determined] * spread)
    columns = tested[determined]
    # The upper tail of a chi-square of 1 degree; scipy.stats, which has it too, takes a second to import.
    p = erfc(np.sqrt(statistic / 2))
    order = np.lexsort((columns, p))
    adjusted = holm(p[order])
    return [
        {
            "column": str(names[columns[i]]),
            "chi2": float(statistic[i]),
            "p": float(p[i]),
            "pHolm": float(adjusted[place]),
            "flagged": bool(adjusted[place] < LEVEL),
        }
        for place, i in enumerate(order)
    ]


def holm(p: np.ndarray) -> np.ndarray:
    """Holm (1979) of ascending p (k,): the running maximum of p times the tests still open, at most 1."""
    return np.minimum(np.maximum.accumulate(p * np.arange(len(p), 0, -1)), 1.0)
