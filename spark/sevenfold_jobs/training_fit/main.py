"""Job `training_fit`: trials of models on folds, each fit a process, a row and a commit of its own."""

import time
from functools import partial
from pathlib import Path
from typing import Any

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import (
    ExecutorLost,
    Infrastructure,
    InvalidInput,
    JobError,
    describe_piece,
)
from sevenfold_jobs.common.objects import BUCKET_SCHEME
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.cv.processes import Child, Children, Ended
from sevenfold_jobs.cv.versions import versions_of
from sevenfold_jobs.training.model_files import Member, StoredModel, write_model
from sevenfold_jobs.training.prepared import Place, read_prepared, read_split
from sevenfold_jobs.training_fit import fitting
from sevenfold_jobs.training_fit.order import Order, read_ended
from sevenfold_jobs.training_fit.request import Fit, Request, read_request
from sevenfold_jobs.training_fit.rows import find_stored, write_fit

# What is wrong with the batch, not with the fit whose child says so; with the request, which no fit mends.
_OF_THE_BATCH = {failure.type: failure for failure in (Infrastructure, ExecutorLost, InvalidInput)}
# Another time, or with more room, it may pass; all else would end the same way again, and is an answer.
_MAY_PASS = ("OutOfMemory", "NoSpace", "TimedOut", "QuotaExceeded")


def run(batch: Batch) -> dict[str, Any]:
    """A fit is done when the trials that its parameters are learnt from have ended, in this batch or before.

    Equal parameters are not fitted twice, in whatever run. A fit that its library refuses is a row with its
    error, and the others go on. Returns `{fitted, refused, takenOver, failed, seconds}`; `failed` are fits
    without an answer. Raises Fenced, Infrastructure, and InvalidInput where a fit cannot be as it was asked
    for.
    """
    began = time.perf_counter()
    request = read_request(batch.input, batch.fence)
    with batch.connect() as connection:
        order = Order(request, read_ended(connection, request))
    with Place(f"{request.object_root}/data") as folder:
        work = (_Here if request.tasks is None else _InTasks)(batch, request, order, folder)
        work.run()
    counts = work.counts
    failed = work.failed + _stranded(order, request, work.failed)
    total = len(request.fits)
    batch.progress(
        total, total, f"{counts['fitted']} fitted, {counts['takenOver']} taken over, {len(failed)} left"
    )
    return {**counts, "failed": failed, "seconds": round(time.perf_counter() - began, 3)}


def _stranded(order: Order, request: Request, failed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fits that wait for a trial which nobody will end: it was given up, and is no part of this batch."""
    broken = {unit for each in failed for unit in each["units"]}
    mine = {(fit.model, fit.trial) for fit in request.fits if fit.unit in broken}
    mine |= {(fit.model, fit.trial) for fit in order.waiting}
    stranded = []
    for fit in order.waiting:
        trial = order.waits_for(fit)
        if trial is not None and (fit.model, trial) not in mine:
            message = f"{fit.name}: waits for trial {trial} of {fit.model}, which was given up"
            stranded.append({"units": [fit.unit], "errorType": "CheckFailed", "message": message})
    return stranded


class _Here:
    """Fits in forks of this process, as many at a time as asked."""

    def __init__(self, batch: Batch, request: Request, order: Order, folder: Path) -> None:
        self._batch, self._request, self._order, self._folder = batch, request, order, folder
        self._task: Task = batch.task()
        self._under_way: Children[tuple[Fit, dict[str, Any]]] = Children()
        self.failed: list[dict[str, Any]] = []
        self.counts = {"fitted": 0, "refused": 0, "takenOver": 0}

    def run(self) -> None:
        fitting.import_for(fit.model for fit in self._request.fits)
        matrices = fitting.Matrices(self._request, read_prepared(self._folder), read_split(self._folder))
        total = len(self._request.fits)
        with self._under_way as under_way:
            while True:
                while len(under_way) < self._request.processes:
                    fit = self._order.next()
                    if fit is None:
                        break
                    self._begin(fit, matrices)
                if not under_way:
                    return
                names = ", ".join(fit.name for fit, _ in under_way.about)
                done = sum(self.counts.values()) + len(self.failed)
                if done < total:
                    self._batch.progress(done, total, names)
                (fit, params), ended = under_way.wait()
                self._settle(fit, params, ended)

    def _take_over(self, fit: Fit, params: dict[str, Any]) -> bool:
        """Whether the same fit has been made before, in whatever run: then it is not made again."""
        key = fitting.fit_key(self._request, fit, params)
        with self._batch.connect() as connection:
            stored = find_stored(connection, key, self._request.object_root)
        if stored is None or not _is_there(stored["predictions"]):
            return False
        self._write(fit, params, stored | {"status": "complete", "taken_over": True})
        self._order.end(fit, stored["value"])
        self.counts["takenOver"] += 1
        return True

    def _begin(self, fit: Fit, matrices: fitting.Matrices) -> None:
        params = self._order.params_of(fit)
        if self._take_over(fit, params):
            return
        # Made here, so that the fits of a fold share it.
        matrices.of(fit)
        do = partial(_in_child, self._task, self._request, fit, params, matrices)
        self._under_way.add(Child(do, self._request.memory_mb, self._task.register), (fit, params))

    def _settle(self, fit: Fit, params: dict[str, Any], ended: Ended) -> None:
        costs = {
            "seconds": round(ended.seconds, 4),
            "cpu_seconds": None if ended.cpu_seconds is None else round(ended.cpu_seconds, 4),
            "peak_mb": None if ended.peak_mb is None else round(ended.peak_mb, 1),
        }
        if ended.error_type is None:
            self._write(fit, params, ended.result | costs | {"status": "complete"})
            self._order.end(fit, ended.result["value"])
            self.counts["fitted"] += 1
            return
        message = f"{fit.name}: {ended.message or ended.error_type}"
        if ended.error_type in _OF_THE_BATCH:
            raise _OF_THE_BATCH[ended.error_type](message)
        if ended.error_type in _MAY_PASS:
            # Trials after it learn from it, so they wait until it has an answer.
            self.failed.append({"units": [fit.unit], "errorType": ended.error_type, "message": message})
            return
        row = {"status": "failed", "error_type": ended.error_type, "error": message}
        self._write(fit, params, row | costs)
        self._order.end(fit, None)
        self.counts["refused"] += 1

    def _write(self, fit: Fit, params: dict[str, Any], row: dict[str, Any]) -> None:
        request = self._request
        whole = {
            "run_id": request.run_id,
            "model": fit.model,
            "trial": fit.trial,
            "fold": fit.fold,
            "fit_key": fitting.fit_key(request, fit, params),
            "data_version": request.data_version,
            "params": params,
            "versions": versions_of(fit.model, ("scikit-learn",)),
            "attempt": request.attempt,
        } | row
        try:
            # A connection a row: no fork may share one.
            with self._task.connect() as connection:
                write_fit(connection, self._task, fit.unit, whole)
        except JobError:
            raise
        except Exception as error:
            kind, message = describe_piece(error)
            raise Infrastructure(f"{fit.name} has no row: {kind}: {message}") from error


class _InTasks(_Here):
    """Fits one after the other, each by all tasks of Spark together."""

    def run(self) -> None:
        from sevenfold_jobs.training.distributed.rows import Rows
        from sevenfold_jobs.training.distributed.tasks import Tasks

        request = self._request
        assert request.tasks is not None
        tasks = Tasks(self._batch)
        tasks.refuse_too_few_cores(request.tasks)
        rows = Rows(tasks, self._folder, request.tasks)
        while (fit := self._order.next()) is not None:
            params = self._order.params_of(fit)
            if self._take_over(fit, params):
                continue
            done = sum(self.counts.values()) + len(self.failed)
            self._batch.progress(done, len(request.fits), fit.name)
            self._settle(fit, params, self._fitted(rows, fit, params))

    def _fitted(self, rows: Any, fit: Fit, params: dict[str, Any]) -> Ended:
        """As a process of its own would have ended; its CPU time is counted with the batch's."""
        from sevenfold_jobs.training.distributed import models

        request, began = self._request, time.perf_counter()
        self._task.failpoint("fit-running")
        try:
            fitted, encoder = models.fit(rows, fit.model, request.task, params, request.seed, fit.fold)
            only = Member(fit.model, params, 1.0, encoder, fitted)
            model = StoredModel(request.task, rows.data.features, rows.data.classes, None, [only], {})
            predicted = rows.predict(write_model(model), "validation", fit.fold)
            row = fitting.answer(
                request,
                fit,
                params,
                predicted,
                rows.target[rows.split.validation(fit.fold)],
                rows.data.classes,
                len(rows.training(fit.fold)),
                list(getattr(fitted, "notes", [])),
            )
        except Exception as error:
            kind, message = describe_piece(error)
            return Ended(None, kind, message, time.perf_counter() - began, None, None)
        self._task.failpoint("fit-done")
        return Ended(row, None, None, time.perf_counter() - began, None, None)


def _is_there(address: str) -> bool:
    return address.startswith(BUCKET_SCHEME) or Path(address).exists()


def _in_child(
    task: Task, request: Request, fit: Fit, params: dict[str, Any], matrices: fitting.Matrices
) -> dict[str, Any]:
    task.failpoint("fit-running", fit.name)
    result = fitting.fit(request, fit, params, matrices)
    task.failpoint("fit-done", fit.name)
    return result
