"""The files that a person reads after a run: metrics, strata, hazards, and the folds' predictions."""

import json
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import psycopg

from sevenfold_jobs.common.failures import InvalidInput, JobError
from sevenfold_jobs.cv.rows import FIGURES
from sevenfold_jobs.cv_refit.request import Request
from sevenfold_jobs.cv_refit.results import Results


@dataclass(frozen=True)
class Fit:
    """A complete fit of the run; `figures` by column of cv_fits, those that it has."""

    model: str
    params_hash: str
    fold: int
    params: dict[str, Any]
    figures: dict[str, float | None]
    best_iteration: int | None
    strata: list[dict[str, Any]]
    grid: list[float]
    arrays: str | None


@dataclass(frozen=True)
class Data:
    """What the run's data say of themselves."""

    summary: dict[str, Any]
    hazards: list[dict[str, Any]] | None


def read_fits(connection: psycopg.Connection, run_id: str) -> list[Fit]:
    """In the order of model, parameters and fold."""
    rows = connection.execute(
        f"""
        select model, params_hash, fold, params, best_iteration, detail -> 'strata', detail -> 'grid', arrays,
               {", ".join(FIGURES)}
          from cv_fits where run_id = %s and status = 'complete' order by model, params_hash, fold
        """,
        [run_id],
    ).fetchall()
    return [
        Fit(
            model=model,
            params_hash=params_hash,
            fold=fold,
            params=params,
            figures=dict(zip(FIGURES, figures, strict=True)),
            best_iteration=best_iteration,
            strata=strata or [],
            grid=grid or [],
            arrays=arrays,
        )
        for model, params_hash, fold, params, best_iteration, strata, grid, arrays, *figures in rows
    ]


def read_data(connection: psycopg.Connection, data_version: str) -> Data:
    """InvalidInput where the data version is not there."""
    row = connection.execute(
        "select summary, hazards from cv_data where data_version = %s", [data_version]
    ).fetchone()
    if row is None:
        raise InvalidInput(f"Data version {data_version} is not prepared: prepare it first.")
    return Data(*row)


def write(request: Request, data: Data, fits: list[Fit], results: Results) -> None:
    """Everything below `artifacts/`."""
    names = _names(fits)
    _write_metrics(request, fits, names, results)
    _write_summary(request, fits, names, results)
    if request.task != "survival":
        return
    results.put_csv(
        "artifacts/ph_flags.csv",
        ["column", "p", "p_holm", "chi2", "flagged"],
        [
            [each.get(key) for key in ("column", "p", "pHolm", "chi2", "flagged")]
            for each in data.hazards or []
        ],
    )
    keys = ("stratum", "rows", "events", "eventRate", "meanTime", "medianTime", "minTime", "maxTime")
    header = ["stratum", "rows", "events", "event_rate", "mean_time", "median_time", "min_time", "max_time"]
    results.put_csv(
        "artifacts/strata_summary.csv",
        header,
        [[each.get(key) for key in keys] for each in data.summary.get("strata", [])],
    )
    for fit in fits:
        _write_fold(fit, names[fit.model, fit.params_hash], results)


def _names(fits: list[Fit]) -> dict[tuple[str, str], str]:
    """The model's name, with its parameters' hash where a run has several sets of them."""
    hashes: dict[str, set[str]] = defaultdict(set)
    for fit in fits:
        hashes[fit.model].add(fit.params_hash)
    return {
        (model, each): model if len(of_model) == 1 else f"{model}@{each}"
        for model, of_model in hashes.items()
        for each in of_model
    }


def _write_metrics(
    request: Request, fits: list[Fit], names: dict[tuple[str, str], str], results: Results
) -> None:
    """Scalars only, a row a fit; of a grid every parameter too."""
    figures = [name for name in FIGURES if any(fit.figures[name] is not None for fit in fits)]
    if request.task == "survival":
        # The three that A7 names come first.
        first = ["cindex", "ibs", "mean_auc"]
        figures = first + [name for name in figures if name not in first]
    params: list[str] = []
    if request.task != "survival":
        params = sorted({name for fit in fits for name in fit.params})
    extra = ["best_iteration"] if any(fit.best_iteration for fit in fits) else []
    rows = [
        [
            names[fit.model, fit.params_hash],
            fit.fold,
            *(fit.figures[name] for name in figures),
            *(fit.best_iteration for _ in extra),
            *(_plain(fit.params.get(name)) for name in params),
        ]
        for fit in fits
    ]
    results.put_csv("artifacts/model_metrics.csv", ["model", "fold", *figures, *extra, *params], rows)


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _write_summary(
    request: Request, fits: list[Fit], names: dict[tuple[str, str], str], results: Results
) -> None:
    """Means over the folds; of survival also the ranks by C and by IBS, 1 being the best."""
    by_name: dict[str, list[Fit]] = defaultdict(list)
    for fit in fits:
        by_name[names[fit.model, fit.params_hash]].append(fit)
    figures = [name for name in FIGURES if any(fit.figures[name] is not None for fit in fits)]
    means = {
        name: {figure: _mean([fit.figures[figure] for fit in of_name]) for figure in figures}
        for name, of_name in by_name.items()
    }
    header = ["model", "folds", *(f"mean_{figure}" for figure in figures)]
    rows = [
        [name, len(by_name[name]), *(means[name][figure] for figure in figures)] for name in sorted(by_name)
    ]
    if request.task == "survival":
        by_c = _ranks({name: of_name.get("cindex") for name, of_name in means.items()}, -1)
        by_ibs = _ranks({name: of_name.get("ibs") for name, of_name in means.items()}, 1)
        header += ["rank_cindex", "rank_ibs"]
        rows = [[*row, by_c[row[0]], by_ibs[row[0]]] for row in rows]
    results.put_csv("artifacts/model_summary.csv", header, rows)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _ranks(values: dict[str, float | None], sign: int) -> dict[str, int | None]:
    """1 for the smallest of `sign` times the value; equal values share a rank."""
    known = {name: sign * value for name, value in values.items() if value is not None}
    return {
        name: 1 + sum(other < known[name] for other in known.values()) if name in known else None
        for name in values
    }


def _write_fold(fit: Fit, name: str, results: Results) -> None:
    folder = f"artifacts/{name}"
    for part in ("surv", "risk"):
        address = f"{fit.arrays}/{part}.npy"
        try:
            results.put_copy(f"{folder}/{name}_fold{fit.fold}_{part}.npy", address)
        except FileNotFoundError:
            raise JobError(f"{address}, of {fit.model} on fold {fit.fold}, is gone: fit it again.") from None
    # By number, since two points of a fine grid may be equal to two decimals.
    points = [f"{number:02d}_t{t:.2f}" for number, t in enumerate(fit.grid)]
    header = ["stratum", "rows", "events", "mean_risk", "sd_risk"]
    header += [f"mean_survival_{point}" for point in points] + [f"sd_survival_{point}" for point in points]
    nothing = [None] * len(points)
    results.put_csv(
        f"{folder}/{name}_fold{fit.fold}_strata.csv",
        header,
        [
            [
                *(each.get(key) for key in ("stratum", "rows", "events", "mean_risk", "sd_risk")),
                *(each.get("mean_survival") or nothing),
                *(each.get("sd_survival") or nothing),
            ]
            for each in fit.strata
        ],
    )
