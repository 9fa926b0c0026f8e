"""Job `cv_refit`: the chosen model fitted on all rows, and the files that come of a cross-validation."""

import importlib
import time
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.printable import storable
from sevenfold_jobs.cv.arrays import Folders
from sevenfold_jobs.cv_refit import artifacts
from sevenfold_jobs.cv_refit.request import Request, read_request
from sevenfold_jobs.cv_refit.results import Results


def run(batch: Batch) -> dict[str, Any]:
    """Writes model, predictions and artifacts below `resultRoot`, then `cv_selections.refit` and its unit.

    Safe to repeat: the same request gives the same bytes, and a file that has its bytes is left alone.
    Returns `{modelFiles, predictions, artifacts, rows, seconds, sha256}`, paths being below `resultRoot`.
    Raises InvalidInput where the run has no selection, Fenced when a newer attempt owns the unit.
    """
    began = time.perf_counter()
    request = read_request(batch.input)
    batch.progress(0, 3, f"{request.model} on all rows")
    results = Results(request.result_root)
    # What the other kind imports takes up to 1.7 s: only who needs it pays for it.
    kind = "survival" if request.task == "survival" else "boosting"
    refit = importlib.import_module(f"sevenfold_jobs.cv_refit.{kind}").refit
    with batch.connect() as connection:
        fits = artifacts.read_fits(connection, request.run_id)
        data = artifacts.read_data(connection, request.data_version)
    with Folders(request.object_root) as folders:
        rows = refit(request, folders.path("all"), fits, results)
        batch.progress(1, 3, "artifacts")
        artifacts.write(request, data, fits, results)
    batch.progress(2, 3, "storing")
    done = {
        "modelFiles": results.of("models"),
        "predictions": results.of("predictions")[0],
        "artifacts": results.of("artifacts"),
        "root": request.result_root,
        "rows": rows,
        "seconds": round(time.perf_counter() - began, 3),
        "sha256": results.digest(),
    }
    with batch.connect() as connection:
        _select(connection, request, done)
        batch.commit(connection, 1, {key: done[key] for key in ("predictions", "rows", "sha256")})
    batch.progress(3, 3, f"{rows:,} rows predicted")
    return done


def _select(connection: psycopg.Connection, request: Request, done: dict[str, Any]) -> None:
    found = connection.execute(
        "update cv_selections set refit = %s where run_id = %s and model = %s and params_hash = %s",
        [Jsonb(storable(done)), request.run_id, request.model, request.params_hash],
    )
    if found.rowcount != 1:
        connection.rollback()
        raise InvalidInput(
            f"The run has not selected {request.model} ({request.params_hash}): there is nothing to refit."
        )
