"""The folds of a request, and what a fold must have."""

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv import groups, splits
from sevenfold_jobs.cv.request import Request
from sevenfold_jobs.cv.roles import Table
from sevenfold_jobs.cv.splits import Split
from sevenfold_jobs.survival.grid import time_grid
from sevenfold_jobs.survival.metrics import pairs_to_compare


def split(request: Request, table: Table) -> list[Split]:
    """Stratified on the event flag, the class, or the tenth of the target; by time; or as given.

    Rows of one id stay together in shuffled folds, rows of one date in those of a time series. Sets
    `table.together`, and adds a warning where an id has several rows. Raises InvalidInput for fewer rows than
    folds, and for a fold without events, without a class, or without a pair to compare.
    """
    ids = _ids(table)
    try:
        found, together = _cut(request, table, request.folds, ids)
    except InvalidInput as error:
        raise InvalidInput(f"{error}: {_advice(request, table, ids)}.") from None
    table.together = together
    if ids is not None:
        table.warnings.append(_about_ids(table, found, ids))
    if request.splitter == "given" and request.folds == 2 and table.event is None and not request.parity:
        table.warnings.append(
            "Of two given folds one trains, so the rows that stop its training are drawn from it by chance."
        )
    return found


def _cut(
    request: Request, table: Table, folds: int, ids: np.ndarray | None
) -> tuple[list[Split], np.ndarray | None]:
    """The folds, and which rows belong together. InvalidInput, without its advice, for an empty one."""
    together = None
    if request.splitter == "timeSeries":
        found = splits.time_series(len(table.rows), folds, request.gap, table.dates)
        together = table.dates
    elif request.splitter == "given":
        found, together = _given(request, table), table.folds
    else:
        of_ids = None if ids is None else groups.grouped(_classes(table), ids, folds, request.seed)
        found = of_ids or splits.stratified(_classes(table), folds, request.seed)
        together = None if of_ids is None else ids
    for each in found:
        fault = _fault(table, each)
        if fault is not None:
            raise InvalidInput(f"Fold {each.fold} of {request.name} has {fault}")
    return found, together


def _classes(table: Table) -> np.ndarray:
    if table.event is not None:
        return table.event
    return table.target if table.classes else splits.tenths(table.target)


def _given(request: Request, table: Table) -> list[Split]:
    numbers, places = np.unique(table.folds, return_inverse=True)
    if len(numbers) != request.folds:
        raise InvalidInput(
            f"Column {shown(request.fold_column)} holds {len(numbers)} folds, not {request.folds}"
        )
    return splits.by_membership(places.reshape(-1) + 1, request.folds)


def _ids(table: Table) -> np.ndarray | None:
    """(n,) int64: which rows have the same id, those without one their own; None where none repeats."""
    if table.ids is None:
        return None
    encoded = table.ids.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = codes < 0
    codes[alone] = len(encoded.dictionary) + np.arange(alone.sum())
    return codes if len(np.unique(codes)) < len(codes) else None


def _about_ids(table: Table, found: list[Split], ids: np.ndarray) -> str:
    distinct = len(np.unique(ids))
    several = f"Column {table.id_name} repeats: {len(ids):,} rows are of {distinct:,} ids"
    parted = groups.straddling(found, ids)
    if not parted:
        return f"{several}; the rows of an id stay in one fold."
    return (
        f"{several}, and {parted:,} of them have rows to train on and to test on in one fold: what is known "
        "of an id helps to predict it again, and figures flatter."
    )


def _advice(request: Request, table: Table, ids: np.ndarray | None) -> str:
    """What helps: fewer folds are named only where they do."""
    if request.splitter == "given":
        numbers = len(np.unique(table.folds))
        if numbers != request.folds and numbers > 1:
            return f"ask for {numbers}"
        return f"put other rows into it in column {shown(request.fold_column)}"
    for folds in range(request.folds - 1, 1, -1):
        try:
            _cut(request, table, folds, ids)
        except InvalidInput:
            continue
        return f"ask for fewer folds or give more rows ({folds} folds would do)"
    less = ", or a smaller gap" if request.gap else ""
    if table.event is not None:
        return f"fewer folds do not help, give more rows with events (there are {int(table.event.sum()):,})"
    if table.classes:
        least = int(np.argmin(np.bincount(table.target, minlength=len(table.classes))))
        count = int((table.target == least).sum())
        return (
            f"fewer folds do not help, give more rows{less} (of class {shown(table.classes[least])} there "
            f"are {count:,})"
        )
    return f"fewer folds do not help, give more rows{less}"


def _fault(table: Table, fold: Split) -> str | None:
    """The end of "the fold has …"; None for a fold that can be fitted and scored."""
    for part, rows in (("train on", fold.train), ("test on", fold.test)):
        if len(rows) == 0:
            return f"no rows to {part}"
        if table.event is not None and not table.event[rows].any():
            return f"no event among its {len(rows):,} rows to {part}"
    if table.event is not None:
        return _nothing_to_compare(table, fold)
    if table.classes:
        there = np.bincount(table.target[fold.train], minlength=len(table.classes)) > 0
        tested = np.bincount(table.target[fold.test], minlength=len(table.classes)) > 0
        if not there.all():
            return f"no row of class {shown(table.classes[int(np.argmin(there))])} to train on"
        if tested.sum() < 2:
            return "rows of one class only to test on"
    return None


def _nothing_to_compare(table: Table, fold: Split) -> str | None:
    """A C has a value only where an event comes before another row, within the time that is scored."""
    train = table.time[fold.train], table.event[fold.train]
    test = table.time[fold.test], table.event[fold.test]
    tau = time_grid(*train, test[0]).tau
    if pairs_to_compare(*train, *test, tau):
        return None
    return (
        f"no pair to compare: of its {len(fold.test):,} rows to test on none has an event before {tau:g}, "
        "where scoring ends, and before another row"
    )
