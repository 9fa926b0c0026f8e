"""Job `cv_fit`: models fitted on folds, one process a fit, one row a fit."""

import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.common.watching import watched
from sevenfold_jobs.cv.arrays import Folders
from sevenfold_jobs.cv.processes import Children
from sevenfold_jobs.cv.rows import is_committed
from sevenfold_jobs.cv_fit import fitting, running
from sevenfold_jobs.cv_fit.request import Fit, Request, read_request
from sevenfold_jobs.cv_fit.running import Result

# Partitions a core: few, as each imports the libraries; more than one, as the longest fits come first.
_PARTITIONS_A_CORE = 2


def run(batch: Batch) -> dict[str, Any]:
    """Each fit is one process and one transaction: its row, and its unit's commit, if the unit is still ours.

    `mode` says only where the processes are: `pandas` one at a time here, `mp` several at a time here as
    long as their estimates fit `memoryMb` together, `spark` one a Spark task. The figures are equal.
    A fit that fails is a row with its error and an entry of `failed: [{units, errorType, message}]`; the
    others go on. Returns `{fitted, failed, seconds}`. Raises InvalidInput for a request that is wrong,
    Fenced and Infrastructure.
    """
    began = time.perf_counter()
    request = read_request(batch.input)
    how = _on_spark if request.mode == "spark" else _here
    results = how(batch, request)
    failed = [
        {"units": [each["unit"]], "errorType": each["errorType"], "message": each["message"]}
        for each in results
        if "errorType" in each
    ]
    total = len(request.fits)
    batch.progress(total, total, f"{total - len(failed)} fitted, {len(failed)} failed")
    return {
        "fitted": total - len(failed),
        "failed": failed,
        "seconds": {
            "all": round(time.perf_counter() - began, 3),
            "fits": round(sum(each.get("seconds", 0.0) for each in results), 3),
        },
    }


def _here(batch: Batch, request: Request) -> list[Result]:
    """In forks of this process, started in the order of the request."""
    fitting.import_for(fit.model for fit in request.fits)
    waiting = deque(request.fits)
    most = request.processes if request.mode == "mp" else 1
    task, total = batch.task(), len(request.fits)
    results: list[Result] = []
    under_way: Children[Fit]
    with Folders(request.object_root) as folders, Children() as under_way:
        while waiting or under_way:
            while waiting and _fits_beside(request, waiting[0], under_way, most):
                fit = waiting.popleft()
                try:
                    folder = running.folder_for(request, fit, folders)
                except JobError as error:
                    results.append(running.fail(task, batch.fence, request, fit, error.type, str(error)))
                    continue
                under_way.add(running.start(task, request, fit, folder), fit)
            _tell(batch, len(results), total, under_way)
            if not under_way:
                continue
            fit, ended = under_way.wait()
            results.append(running.settle(task, batch.fence, request, fit, ended))
    return results


def _fits_beside(request: Request, fit: Fit, under_way: Children[Fit], most: int) -> bool:
    """One runs whatever its estimate, if nothing else does: too large a one is refused by itself."""
    if not under_way:
        return True
    held = sum(other.estimate_mb for other in under_way.about)
    return len(under_way) < most and held + fit.estimate_mb <= request.memory_mb


def _tell(batch: Batch, done: int, total: int, under_way: Children[Fit]) -> None:
    if done < total:
        batch.progress(done, total, ", ".join(fit.name for fit in under_way.about))


def _on_spark(batch: Batch, request: Request) -> list[Result]:
    """By Spark tasks; each fit is again a fork, of its task's process."""
    context = batch.spark().sparkContext
    fits = request.fits
    parts = min(len(fits), batch.partitions(_PARTITIONS_A_CORE)) or 1
    # Dealt in turn, so that every partition begins with the longest of its fits.
    dealt = [fits[part::parts] for part in range(parts)]
    do = partial(_in_task, batch.task(), batch.fence, request)
    note = f"{len(fits)} fits of {', '.join(dict.fromkeys(fit.model for fit in fits))} by Spark"
    units = [fit.unit for fit in fits]
    with watched(batch, len(fits), note, partial(_committed, batch.fence, units)):
        return context.parallelize(dealt, parts).mapPartitions(batch.task().metered(do)).collect()


def _in_task(
    task: Task, fence: dict[str, Any], request: Request, hands: Iterator[list[Fit]]
) -> Iterator[Result]:
    fits = [fit for hand in hands for fit in hand]
    fitting.import_for(fit.model for fit in fits)
    with Folders(request.object_root) as folders:
        for fit in fits:
            # A task that was lost is run again: what it committed before is not done twice.
            with task.connect() as connection:
                if is_committed(connection, fence["runId"], fit.unit, fence["attempt"]):
                    yield {"unit": fit.unit}
                    continue
            try:
                folder = running.folder_for(request, fit, folders)
            except JobError as error:
                yield running.fail(task, fence, request, fit, error.type, str(error))
                continue
            alone: Children[Fit]
            with Children() as alone:
                alone.add(running.start(task, request, fit, folder), fit)
                _, ended = alone.wait()
            yield running.settle(task, fence, request, fit, ended)


def _committed(fence: dict[str, Any], units: list[str], connection: psycopg.Connection) -> int:
    [count] = connection.execute(
        """
        select count(*) from units
         where run_id = %(runId)s and unit = any (%(units)s) and attempt = %(attempt)s
           and committed_attempt = %(attempt)s
        """,
        {**fence, "units": units},
    ).fetchone()
    return count
