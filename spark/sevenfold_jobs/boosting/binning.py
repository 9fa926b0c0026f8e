"""One fold, binned once: what all sets of parameters of that fold are fitted from.

A folder holds
- `train.bin`: the binned training rows with their labels (LightGBM's own format),
- `valid.bin`: the binned rows that stop training, aligned with `train.bin`; absent where there are none,
- `X_test.npy` (rows, columns) float64 and `y_test.npy` (rows,) (class number int32, or float64): the test
  block as it came, because thresholds compare with values and not with bins,
- `meta.json`: counts, classes and settings, written last: a folder with it is complete.
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold_jobs.boosting import cost, parameters
from sevenfold_jobs.common import lean
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.files import write_whole

lightgbm = lean.load("lightgbm")

# The share of a training window that stops training.
INNER_SHARE = 0.15

Rows = np.ndarray | slice


def bin_fold(
    folder: Path,
    X: np.ndarray,
    y: np.ndarray,
    categorical: Sequence[int],
    train: Rows,
    test: Rows,
    fixed: Mapping[str, Any],
    task: str,
    honest: bool,
    ordered: bool,
    seed: int,
    threads: int = 1,
    together: np.ndarray | None = None,
    gap: int = 0,
) -> dict[str, Any]:
    """Writes one fold below `folder`; what is there already is replaced.

    X: (n, p) float64, categories as their codes >= 0, NaN where a value is missing. y: (n,), for a
    classification of any type that sorts: its classes are those of all n rows, numbered in that order.
    `categorical`: columns of X. `train`, `test`: rows, as positions or as a slice, which copies nothing;
    an empty test makes a folder for `refit`. `fixed`: parameters common to all sets; those that shape
    the bins are used here.
    honest: training is stopped by an inner split (the last 15 % of the training window where `ordered`, else
    15 % drawn by `seed`, stratified by class) and the test block is scored once. It parts the rows as the
    fold itself does: those of one number of `together` (n,) stay on one side, and of an ordered window `gap`
    rows are left out between both. Else the test block itself
    stops training, which flatters every figure; it is there to repeat older results.

    Returns {rows, bytes, classes, estimateMb}. Raises InvalidInput for fewer than two training rows and for
    a classification of less than two classes.
    """
    classes, labels = number_classes(y, task)
    train_rows, test_rows = _positions(train, len(y)), _positions(test, len(y))
    fitted, stopping = train, test
    if honest:
        inner = _last_of(train, len(y), together, gap) if ordered else None
        if not ordered and together is not None:
            inner = _whole_groups(train, labels, task, together, seed)
        fitted, stopping = inner or _inner_split(train, train_rows, labels, task, seed)
    fitted_rows, stopping_rows = _positions(fitted, len(y)), _positions(stopping, len(y))
    if len(fitted_rows) < 2:
        raise InvalidInput(f"A fold has {len(fitted_rows)} rows to train on: use fewer folds or more rows")
    settings = parameters.for_binning(fixed, seed, threads)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.json").unlink(missing_ok=True)

    columns = [f"c{number}" for number in range(X.shape[1])]
    binned = lightgbm.Dataset(
        X[fitted],
        labels[fitted],
        params=settings,
        feature_name=columns,
        categorical_feature=list(categorical),
        free_raw_data=True,
    ).construct()
    write_whole(folder / "train.bin", lambda path: binned.save_binary(str(path)))
    (folder / "valid.bin").unlink(missing_ok=True)
    if len(stopping_rows) > 0:
        aligned = binned.create_valid(X[stopping], labels[stopping], params=settings).construct()
        write_whole(folder / "valid.bin", lambda path: aligned.save_binary(str(path)))
    _write(folder / "X_test.npy", _npy(np.asarray(X[test], dtype=np.float64)))
    _write(folder / "y_test.npy", _npy(labels[test]))
    meta = {
        "task": task,
        "honest": honest,
        "ordered": ordered,
        "seed": seed,
        "columns": int(X.shape[1]),
        "categorical": [int(column) for column in categorical],
        "classes": classes,
        "trainRows": len(fitted_rows),
        "stoppingRows": len(stopping_rows),
        "testRows": len(test_rows),
        # How many threads made the bins changes none of them.
        "binning": {name: value for name, value in settings.items() if name != "num_threads"},
        "lightgbm": lightgbm.__version__,
    }
    _write(folder / "meta.json", json.dumps(meta, indent=1).encode())
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return {
        "rows": {"train": len(fitted_rows), "stopping": len(stopping_rows), "test": len(test_rows)},
        "bytes": size,
        "classes": classes,
        "estimateMb": cost.estimate_mb(len(train_rows) + len(test_rows), X.shape[1], fixed),
    }


def read_meta(folder: Path) -> dict[str, Any]:
    """The fold's counts and settings. FileNotFoundError where `bin_fold` has not finished."""
    return json.loads((folder / "meta.json").read_bytes())


def number_classes(y: np.ndarray, task: str) -> tuple[list[Any] | None, np.ndarray]:
    """The classes in their order and each row's number, int32; None and float64 for a regression."""
    if task == "regression":
        return None, np.ascontiguousarray(y, dtype=np.float64)
    classes, labels = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) < 2:
        raise InvalidInput(f"The target has {len(classes)} class: a classification needs two or more")
    return classes.tolist(), labels.astype(np.int32)


def _positions(rows: Rows, count: int) -> np.ndarray | range:
    return range(*rows.indices(count)) if isinstance(rows, slice) else rows


def _last_of(train: Rows, count: int, together: np.ndarray | None, gap: int) -> tuple[Rows, Rows]:
    """Rows that are fitted, and the last 15 % of the window, which stop it."""
    rows = np.asarray(_positions(train, count))
    kept = len(rows) - round(len(rows) * INNER_SHARE)
    if together is not None and kept < len(rows):
        codes = together[rows]
        changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
        # A window of one date has nothing to part: all of it is fitted, and nothing stops it.
        kept = int(changes[np.argmin(np.abs(changes - kept))]) if len(changes) else len(rows)
    fitted = kept if kept == len(rows) else kept - gap
    if fitted < 2 <= len(rows):
        raise InvalidInput(
            f"A gap of {gap} leaves {max(0, fitted)} of {len(rows)} training rows, as it lies before the "
            "rows that stop training too: use fewer folds, a smaller gap or more rows"
        )
    if isinstance(train, slice):
        start, stop, step = train.indices(count)
        return slice(start, start + fitted * step, step), slice(start + kept * step, stop, step)
    return rows[:fitted], rows[kept:]


def _whole_groups(
    train: Rows, labels: np.ndarray, task: str, together: np.ndarray, seed: int
) -> tuple[Rows, Rows] | None:
    """Groups drawn by `seed` until they have 15 % of the rows; the others keep every class.

    None where the rows are of one group, of which nothing can be held back whole.
    """
    rows = np.asarray(_positions(train, len(labels)))
    names, codes = np.unique(together[rows], return_inverse=True)
    codes = codes.reshape(-1)
    sizes = np.bincount(codes)
    wanted = round(len(rows) * INNER_SHARE)
    classes = None
    if task != "regression":
        # Rows of each class by group: what is held back must leave some of each.
        classes = np.zeros((len(names), int(labels.max()) + 1), np.int64)
        np.add.at(classes, (codes, labels[rows]), 1)
        left = classes.sum(axis=0)
        present = left > 0
    held, total = np.zeros(len(names), bool), 0
    for group in np.random.Generator(np.random.PCG64(seed)).permutation(len(names)):
        if total >= wanted or held.sum() == len(names) - 1:
            break
        if classes is not None:
            if not ((left - classes[group])[present] > 0).all():
                continue
            left = left - classes[group]
        held[group] = True
        total += int(sizes[group])
    return (rows[~held[codes]], rows[held[codes]]) if total else None


def _inner_split(
    train: Rows, positions: np.ndarray | range, labels: np.ndarray, task: str, seed: int
) -> tuple[Rows, Rows]:
    """Rows that are fitted and rows that stop it, drawn row by row."""
    count = len(positions)
    random = np.random.Generator(np.random.PCG64(seed))
    if task == "regression":
        groups = [np.arange(count)]
    else:
        of_train = labels[train]
        groups = [np.flatnonzero(of_train == label) for label in np.unique(of_train)]
    stops = np.zeros(count, dtype=bool)
    for group in groups:
        drawn = random.permutation(group)[: round(len(group) * INNER_SHARE)]
        stops[drawn] = True
    rows = np.asarray(positions)
    return rows[~stops], rows[stops]


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, np.ascontiguousarray(array), allow_pickle=False)
    return content.getvalue()


def _write(path: Path, content: bytes) -> None:
    write_whole(path, lambda unfinished: unfinished.write_bytes(content))
