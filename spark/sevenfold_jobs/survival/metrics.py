"""Scores of survival predictions, weighted by the inverse of the training censoring curve G.

Definitions: Uno et al. (2011) for C, Graf et al. (1999) for the Brier score, Uno et al. (2007) for the AUC.
Where scikit-survival computes the same it gives the same number; where it stops with an error, see `weights`.
Training rows are given by `time` and `event` only; `risk` (n,) is higher where the event is expected sooner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.survival.curves import Step, censoring_curve, kaplan_meier, observed_survival
from sevenfold_jobs.survival.grid import Grid, horizons_for

# Risks this close to each other are a tie.
TIED = 1e-8

# A stratum with fewer events has no C-index worth showing.
FEWEST_EVENTS = 10

STRATA_SHOWN = 12
CALIBRATION_GROUPS = 10
DECIMALS = 6


def weights(censoring: Step, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """1 / G(T) of the rows (n,) with an event, 0 of censored rows.

    An event without an estimate of G has weight 0: one after the last training time, or where G is 0. Its
    pairs drop out, as if the scores were truncated at the last time that training can speak of.
    scikit-survival stops with an error there.
    """
    g = censoring.at(time)
    known = event & (g > 0) & (time <= censoring.times[-1])
    return np.divide(1.0, g, out=np.zeros(len(time)), where=known)


@dataclass(frozen=True)
class Pairs:
    """For each row with an event: `concordant`, of the rows known to last longer, those with a lower risk
    (ties count half), and `comparable`, all of them. 0 for censored rows. Both (n,)."""

    concordant: np.ndarray
    comparable: np.ndarray


def pairs(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> Pairs:
    """In O(n log n). A row is known to last longer with a later time, or censored at the same time."""
    rows = len(time)
    # By time, events before censorings: who lasts longer than an event is a suffix.
    order = np.lexsort((~event, time))
    sorted_time, sorted_event, sorted_risk = time[order], event[order], risk[order]
    events = np.flatnonzero(sorted_event)
    concordant, comparable = np.zeros(rows), np.zeros(rows)
    if len(events) == 0:
        return Pairs(concordant, comparable)
    # An event's suffix starts behind the last event of its time.
    last = np.append(sorted_time[events][1:] != sorted_time[events][:-1], True)
    last_of_time = np.flatnonzero(last)
    suffix = events[last_of_time[np.cumsum(np.concatenate(([0], last[:-1])))]] + 1

    ascending = np.sort(sorted_risk)
    lower = np.searchsorted(ascending, sorted_risk[events] - TIED, side="left")
    not_higher = np.searchsorted(ascending, sorted_risk[events] + TIED, side="right")
    rank = np.empty(rows, dtype=np.int64)
    rank[np.argsort(sorted_risk, kind="stable")] = np.arange(rows)
    below = _count_in_suffix(rank, np.concatenate((suffix, suffix)), np.concatenate((lower, not_higher)))
    where = order[events]
    concordant[where] = (below[: len(events)] + below[len(events) :]) / 2.0
    comparable[where] = rows - suffix
    return Pairs(concordant, comparable)


def _count_in_suffix(rank: np.ndarray, start: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """For each query: how many of `rank[start:]` are below `bound`.

    `rank` (n,) is a permutation of 0..n-1. A wavelet matrix: one stable partition of the ranks a bit, from
    the highest, and all queries follow their bound's bits at once. O((n + queries) log n), all in NumPy.
    """
    rows = len(rank)
    left, right = start.copy(), np.full(len(start), rows)
    found = np.zeros(len(start), dtype=np.int64)
    # A bound of n counts everything: it is answered here, so that bounds fit into the bits of the ranks.
    everything = bound >= rows
    found[everything] = (right - left)[everything]
    bound = np.where(everything, 0, bound)
    for bit in range(max(rows - 1, 1).bit_length() - 1, -1, -1):
        ones = (rank >> bit) & 1
        zeros_before = np.concatenate(([0], np.cumsum(1 - ones)))
        zeros = zeros_before[-1]
        left0, right0 = zeros_before[left], zeros_before[right]
        up = ((bound >> bit) & 1).astype(bool)
        found += np.where(up, right0 - left0, 0)
        left = np.where(up, zeros + left - left0, left0)
        right = np.where(up, zeros + right - right0, right0)
        is_one = ones.astype(bool)
        rank = np.concatenate((rank[~is_one], rank[is_one]))
    return found


def concordance(found: Pairs, weight: np.ndarray) -> float:
    """C of weighted events: NaN without a comparable pair."""
    total = float(weight @ found.comparable)
    return float(weight @ found.concordant) / total if total > 0 else float("nan")


def uno_weights(censoring: Step, time: np.ndarray, event: np.ndarray, tau: float | None = None) -> np.ndarray:
    """1 / G(T)^2 of events before tau (strictly), else 0. (n,)"""
    weight = weights(censoring, time, event) ** 2
    return weight if tau is None else np.where(time < tau, weight, 0.0)


def uno_c(
    train_time: np.ndarray,
    train_event: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    tau: float | None = None,
) -> float:
    """Uno's C of events before `tau`: pairs weighted by 1 / G(T)^2 of their event; NaN without a pair."""
    censoring = censoring_curve(train_time, train_event)
    return concordance(pairs(time, event, risk), uno_weights(censoring, time, event, tau))


def pairs_to_compare(
    train_time: np.ndarray, train_event: np.ndarray, time: np.ndarray, event: np.ndarray, tau: float
) -> int:
    """Pairs on which the truncated C of these test rows rests: with none it has no value."""
    weight = uno_weights(censoring_curve(train_time, train_event), time, event, tau)
    return int(pairs(time, event, np.zeros(len(time))).comparable[weight > 0].sum())


def harrell_c(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> float:
    """Harrell's C: all pairs alike; NaN without a pair."""
    return concordance(pairs(time, event, risk), event.astype(np.float64))


def brier_curve(
    censoring: Step, time: np.ndarray, event: np.ndarray, survival: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Brier score (m,) at each time of the grid, of survival probabilities (n, m).

    The mean over rows of S(t)^2 / G(T) where the event came by t, (1 - S(t))^2 / G(t) of rows beyond t. NaN
    where G(t) is 0.
    """
    order = np.argsort(time, kind="stable")
    # A row a time, so that each sum runs along memory.
    by_time = np.ascontiguousarray(survival[order].T)
    weight = weights(censoring, time, event)[order]
    until = np.searchsorted(time[order], grid, side="right")
    g = censoring.at(grid)
    scores = np.full(len(grid), np.nan)
    for i, end in enumerate(until):
        if g[i] > 0:
            cases, controls = by_time[i, :end], 1.0 - by_time[i, end:]
            scores[i] = ((cases * cases) @ weight[:end] + (controls @ controls) / g[i]) / len(time)
    return scores


def integrated_brier(scores: np.ndarray, grid: np.ndarray) -> float:
    """The Brier curve's mean over time by the trapezoid rule; of a single point, the score itself."""
    if len(grid) == 1:
        return float(scores[0])
    return float(np.trapezoid(scores, grid) / (grid[-1] - grid[0]))


def auc_curve(
    censoring: Step, time: np.ndarray, event: np.ndarray, risk: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Cumulative/dynamic AUC (m,): cases (event by t, weight 1 / G(T)) against controls (time beyond t).

    Risks that follow each other within 1e-8 are one point of the ROC. NaN without a case or a control.
    """
    order = np.argsort(-risk, kind="stable")
    times, sorted_risk = time[order], risk[order]
    weight = weights(censoring, time, event)[order]
    starts = np.flatnonzero(np.concatenate(([True], np.abs(np.diff(sorted_risk)) > TIED)))
    tied = len(starts) < len(times)
    scores = np.full(len(grid), np.nan)
    for i, t in enumerate(grid):
        beyond = times > t
        cases = np.where(beyond, 0.0, weight)
        # A control loses against the cases above it, and half against those of the same risk.
        above = np.cumsum(cases)
        total, controls = above[-1], np.count_nonzero(beyond)
        if total <= 0 or controls == 0:
            continue
        if tied:
            cases = np.add.reduceat(cases, starts)
            above = np.cumsum(cases) - cases / 2.0
            rows = np.add.reduceat(beyond.astype(np.float64), starts)
            scores[i] = (above @ rows) / (total * controls)
        else:
            scores[i] = above[beyond].sum() / (total * controls)
    return scores


def mean_auc(scores: np.ndarray) -> float:
    """The plain average over the grid, of the times at which there is an AUC; NaN where there is none."""
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if len(known) else float("nan")


def weighted_auc(scores: np.ndarray, km: np.ndarray) -> float:
    """The average weighted by the drop of the test Kaplan-Meier curve `km` (m,) since the time before.

    Lambert and Chevret (2016). A time without an AUC has no case yet, so the curve has not dropped.
    """
    drop = -np.diff(np.concatenate(([1.0], km)))
    known = ~np.isnan(scores)
    total = drop[known].sum()
    return float(scores[known] @ drop[known] / total) if total > 0 else float("nan")


def evaluate(
    train_time: np.ndarray,
    train_event: np.ndarray,
    test_time: np.ndarray,
    test_event: np.ndarray,
    risk: np.ndarray,
    survival: np.ndarray,
    grid: Grid,
    horizons: Sequence[float],
    strata: np.ndarray | None = None,
    stratum_names: Sequence[str] = (),
    horizon_survival: np.ndarray | None = None,
) -> dict[str, Any]:
    """All scores of a fold: `cindex` (Uno's, not truncated), `cindex_tau`, `cindex_harrell`, `ibs`,
    `mean_auc`, `weighted_auc` (floats, NaN where not defined) and `detail` (JSON, null where not defined).

    `survival` (n, m) at the grid's points; `strata` (n,) int codes into `stratum_names`. Horizons outside the
    supported range are left out. `horizon_survival` (n, h): probabilities at `horizons_for(horizons, grid)`;
    without it they are interpolated between grid points, S(0) being 1.
    """
    points = grid.points
    censoring = censoring_curve(train_time, train_event)
    found = pairs(test_time, test_event, risk)
    brier = brier_curve(censoring, test_time, test_event, survival, points)
    auc = auc_curve(censoring, test_time, test_event, risk, points)
    km = kaplan_meier(test_time, test_event).at(points)
    at = horizons_for(horizons, grid)
    if horizon_survival is None:
        horizon_survival = _interpolated(survival, points, np.array(at))
    return {
        "cindex": concordance(found, uno_weights(censoring, test_time, test_event)),
        "cindex_tau": concordance(found, uno_weights(censoring, test_time, test_event, grid.tau)),
        "cindex_harrell": concordance(found, test_event.astype(np.float64)),
        "ibs": integrated_brier(brier, points),
        "mean_auc": mean_auc(auc),
        "weighted_auc": weighted_auc(auc, km),
        "detail": {
            "grid": [_time(point) for point in points],
            "tau": _time(grid.tau),
            "auc": _listed(auc),
            "brier": _listed(brier),
            "km": _listed(observed_survival(test_time, test_event, points)),
            "mean_survival": _listed(survival.mean(axis=0)),
            "horizons": _horizons(censoring, test_time, test_event, risk, np.array(at), horizon_survival),
            "strata": []
            if strata is None
            else _strata(censoring, test_time, test_event, risk, survival, grid, strata, stratum_names),
        },
    }


def _interpolated(survival: np.ndarray, points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Survival (n, h) at times between the grid's points (n, m), and between 0 and the first of them."""
    result = np.empty((len(survival), len(at)))
    for i, t in enumerate(at):
        right = int(np.searchsorted(points, t))
        if points[min(right, len(points) - 1)] == t:
            result[:, i] = survival[:, right]
            continue
        left_time = points[right - 1] if right else 0.0
        left = survival[:, right - 1] if right else 1.0
        share = (t - left_time) / (points[right] - left_time)
        result[:, i] = left + share * (survival[:, right] - left)
    return result


def _horizons(
    censoring: Step,
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    at: np.ndarray,
    survival: np.ndarray,
) -> list[dict[str, Any]]:
    if len(at) == 0:
        return []
    brier = brier_curve(censoring, time, event, survival, at)
    auc = auc_curve(censoring, time, event, risk, at)
    observed = observed_survival(time, event, at)
    return [
        {
            "t": _time(t),
            "brier": _rounded(brier[i]),
            "auc": _rounded(auc[i]),
            "predicted": _rounded(survival[:, i].mean()),
            "observed": _rounded(observed[i]),
            "calibration": _calibration(time, event, survival[:, i], float(t)),
        }
        for i, t in enumerate(at)
    ]


def _calibration(
    time: np.ndarray, event: np.ndarray, predicted: np.ndarray, t: float
) -> list[dict[str, Any]]:
    """Rows in ten groups of predicted survival, lowest first: what was predicted, what Kaplan-Meier saw.

    `observed` is null where nobody of a group was followed for so long.
    """
    groups = np.array_split(np.argsort(predicted, kind="stable"), min(CALIBRATION_GROUPS, len(time)))
    return [
        {
            "rows": len(rows),
            "predicted": _rounded(predicted[rows].mean()),
            "observed": _rounded(observed_survival(time[rows], event[rows], t)),
        }
        for rows in groups
    ]


def _strata(
    censoring: Step,
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    survival: np.ndarray,
    grid: Grid,
    strata: np.ndarray,
    names: Sequence[str],
) -> list[dict[str, Any]]:
    """The largest strata of the test rows, largest first (by code where equally large)."""
    codes, sizes = np.unique(strata, return_counts=True)
    result = []
    for code in codes[np.lexsort((codes, -sizes))][:STRATA_SHOWN]:
        rows = np.flatnonzero(strata == code)
        its_time, its_event, its_survival = time[rows], event[rows], survival[rows]
        events = int(its_event.sum())
        scored = events >= FEWEST_EVENTS
        result.append(
            {
                "stratum": str(names[code]) if 0 <= code < len(names) else str(code),
                "rows": len(rows),
                "events": events,
                "cindex_tau": _rounded(
                    concordance(
                        pairs(its_time, its_event, risk[rows]),
                        uno_weights(censoring, its_time, its_event, grid.tau),
                    )
                )
                if scored
                else None,
                "ibs": _rounded(
                    integrated_brier(
                        brier_curve(censoring, its_time, its_event, its_survival, grid.points), grid.points
                    )
                )
                if scored
                else None,
                "mean_survival": _listed(its_survival.mean(axis=0)),
                "sd_survival": _listed(its_survival.std(axis=0)),
                "km": _listed(observed_survival(its_time, its_event, grid.points)),
                "mean_risk": _rounded(risk[rows].mean()),
                "sd_risk": _rounded(risk[rows].std()),
            }
        )
    return result


def _rounded(value: Any) -> float | None:
    """For JSON: six decimals, null for what is not defined."""
    number = float(value)
    return round(number, DECIMALS) if np.isfinite(number) else None


def _time(value: float) -> float:
    """For JSON: to ten digits that count, because a time may be in any unit."""
    return float(f"{value:.10g}")


def _listed(values: np.ndarray) -> list[float | None]:
    return [_rounded(value) for value in values]
