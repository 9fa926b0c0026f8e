"""The folds of a request, and what a fold must have."""

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv import splits
from sevenfold_jobs.cv.request import Request
from sevenfold_jobs.cv.roles import Table
from sevenfold_jobs.cv.splits import Split


def split(request: Request, table: Table) -> list[Split]:
    """Stratified on the event flag, the class, or the tenth of the target; by time; or as given.

    Raises InvalidInput for fewer rows than folds, and for a fold without events or without a class.
    """
    if request.splitter == "timeSeries":
        found = splits.time_series(len(table.rows), request.folds, request.gap)
    elif request.splitter == "given":
        found = _given(request, table)
    else:
        found = splits.stratified(_classes(table), request.folds, request.seed)
    for each in found:
        _refuse_empty(request, table, each)
    return found


def _classes(table: Table) -> np.ndarray:
    if table.event is not None:
        return table.event
    return table.target if table.classes else splits.tenths(table.target)


def _given(request: Request, table: Table) -> list[Split]:
    numbers, places = np.unique(table.folds, return_inverse=True)
    if len(numbers) != request.folds:
        raise InvalidInput(
            f"Column {shown(request.fold_column)} holds {len(numbers)} folds, not {request.folds}: "
            f"ask for {len(numbers)}."
        )
    return splits.by_membership(places.reshape(-1) + 1, request.folds)


def _refuse_empty(request: Request, table: Table, fold: Split) -> None:
    advice = "ask for fewer folds or give more rows"
    for part, rows in (("train on", fold.train), ("test on", fold.test)):
        if len(rows) == 0:
            raise InvalidInput(f"Fold {fold.fold} of {request.name} has no rows to {part}: {advice}.")
        if table.event is not None and not table.event[rows].any():
            raise InvalidInput(
                f"Fold {fold.fold} of {request.name} has no event among its {len(rows):,} rows to {part}: "
                f"{advice}."
            )
    if table.classes:
        there = np.bincount(table.target[fold.train], minlength=len(table.classes)) > 0
        tested = np.bincount(table.target[fold.test], minlength=len(table.classes)) > 0
        if not there.all():
            missing = table.classes[int(np.argmin(there))]
            raise InvalidInput(
                f"Fold {fold.fold} of {request.name} has no row of class {shown(missing)} to train on: "
                f"{advice}."
            )
        if tested.sum() < 2:
            raise InvalidInput(
                f"Fold {fold.fold} of {request.name} has rows of one class only to test on: {advice}."
            )
