"""The fit itself, as every mode does it: in a process of its own, from the fold's arrays to its figures."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common import lean
from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.objects import write_object
from sevenfold_jobs.cv.arrays import array_bytes, load_array, load_json
from sevenfold_jobs.cv_fit.request import Fit, Request

# Stages of small fits last less than a millisecond.
_STAGE_DIGITS = 4

# Imported once by whoever forks, so that no fit pays for it.
_LIBRARIES = {
    "coxnet": ("sksurv.linear_model", "sksurv.util"),
    "gbsa": ("sksurv.ensemble", "sksurv.util"),
    "rsf": ("sksurv.ensemble", "sksurv.util"),
    "lightgbm": ("sevenfold_jobs.boosting", "sklearn.metrics"),
}
# Before those, which import what a booster must not find.
_BOOSTERS = {"xgb_cox": "xgboost", "lgb_cox": "lightgbm", "lightgbm": "lightgbm"}


def import_for(models: Iterable[str]) -> None:
    """What the fits of these models import, of ours and of others."""
    importlib.import_module("threadpoolctl")
    distinct = dict.fromkeys(models)
    for booster in [_BOOSTERS[model] for model in distinct if model in _BOOSTERS]:
        lean.load(booster)
    for model in distinct:
        for library in _LIBRARIES.get(model, ()):
            importlib.import_module(library)
        if model != "lightgbm":
            importlib.import_module("sevenfold_jobs.survival.metrics")
            importlib.import_module(f"sevenfold_jobs.survival.models.{model}")


def fit(request: Request, fit: Fit, folder: Path) -> dict[str, Any]:
    """Fits, scores and stores; returns what goes into the fit's row, by column of cv_fits.

    `folder` is the fold's. BLAS and OpenMP have the fit's threads and no more.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(fit.threads):
        if request.task == "survival":
            return _fit_survival(request, fit, folder)
        return _fit_boosting(request, fit, folder)


def arrays_address(object_root: str, fit_key: str) -> str:
    """Where a fit's arrays lie: by its key, so that a fit that is done again overwrites itself."""
    return f"{object_root}/fits/{fit_key}"


def _fit_survival(request: Request, fit: Fit, folder: Path) -> dict[str, Any]:
    from sevenfold_jobs.survival.grid import Grid, horizons_for
    from sevenfold_jobs.survival.metrics import evaluate
    from sevenfold_jobs.survival.models import load

    stages = Clock(_STAGE_DIGITS)
    fold = load_json(folder, "fold.json")
    X_train, X_test = load_array(folder, "X_train"), load_array(folder, "X_test")
    train, test = (
        {name: np.array(load_array(folder, f"{name}_{part}")) for name in ("time", "event", "strata")}
        for part in ("train", "test")
    )
    grid = Grid(**{**fold["grid"], "points": np.array(fold["grid"]["points"])})
    stages.lap("load")
    module = load(fit.model)
    fitted = module.fit(
        X_train,
        train["time"],
        train["event"],
        fit.params,
        fit.seed,
        strata=train["strata"] if module.needs_strata else None,
        strata_columns=fold["strataColumns"] if module.needs_strata else None,
    )
    stages.lap("fit")
    strata = test["strata"] if module.needs_strata else None
    risk = fitted.risk(X_test, strata)
    # Grid and horizons in one pass over the rows.
    horizons = np.array(horizons_for(request.horizons, grid))
    times = np.union1d(grid.points, horizons)
    curves = fitted.survival(X_test, times, strata)
    _refuse_no_numbers(risk, curves)
    notes = [*fitted.notes, *_remarks(risk)]
    survival = curves[:, np.searchsorted(times, grid.points)]
    at_horizons = curves[:, np.searchsorted(times, horizons)]
    stages.lap("predict")
    figures = evaluate(
        train["time"],
        train["event"],
        test["time"],
        test["event"],
        risk,
        survival,
        grid,
        request.horizons,
        test["strata"],
        fold["strataNames"],
        horizon_survival=at_horizons,
    )
    stages.lap("metrics")
    address = arrays_address(request.object_root, fit.fit_key)
    # Half the bytes; six digits are more than a probability has.
    write_object(f"{address}/surv.npy", array_bytes(survival.astype(np.float32)))
    write_object(f"{address}/risk.npy", array_bytes(risk.astype(np.float64)))
    stages.lap("store")
    detail = figures.pop("detail")
    figures = _finite(figures)
    _refuse_no_figure(figures, request.task)
    return {
        **figures,
        "train_rows": len(X_train),
        "test_rows": len(X_test),
        "arrays": address,
        "detail": {**detail, "stages": stages.seconds, "notes": notes},
    }


def _fit_boosting(request: Request, fit: Fit, folder: Path) -> dict[str, Any]:
    from sevenfold_jobs.boosting import fit_set

    stages = Clock(_STAGE_DIGITS)
    fold = load_json(folder, "fold.json")
    load_json(folder, "meta.json")
    figures = fit_set(folder, fit.params, request.task, not request.parity, fit.seed, fit.threads)
    stages.lap("fit")
    detail = figures.pop("detail")
    # Classes are numbers where they are fitted; a reader knows them by name.
    report = detail.get("classification_report")
    if report:
        names = fold["classes"]
        detail["classification_report"] = {names[int(key)]: value for key, value in report.items()}
    trees = figures.pop("best_iteration")
    figures = _finite(figures)
    _refuse_no_figure(figures, request.task)
    address = arrays_address(request.object_root, fit.fit_key)
    _write_result(f"{address}/result.parquet", fit, figures, trees, stages.seconds["fit"])
    stages.lap("store")
    return {
        **figures,
        "best_iteration": trees,
        "train_rows": fold["rows"]["train"] + (0 if request.parity else fold["rows"]["stopping"]),
        "test_rows": fold["rows"]["test"],
        "arrays": address,
        "detail": {
            **detail,
            "stages": {**detail["stages"], "store": stages.seconds["store"]},
        },
    }


def _write_result(
    address: str, fit: Fit, figures: dict[str, float | None], trees: int, seconds: float
) -> None:
    """The fit as one row of Parquet: fold, figures, seconds, then every parameter."""
    row = {"fold_id": fit.fold, **figures, "best_iteration": trees, "training_time": seconds}
    row |= {name: value for name, value in fit.params.items() if name not in row}
    plain = {
        name: value if isinstance(value, int | float | str | bool) or value is None else str(value)
        for name, value in row.items()
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([plain]), sink)
    write_object(address, sink.getvalue().to_pybytes())


def _refuse_no_numbers(risk: np.ndarray, survival: np.ndarray) -> None:
    if not np.isfinite(risk).all() or not np.isfinite(survival).all():
        raise ValueError("the model predicts values that are no numbers")


#: What a fit must have to be compared; src/kinds/cross-validation/ledger.ts asks for the same.
_NEEDED = {
    "survival": ("cindex_tau", "ibs"),
    "classification": ("auc", "accuracy", "f1"),
    "regression": ("rmse", "mae"),
}


def _refuse_no_figure(figures: dict[str, float | None], task: str) -> None:
    """A fit without the figure that decides has failed: as a stored one it would be made again for ever."""
    missing = [name for name in _NEEDED[task] if figures[name] is None]
    if missing:
        raise JobError(f"the test rows give no {', '.join(missing)}: use other folds, or more rows")


def _remarks(predicted: np.ndarray) -> list[str]:
    """What the figures alone would hide: a model that tells no row from another has the C of a coin."""
    spread = float(np.ptp(predicted))
    if spread <= 1e-12 * max(1.0, float(np.abs(predicted).max())):
        return ["predicts the same for every test row: it has learnt nothing from these columns"]
    return []


def _finite(figures: dict[str, Any]) -> dict[str, float | None]:
    return {
        name: None if value is None or not np.isfinite(value) else float(value)
        for name, value in figures.items()
    }
