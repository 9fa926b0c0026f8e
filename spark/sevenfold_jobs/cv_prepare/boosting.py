"""Folds of a classification or regression: binned once, for every set of parameters."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold_jobs.boosting import bin_fold
from sevenfold_jobs.cv.arrays import put, put_array, put_folder, put_json
from sevenfold_jobs.cv.processes import cores
from sevenfold_jobs.cv.request import Request
from sevenfold_jobs.cv.roles import Table
from sevenfold_jobs.cv.splits import Split, range_of
from sevenfold_jobs.cv_prepare.writing import FoldRow, ids_bytes

Progress = Callable[[int, str], None]


def prepare(
    request: Request, table: Table, splits: list[Split], progress: Progress
) -> tuple[list[FoldRow], dict[str, Any], None]:
    """Writes `fold_<k>/` and `all/`; returns the folds' rows, the summary, and no hazards."""
    X, categorical = feature_matrix(table)
    folds = []
    for each in splits:
        progress(each.fold - 1, f"binning fold {each.fold} of {len(splits)}")
        folds.append(_write_fold(request, table, each, X, categorical))
    progress(len(splits), "all rows")
    _write_all(request, table, X, categorical)
    summary: dict[str, Any] = {}
    if table.classes:
        counts = np.bincount(table.target, minlength=len(table.classes))
        summary["classes"] = dict(zip(table.classes, counts.tolist(), strict=True))
    else:
        target = table.target
        summary["target"] = {
            "mean": float(target.mean()),
            "deviation": float(target.std()),
            "min": float(target.min()),
            "max": float(target.max()),
        }
    return folds, summary, None


def feature_matrix(table: Table) -> tuple[np.ndarray, list[int]]:
    """(rows, features) float64 with NaN in gaps, categorical ones as codes; and where those are.

    From here on the table's numeric columns are views of it: a wide file is not held twice.
    """
    X = np.empty((len(table.rows), len(table.features)))
    for place, name in enumerate(table.numbers):
        X[:, place] = table.numbers[name]
        table.numbers[name] = X[:, place]
    first = len(table.numbers)
    for place, column in enumerate(table.categories.values(), first):
        X[:, place] = np.where(column.codes < 0, np.nan, column.codes)
    return X, list(range(first, X.shape[1]))


def _write_fold(
    request: Request, table: Table, fold: Split, X: np.ndarray, categorical: list[int]
) -> FoldRow:
    address = f"{request.object_root}/fold_{fold.fold}"
    ordered = request.splitter == "timeSeries"
    binned = _bin(
        request, table, address, X, categorical, (fold.train, fold.test), not request.parity, ordered
    )
    put_array(f"{address}/test_rows.npy", table.rows[fold.test])
    ranges = {part: range_of(rows) for part, rows in (("train", fold.train), ("test", fold.test))}
    detail: dict[str, Any] = {part: found for part, found in ranges.items() if found is not None}
    events: tuple[int | None, int | None] = (None, None)
    if table.classes:
        counts = [
            np.bincount(table.target[rows], minlength=len(table.classes)) for rows in (fold.train, fold.test)
        ]
        detail["classes"] = {
            part: dict(zip(table.classes, each.tolist(), strict=True))
            for part, each in zip(("train", "test"), counts, strict=True)
        }
        if len(table.classes) == 2:
            events = (int(counts[0][1]), int(counts[1][1]))
    detail["estimateMb"] = round(float(binned["estimateMb"]), 1)
    detail["rows"] = binned["rows"]
    put_json(
        f"{address}/fold.json",
        {"fold": fold.fold, "classes": table.classes, "columns": table.features, "rows": binned["rows"]},
    )
    return FoldRow(
        fold=fold.fold,
        train_rows=len(fold.train),
        test_rows=len(fold.test),
        train_events=events[0],
        test_events=events[1],
        columns=len(table.features),
        detail=detail,
    )


def _write_all(request: Request, table: Table, X: np.ndarray, categorical: list[int]) -> None:
    # Not binned: only the chosen set is ever fitted on them, once.
    address = f"{request.object_root}/all"
    put_array(f"{address}/X.npy", X)
    put_array(f"{address}/y.npy", table.target)
    put(f"{address}/ids.parquet", ids_bytes(table))
    put_json(
        f"{address}/fold.json",
        {
            "classes": table.classes,
            "columns": table.features,
            "levels": {name: column.levels for name, column in table.categories.items()},
            "categorical": categorical,
            "id": table.id_name,
        },
    )


def _bin(
    request: Request,
    table: Table,
    address: str,
    X: np.ndarray,
    categorical: list[int],
    parts: tuple[np.ndarray, np.ndarray],
    honest: bool,
    ordered: bool,
) -> dict[str, Any]:
    """Binned elsewhere and moved file by file: fits of another run may be reading what is there."""
    train, test = (_as_slice(rows) for rows in parts)
    with tempfile.TemporaryDirectory(prefix="sevenfold-bins-") as folder:
        path = Path(folder, "fold")
        binned = bin_fold(
            path,
            X,
            table.target,
            categorical,
            train,
            test,
            request.lightgbm,
            request.task,
            honest,
            ordered,
            request.seed,
            cores(),
            table.together,
            request.gap,
        )
        put_folder(address, path, last="meta.json")
    return binned


def _as_slice(rows: np.ndarray) -> np.ndarray | slice:
    """A range as a slice, of which nothing is copied."""
    found = range_of(rows)
    return rows if found is None else slice(found[0], found[1] + 1)
