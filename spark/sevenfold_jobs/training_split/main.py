"""Job `training_split`: which rows train, validate and test."""

import json
from typing import Any

import numpy as np

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import Infrastructure
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.cv.arrays import load_array
from sevenfold_jobs.training.prepared import HASHES, Place, Split, read_prepared, write_split
from sevenfold_jobs.training.splits import membership_sha256, own_order, split_rows, whole


def run(batch: Batch) -> dict[str, Any]:
    """Writes part and fold of every row next to the data, then `training_data.split` with its unit.

    Safe to repeat: the same data and seed give the same parts. Raises InvalidInput where the rows cannot be
    parted as asked, and Fenced when a newer attempt owns the unit.
    """
    request, settings = batch.input, batch.input["settings"]
    batch.progress(0, 1, "parting the rows")
    with Place(f"{request['objectRoot']}/data") as folder:
        data = read_prepared(folder)
        dates = np.array(load_array(folder, "dates")) if (folder / "dates.npy").exists() else None
        hashes = np.array(load_array(folder, HASHES)) if (folder / f"{HASHES}.npy").exists() else None
    if data.target is None:
        split, decided = whole(data.columns.rows)
        parts = [{"part": "train", "rows": data.columns.rows}]
    else:
        split, decided = split_rows(
            data.target,
            data.classes,
            dates,
            settings["validation"],
            settings["folds"],
            settings["seed"],
            hashes,
            own_order(data.columns, data.target),
        )
        parts = _parts(split, decided["folds"], data.target, data.classes)
    about = decided | {
        "parts": parts,
        "membershipSha256": membership_sha256(split, np.arange(data.columns.rows)),
    }
    write_split(f"{request['objectRoot']}/data", split, about)
    with batch.connect() as connection:
        written = connection.execute(
            "update training_data set split = %s, split_version = %s where data_version = %s",
            [
                json.dumps(about),
                json.loads(text_of("result_versions.json"))["training_split"],
                request["dataVersion"],
            ],
        )
        if written.rowcount != 1:
            raise Infrastructure(
                f"Data version {request['dataVersion']} has no row any more: start the run again."
            )
        batch.commit(connection, 1, decided)
    batch.progress(1, 1, f"{len(split.all_train):,} rows to learn from, {len(split.test):,} to test")
    return {**decided, "parts": parts}


def _parts(split: Split, folds: int, target: np.ndarray, classes: list[str]) -> list[dict[str, Any]]:
    parts = [_part("train", split.all_train, target, classes)]
    for fold in range(1, folds + 1):
        parts.append(_part(f"validation {fold}", split.validation(fold), target, classes))
    return [*parts, _part("test", split.test, target, classes)]


def _part(name: str, rows: np.ndarray, target: np.ndarray, classes: list[str]) -> dict[str, Any]:
    part: dict[str, Any] = {"part": name, "rows": len(rows)}
    if classes:
        part["classes"] = np.bincount(target[rows], minlength=len(classes)).tolist()
    return part
