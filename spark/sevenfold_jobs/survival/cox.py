"""The Cox partial likelihood with Breslow's ties: loss, gradient and Hessian by sums over risk sets.

Cox (1972) and Breslow (1974). With eta the log-risk, R(u) = sum of exp(eta) over rows with time >= u, and
d(u) the events at u:

    log likelihood = sum over events of eta - sum over u of d(u) log R(u)
    gradient in eta of a row with time t = event - exp(eta) A(t), A(t) = sum over u <= t of d(u) / R(u)

Everything costs O(n) after one sort; the Hessian in d coefficients O(n d^2).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.survival.curves import Step

# exp() of more than this overflows.
_LARGEST_EXPONENT = 700.0
_SMALLEST_EXPONENT = -300.0


def relative(eta: np.ndarray, top: float) -> np.ndarray:
    """exp(eta - top), top being the largest; kept above 0, and its inverse square finite."""
    return np.exp(np.maximum(eta - top, _SMALLEST_EXPONENT))


class RiskSets:
    """Rows sorted once by stratum and time, for sums over risk sets.

    `time` (n,), `event` (n,) bool, `strata` (n,) int or None: rows are compared within their stratum only.
    """

    def __init__(self, time: np.ndarray, event: np.ndarray, strata: np.ndarray | None = None) -> None:
        keys = (time,) if strata is None else (time, strata)
        self.order = np.lexsort(keys)
        self.rows = len(time)
        times = time[self.order]
        self.event = event[self.order].astype(np.float64)
        new = np.ones(self.rows, dtype=bool)
        new[1:] = times[1:] != times[:-1]
        bounds = [0]
        if strata is not None:
            codes = strata[self.order]
            changed = codes[1:] != codes[:-1]
            new[1:] |= changed
            bounds = [0, *(np.flatnonzero(changed) + 1)]
        self.starts = np.flatnonzero(new)
        """First sorted row of each group: a distinct time within a stratum."""
        self.group = np.cumsum(new) - 1
        self.times = times[self.starts]
        self.deaths = np.add.reduceat(self.event, self.starts)
        first = np.searchsorted(self.starts, bounds)
        ends = [*first[1:], len(self.starts)]
        self.strata = list(zip(first.tolist(), [int(end) for end in ends], strict=True))
        """First and last + 1 group of each stratum."""
        self.codes = None if strata is None else strata[self.order][self.starts[first]]

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sums of sorted row values (n,) or (n, d) over the rows still at risk at each group."""
        sums = np.add.reduceat(values, self.starts, axis=0)
        for first, end in self.strata:
            sums[first:end] = np.cumsum(sums[first:end][::-1], axis=0)[::-1]
        return sums

    def up_to(self, values: np.ndarray) -> np.ndarray:
        """Cumulative sums of group values (m,) over the times of a stratum."""
        sums = values.copy()
        for first, end in self.strata:
            sums[first:end] = np.cumsum(sums[first:end])
        return sums

    def unsorted(self, values: np.ndarray) -> np.ndarray:
        """Sorted row values in the order in which the rows came."""
        result = np.empty_like(values)
        result[self.order] = values
        return result

    def loss(self, score: np.ndarray) -> float:
        """Mean negative log partial likelihood of the scores (n,)."""
        eta = score[self.order]
        top = eta.max()
        risk = self.at_risk(relative(eta, top))
        with_events = self.deaths > 0
        logs = np.log(risk[with_events]) + top
        return float(self.deaths[with_events] @ logs - self.event @ eta) / self.rows

    def negative_gradient(self, score: np.ndarray) -> np.ndarray:
        """Negative gradient of the sum (not the mean) of losses in the score (n,): event - exp(eta) A(t)."""
        return self.derivatives(score)[0]

    def derivatives(self, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Negative gradient and diagonal of the Hessian of the sum of losses in the score, (n,) each.

        The diagonal is exp(eta) A(t) - exp(2 eta) B(t), B(t) = sum over u <= t of d(u) / R(u)^2.
        """
        eta = score[self.order]
        weight = relative(eta, eta.max())
        risk = self.at_risk(weight)
        share = self.deaths / risk
        square = share / risk
        expected = weight * self.up_to(share)[self.group]
        curvature = expected - weight * weight * self.up_to(square)[self.group]
        return self.unsorted(self.event - expected), self.unsorted(curvature)


@dataclass(frozen=True)
class CoxFit:
    """`coef` (d,); `loss`: mean negative log partial likelihood and penalty; `hessian` (d, d) of it."""

    coef: np.ndarray
    loss: float
    iterations: int
    converged: bool
    hessian: np.ndarray


def fit_cox(
    X: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    ridge: float = 0.0,
    strata: np.ndarray | None = None,
    max_iter: int = 100,
    tol: float = 1e-9,
) -> CoxFit:
    """Coefficients (d,) of X (n, d) by Newton's method with step halving.

    `ridge * |w|^2 / (2n)` is added to the mean negative log partial likelihood. Ends when the loss changes
    by less than `tol` relative to itself. Directions that the data do not determine (collinear columns) stay
    at 0. ValueError where there is no event.
    """
    if not event.any():
        raise ValueError("a Cox model needs at least one event")
    sets = RiskSets(time, event, strata)
    likelihood = _Likelihood(X, sets, ridge)
    coef = np.zeros(X.shape[1])
    loss = likelihood.loss(coef)
    converged = X.shape[1] == 0
    iterations = 0
    while not converged and iterations < max_iter:
        iterations += 1
        gradient, hessian = likelihood.derivatives(coef)
        step = solve_symmetric(hessian, gradient)
        new = coef - step
        new_loss = likelihood.loss(new)
        halvings = 0
        while not new_loss <= loss and halvings < 40:
            step *= 0.5
            new = coef - step
            new_loss = likelihood.loss(new)
            halvings += 1
        if not new_loss <= loss:
            # No step improves, however short: this is as good as the arithmetic allows.
            converged = True
            break
        converged = bool(abs(loss - new_loss) <= tol * max(abs(loss), 1e-300))
        coef, loss = new, new_loss
    return CoxFit(coef, loss, iterations, converged, likelihood.derivatives(coef)[1])


class _Likelihood:
    """The penalised mean negative log partial likelihood of a linear log-risk."""

    def __init__(self, X: np.ndarray, sets: RiskSets, ridge: float) -> None:
        self.X = np.ascontiguousarray(X[sets.order])
        self.sets = sets
        self.ridge = ridge
        self.of_events = sets.event @ self.X

    def loss(self, coef: np.ndarray) -> float:
        sets = self.sets
        eta = self.X @ coef
        top = eta.max()
        risk = sets.at_risk(relative(eta, top))
        with_events = sets.deaths > 0
        logs = np.log(risk[with_events]) + top
        total = sets.deaths[with_events] @ logs - sets.event @ eta + self.ridge * (coef @ coef) / 2.0
        return float(total) / sets.rows

    def derivatives(self, coef: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient (d,) and Hessian (d, d).

        The sum over u of d(u) S2(u) / R(u), S2 = sum of exp(eta) x x' at risk, is X' diag(exp(eta) A) X: no
        (n, d, d) array is built.
        """
        sets = self.sets
        eta = self.X @ coef
        weight = relative(eta, eta.max())
        risk = sets.at_risk(weight)
        share = sets.deaths / risk
        expected = weight * sets.up_to(share)[sets.group]
        gradient = expected @ self.X - self.of_events
        weighted = self.X * weight[:, None]
        mean = sets.at_risk(weighted)
        mean /= risk[:, None]
        np.multiply(self.X, expected[:, None], out=weighted)
        hessian = weighted.T @ self.X - (mean * sets.deaths[:, None]).T @ mean
        gradient += self.ridge * coef
        hessian[np.diag_indices(len(coef))] += self.ridge
        return gradient / sets.rows, hessian / sets.rows


def solve_symmetric(matrix: np.ndarray, right: np.ndarray, cutoff: float = 1e-10) -> np.ndarray:
    """Solution of `matrix @ x = right` of a positive semi-definite matrix, of least norm.

    Directions with an eigenvalue below `cutoff` times the largest are left at 0.
    """
    return pseudo_inverse(matrix, cutoff) @ right


def pseudo_inverse(matrix: np.ndarray, cutoff: float = 1e-10) -> np.ndarray:
    """Pseudo-inverse of a symmetric positive semi-definite matrix, by its eigenvalues."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    largest = values.max(initial=0.0)
    kept = values > cutoff * largest
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=kept)
    return (vectors * inverse) @ vectors.T


@dataclass(frozen=True)
class Baseline:
    """Breslow's cumulative baseline hazard H0: H(t|x) = `hazard.at(t)` exp(score - `shift`).

    The shift (a score of the training rows) keeps exp() in range.
    """

    hazard: Step
    shift: float

    def cumulative(self, score: np.ndarray, grid: np.ndarray) -> np.ndarray:
        """H(t|x), (n, m), for scores (n,) and times (m,)."""
        relative = np.exp(np.minimum(score - self.shift, _LARGEST_EXPONENT))
        return relative[:, None] * self.hazard.at(grid)[None, :]

    def survival(self, score: np.ndarray, grid: np.ndarray) -> np.ndarray:
        """S(t|x) = exp(-H(t|x)), (n, m)."""
        result = self.cumulative(score, grid)
        np.negative(result, out=result)
        return np.exp(result, out=result)

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays to store; `from_arrays` reads them."""
        return {
            "baseline_times": self.hazard.times,
            "baseline_hazard": self.hazard.values,
            "baseline_shift": np.array(self.shift),
        }

    @staticmethod
    def empty() -> "Baseline":
        """No hazard: a placeholder until one is fitted on the model's scores."""
        return Baseline(Step(np.empty(0), np.empty(0), 0.0), 0.0)

    @staticmethod
    def from_arrays(arrays: Any) -> "Baseline":
        hazard = Step(arrays["baseline_times"], arrays["baseline_hazard"], 0.0)
        return Baseline(hazard, float(arrays["baseline_shift"]))


def breslow_baseline(time: np.ndarray, event: np.ndarray, score: np.ndarray) -> Baseline:
    """H0(u) = sum over times <= u of events / sum of exp(score) over rows still at risk (Breslow 1972).

    `time`, `event`, `score` (n,) of the training rows. Only times with an event are kept: the curve is flat
    between them.
    """
    sets = RiskSets(time, event)
    shift = float(score.max())
    risk = sets.at_risk(relative(score[sets.order], shift))
    kept = sets.deaths > 0
    hazard = np.cumsum(sets.deaths[kept] / risk[kept])
    return Baseline(Step(sets.times[kept], hazard, 0.0), shift)


def breslow_by_stratum(
    time: np.ndarray, event: np.ndarray, score: np.ndarray, strata: np.ndarray
) -> dict[int, Baseline]:
    """A baseline for each stratum (n,) of the training rows that has an event."""
    order = np.argsort(strata, kind="stable")
    codes, first = np.unique(strata[order], return_index=True)
    found: dict[int, Baseline] = {}
    for code, rows in zip(codes.tolist(), np.split(order, first[1:]), strict=True):
        if event[rows].any():
            found[code] = breslow_baseline(time[rows], event[rows], score[rows])
    return found
