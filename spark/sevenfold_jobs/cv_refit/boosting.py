"""A set of LightGBM's parameters on all rows."""

import json
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs import boosting
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.arrays import load_array, load_json
from sevenfold_jobs.cv.processes import cores
from sevenfold_jobs.cv.scoring import CHAIN, boosting_columns
from sevenfold_jobs.cv.versions import versions_of
from sevenfold_jobs.cv_refit.artifacts import Fit
from sevenfold_jobs.cv_refit.request import Request
from sevenfold_jobs.cv_refit.results import Results

_DIGITS = 6


def refit(request: Request, folder: Path, fits: list[Fit], results: Results) -> int:
    """Writes model and predictions; returns the rows. `folder` is `all/` of the data version.

    Without inner split nothing stops the training: it has as many trees as the folds needed, their median.
    It is alone, so it has every core: their number changes no byte of the model.
    """
    about = load_json(folder, "fold.json")
    X = load_array(folder, "X")
    trees = request.trees or _trees_of(request, fits)
    text, predict = boosting.refit(
        (np.array(X), np.array(load_array(folder, "y"))),
        request.params,
        request.task,
        trees,
        request.seed,
        max(request.threads, cores()),
        tuple(about["categorical"]),
    )
    stored = {
        "task": request.task,
        "model": request.model,
        "params": request.params,
        "trees": trees,
        "seed": request.seed,
        "runType": request.run_type,
        "dataVersion": request.data_version,
        "parts": ["model.txt"],
        "versions": versions_of(request.model),
        **{key: about[key] for key in ("columns", "levels", "classes", "id")},
    }
    results.put(f"{request.model_folder}/model.txt", text.encode())
    results.put(f"{request.model_folder}/{CHAIN}", json.dumps(stored, sort_keys=True, indent=1).encode())
    columns = boosting_columns(predict(X), about["classes"])
    ids = pq.read_table(folder / "ids.parquet")
    table = {"id": ids.column(0), "model_name": pa.array([request.model] * len(X))}
    for name, values in columns.items():
        table[name] = np.round(values, _DIGITS) if isinstance(values, np.ndarray) else values
    results.put_table(request.predictions(request.task), pa.table(table))
    return len(X)


def _trees_of(request: Request, fits: list[Fit]) -> int:
    found = [
        fit.best_iteration
        for fit in fits
        if (fit.model, fit.params_hash) == (request.model, request.params_hash) and fit.best_iteration
    ]
    if not found:
        raise InvalidInput(
            f"{request.model} ({request.params_hash}) has no fit whose trees could be counted."
        )
    return max(1, round(median(found)))
