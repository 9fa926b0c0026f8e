"""A survival model on all rows."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.cv.arrays import load_array, load_json
from sevenfold_jobs.cv.scoring import CHAIN, survival_columns
from sevenfold_jobs.cv.versions import versions_of
from sevenfold_jobs.cv_refit.artifacts import Fit
from sevenfold_jobs.cv_refit.request import Request
from sevenfold_jobs.cv_refit.results import Results
from sevenfold_jobs.survival.models import load

_DIGITS = 6


def refit(request: Request, folder: Path, fits: list[Fit], results: Results) -> int:
    """Writes model and predictions; returns the rows. `folder` is `all/` of the data version."""
    from threadpoolctl import threadpool_limits

    about = load_json(folder, "fold.json")
    X = load_array(folder, "X")
    time, event = np.array(load_array(folder, "time")), np.array(load_array(folder, "event"))
    module = load(request.model)
    strata = np.array(load_array(folder, "strata")) if module.needs_strata else None
    with threadpool_limits(request.threads):
        fitted = module.fit(
            X,
            time,
            event,
            request.params,
            request.seed,
            strata=strata,
            strata_columns=about["strataColumns"] if module.needs_strata else None,
        )
        until = float(time.max())
        grid = about["grid"]
        horizons = [h for h in request.horizons if grid["low"] <= h <= grid["tau"]]
        columns = survival_columns(fitted, X, strata, until, sorted(horizons))
    parts = fitted.parts()
    for name, content in parts.items():
        results.put(f"{request.model_folder}/{name}", content)
    stored = {
        "task": request.task,
        "model": request.model,
        "params": request.params,
        "seed": request.seed,
        "threads": request.threads,
        "runType": request.run_type,
        "dataVersion": request.data_version,
        "parts": sorted(parts),
        "notes": fitted.notes,
        "until": until,
        "horizons": sorted(horizons),
        "versions": versions_of(request.model),
        **{key: about[key] for key in ("chain", "columns", "strataOf", "strataNames", "id")},
    }
    results.put(f"{request.model_folder}/{CHAIN}", json.dumps(stored, sort_keys=True, indent=1).encode())
    ids = pq.read_table(folder / "ids.parquet")
    table = {"id": ids.column(0), "model_name": pa.array([request.model] * len(X))}
    table |= {name: np.round(values, _DIGITS) for name, values in columns.items()}
    results.put_table(request.predictions("survival"), pa.table(table))
    return len(X)
