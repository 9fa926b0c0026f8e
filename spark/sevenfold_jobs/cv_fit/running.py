"""One fit from its start to its row: what is done around the fork, the same in every mode."""

from functools import partial
from pathlib import Path
from typing import Any

from sevenfold_jobs.common.failures import (
    ExecutorLost,
    Infrastructure,
    InvalidInput,
    JobError,
    describe_piece,
)
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.cv.arrays import Folders
from sevenfold_jobs.cv.processes import Child, Ended
from sevenfold_jobs.cv.rows import write_fit
from sevenfold_jobs.cv.versions import versions_of
from sevenfold_jobs.cv_fit import fitting
from sevenfold_jobs.cv_fit.request import Fit, Request

# What is wrong with the batch, not with the fit whose child says so.
_OF_THE_BATCH = {failure.type: failure for failure in (Infrastructure, ExecutorLost)}

Result = dict[str, Any]


def start(task: Task, request: Request, fit: Fit, folder: Path) -> Child:
    """The fit in a process of its own, which may hold the batch's memory and no more."""
    return Child(partial(_in_child, task, request, fit, folder), request.memory_mb, task.register)


def folder_for(request: Request, fit: Fit, folders: Folders) -> Path:
    """Where the fit finds its fold. Raises InvalidInput where its estimate is more than the memory there is,
    JobError where the fold is gone."""
    if fit.estimate_mb > request.memory_mb:
        raise InvalidInput(
            f"{fit.name} needs about {fit.estimate_mb:,.0f} MB and may hold {request.memory_mb:,.0f} MB: "
            "give it more memory or leave the model out."
        )
    try:
        return folders.path(f"fold_{fit.fold}")
    except JobError as error:
        raise JobError(_of_fit(fit, str(error))) from error


def settle(task: Task, fence: dict[str, Any], request: Request, fit: Fit, ended: Ended) -> Result:
    """Writes the fit's row; `{unit, seconds}` or `{unit, errorType, message}`.

    Raises Fenced and Infrastructure, which are not the fit's own.
    """
    if ended.error_type is not None:
        message = _of_fit(fit, ended.message or ended.error_type)
        if ended.error_type in _OF_THE_BATCH:
            raise _OF_THE_BATCH[ended.error_type](message)
        return fail(task, fence, request, fit, ended.error_type, message, _costs(ended))
    try:
        _write(task, _row(fence, request, fit) | ended.result | _costs(ended) | {"status": "complete"}, fit)
    except Exception as error:
        error_type, message = describe_piece(error)
        return fail(task, fence, request, fit, error_type, _of_fit(fit, message), _costs(ended))
    return {"unit": fit.unit, "seconds": ended.seconds}


def fail(
    task: Task,
    fence: dict[str, Any],
    request: Request,
    fit: Fit,
    error_type: str,
    message: str,
    costs: dict[str, float] | None = None,
) -> Result:
    """Writes the failed fit's row, if the database will have it, and says what went wrong."""
    row = _row(fence, request, fit) | (costs or {})
    row |= {"status": "failed", "error_type": error_type, "error": message}
    try:
        _write(task, row, fit)
    except Exception as error:
        kind, why = describe_piece(error)
        print(f"the failed fit {fit.name} has no row: {kind}: {why}")
    return {"unit": fit.unit, "errorType": error_type, "message": message}


def _in_child(task: Task, request: Request, fit: Fit, folder: Path) -> dict[str, Any]:
    task.failpoint("fit-running")
    result = fitting.fit(request, fit, folder)
    task.failpoint("fit-done")
    return result


def _write(task: Task, row: dict[str, Any], fit: Fit) -> None:
    # A connection a row: no fork may share one.
    with task.connect() as connection:
        write_fit(connection, task, fit.unit, row)


def _row(fence: dict[str, Any], request: Request, fit: Fit) -> dict[str, Any]:
    return {
        "run_id": fence["runId"],
        "model": fit.model,
        "fold": fit.fold,
        "params_hash": fit.params_hash,
        "fit_key": fit.fit_key,
        "data_version": request.data_version,
        "run_type": request.run_type,
        "params": fit.params,
        "seed": fit.seed,
        "threads": fit.threads,
        "versions": versions_of(fit.model),
        "attempt": fence["attempt"],
    }


def _costs(ended: Ended) -> dict[str, float]:
    return {
        "seconds": round(ended.seconds, 4),
        "cpu_seconds": round(ended.cpu_seconds, 4),
        "peak_mb": round(ended.peak_mb, 1),
    }


def _of_fit(fit: Fit, message: str) -> str:
    return f"{fit.name}: {message}"
