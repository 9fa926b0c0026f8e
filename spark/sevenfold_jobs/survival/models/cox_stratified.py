"""Cox with one set of coefficients and a baseline of each stratum; the strata's own dummies are left out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sevenfold_jobs.survival.cox import Baseline, breslow_baseline, breslow_by_stratum, fit_cox
from sevenfold_jobs.survival.curves import Step
from sevenfold_jobs.survival.models import (
    Fitted,
    Parts,
    check_params,
    from_json,
    from_npz,
    not_converged,
    to_json,
    to_npz,
)

NAME = "cox_stratified"
PARAMETERS = ("ridge", "max_iter", "tolerance")
needs_strata = True

# Strata are compared by their hazard up to this percentile of the training times: near their end curves rest
# on a few rows.
_COMPARED_AT = 95.0


class Stratified(Fitted):
    """`columns` (k,): which of X are used, with `coef` (k,); `pooled` serves strata without a curve.

    The risk is the log of the cumulative hazard at the time `compared_at`: the linear predictor alone would
    rank rows of different strata as if their baselines were equal.
    """

    def __init__(
        self,
        columns: np.ndarray,
        coef: np.ndarray,
        baselines: Mapping[int, Baseline],
        pooled: Baseline,
        compared_at: float,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(notes)
        self.columns = columns
        self.coef = coef
        self.baselines = dict(baselines)
        self.pooled = pooled
        self.compared_at = compared_at

    def score(self, X: np.ndarray) -> np.ndarray:
        """The linear predictor (n,), the same in all strata."""
        return X[:, self.columns] @ self.coef

    def risk(self, X: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        score = self.score(X)
        for rows, baseline in self._by_stratum(len(X), strata):
            score[rows] += np.log(baseline.hazard.at(self.compared_at)) - baseline.shift
        return score

    def survival(self, X: np.ndarray, grid: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        score = self.score(X)
        result = np.empty((len(X), len(grid)))
        for rows, baseline in self._by_stratum(len(X), strata):
            result[rows] = baseline.survival(score[rows], grid)
        return result

    def _by_stratum(self, rows: int, strata: np.ndarray | None) -> list[tuple[np.ndarray, Baseline]]:
        """Rows and the baseline that serves them; all rows by the pooled one where no strata are given."""
        if strata is None:
            return [(np.arange(rows), self.pooled)]
        order = np.argsort(strata, kind="stable")
        codes, first = np.unique(strata[order], return_index=True)
        groups = np.split(order, first[1:])
        return [
            (group, self.baselines.get(int(code), self.pooled))
            for code, group in zip(codes, groups, strict=True)
        ]

    def parts(self) -> Parts:
        codes = sorted(self.baselines)
        curves = [self.pooled, *(self.baselines[code] for code in codes)]
        arrays = to_npz(
            columns=self.columns,
            coef=self.coef,
            codes=np.array(codes, dtype=np.int64),
            lengths=np.array([len(curve.hazard.times) for curve in curves], dtype=np.int64),
            times=np.concatenate([curve.hazard.times for curve in curves]),
            hazards=np.concatenate([curve.hazard.values for curve in curves]),
            shifts=np.array([curve.shift for curve in curves]),
            compared_at=np.array(self.compared_at),
        )
        return {"model.json": to_json({"notes": self.notes}), "model.npz": arrays}


def from_parts(parts: Mapping[str, bytes]) -> Stratified:
    arrays = from_npz(parts["model.npz"])
    ends = np.cumsum(arrays["lengths"])[:-1]
    curves = [
        Baseline(Step(times, hazard, 0.0), float(shift))
        for times, hazard, shift in zip(
            np.split(arrays["times"], ends), np.split(arrays["hazards"], ends), arrays["shifts"], strict=True
        )
    ]
    return Stratified(
        arrays["columns"],
        arrays["coef"],
        dict(zip(arrays["codes"].tolist(), curves[1:], strict=True)),
        curves[0],
        float(arrays["compared_at"]),
        from_json(parts["model.json"])["notes"],
    )


def fit(
    X: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    params: Mapping[str, Any],
    seed: int,
    strata: np.ndarray | None = None,
    strata_columns: np.ndarray | None = None,
) -> Stratified:
    """Rows are compared within their stratum (n,); without strata, all with all.

    A stratum without an event up to the time of comparison has the pooled baseline: its own would say that
    nothing ever happens in it. ValueError where there is no event.
    """
    check_params(NAME, params)
    columns = np.arange(X.shape[1])
    if strata_columns is not None:
        columns = np.setdiff1d(columns, np.asarray(strata_columns, dtype=np.int64))
    used = X[:, columns]
    found = fit_cox(
        used,
        time,
        event,
        ridge=params["ridge"],
        strata=strata,
        max_iter=params["max_iter"],
        tol=params["tolerance"],
    )
    score = used @ found.coef
    pooled = breslow_baseline(time, event, score)
    # No later than the pooled curve can be read, no earlier than its first event.
    compared_at = max(float(np.percentile(time, _COMPARED_AT)), float(pooled.hazard.times[0]))
    notes = [] if found.converged else [not_converged(NAME, found.iterations, "ridge", params["ridge"])]
    baselines: dict[int, Baseline] = {}
    if strata is not None:
        curves = breslow_by_stratum(time, event, score, strata)
        baselines = {code: curve for code, curve in curves.items() if curve.hazard.at(compared_at) > 0}
        without = len(np.unique(strata)) - len(baselines)
        if without:
            notes.append(f"strata without an event, served by the baseline of all rows: {without}")
    return Stratified(columns, found.coef, baselines, pooled, compared_at, notes)
