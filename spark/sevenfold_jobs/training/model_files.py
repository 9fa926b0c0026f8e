"""A model as files: `model.json`, and below a number for each member what its library keeps. No pickle."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.objects import read_object
from sevenfold_jobs.training import models
from sevenfold_jobs.training.choice import blended
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.features import Feature

MODEL_JSON = "model.json"
#: Rows that are encoded at a time: memory is bounded, and no figure depends on it.
ROWS_AT_A_TIME = 50_000
_FORMAT = 1


@dataclass(frozen=True)
class Member:
    """One of the models that are averaged by weight; mostly the only one."""

    model: str
    params: dict[str, Any]
    weight: float
    encoder: Encoder
    fitted: models.Fitted


@dataclass(frozen=True)
class StoredModel:
    """All that a later file needs. `about` is what a reader of the files wants to know: data, seed, versions,
    and the reference of the drift."""

    task: str
    features: list[Feature]
    classes: list[str]
    threshold: float | None
    members: list[Member]
    about: dict[str, Any]

    def predict(self, columns: Columns, threads: int = 1) -> np.ndarray:
        """(rows, classes) probabilities, (rows,) of a regression, or (rows, 2) cluster and distance.

        The same for any cut of the rows and any threads.
        """
        chunks = [
            np.arange(start, min(start + ROWS_AT_A_TIME, columns.rows))
            for start in range(0, columns.rows, ROWS_AT_A_TIME)
        ]
        if not chunks:
            if self.task == "clustering":
                return np.zeros((0, 2))
            return np.zeros((0, len(self.classes))) if self.classes else np.zeros(0)
        # The libraries leave Python's lock while they work.
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(lambda rows: self._predict(columns, rows), chunks)))

    def named(self, predicted: np.ndarray) -> dict[str, Any]:
        """Columns for people: `predicted` is a class by its name, `p_<class>` its probability; or the number.

        Of clusters `cluster` and `distance`.
        """
        if self.task == "clustering":
            return {"cluster": predicted[:, 0].astype(np.int64), "distance": predicted[:, 1].copy()}
        if not self.classes:
            return {"predicted": predicted}
        if len(self.classes) == 2:
            codes = (predicted[:, 1] >= (0.5 if self.threshold is None else self.threshold)).astype(np.int64)
        else:
            codes = predicted.argmax(axis=1) if len(predicted) else np.zeros(0, np.int64)
        table: dict[str, Any] = {"predicted": pa.array(self.classes).take(pa.array(codes))}
        for code, name in enumerate(self.classes):
            table[f"p_{name}"] = np.ascontiguousarray(predicted[:, code])
        return table

    def unseen(self, columns: Columns) -> dict[str, int]:
        """Rows by feature whose level training had not seen."""
        return self.members[0].encoder.unseen(columns)

    def _predict(self, columns: Columns, rows: np.ndarray) -> np.ndarray:
        if self.task == "clustering":
            [only] = self.members
            return np.column_stack(only.fitted.assign(only.encoder.transform(columns, rows)))
        predictions = [each.fitted.predict(each.encoder.transform(columns, rows)) for each in self.members]
        if len(self.members) == 1:
            return predictions[0]
        return blended(predictions, [each.weight for each in self.members])


def with_ids(id_name: str, ids: pa.Array | pa.ChunkedArray, columns: dict[str, Any]) -> pa.Table:
    """The columns behind that of the ids, which gets another name if one of them has its own."""
    while id_name in columns:
        id_name = f"{id_name} (id)"
    return pa.table({id_name: ids, **columns})


def write_model(model: StoredModel) -> dict[str, bytes]:
    """Contents by name; the same model gives the same bytes."""
    files: dict[str, bytes] = {}
    members = []
    for number, each in enumerate(model.members, 1):
        parts = each.fitted.parts()
        for name, content in parts.items():
            files[f"{number}-{name}"] = content
        members.append(
            {
                "model": each.model,
                "params": each.params,
                "weight": each.weight,
                "encoder": each.encoder.as_json(),
                "files": sorted(parts),
            }
        )
    about = {
        "format": _FORMAT,
        "task": model.task,
        "features": [feature.as_json() for feature in model.features],
        "classes": model.classes,
        "threshold": model.threshold,
        "members": members,
        "about": model.about,
    }
    text = json.dumps(about, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    return {MODEL_JSON: text.encode(), **files}


def model_id(files: dict[str, bytes]) -> str:
    """SHA-256 over names and contents, in the order of the names."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()


def read_model(files: dict[str, bytes]) -> StoredModel:
    """What `write_model` wrote: predictions are equal, bit for bit. JobError for a format of a later
    version.
    """
    given = json.loads(files[MODEL_JSON])
    if given["format"] != _FORMAT:
        raise JobError(f"The model has format {given['format']}, and this version reads {_FORMAT}.")
    members = []
    for number, each in enumerate(given["members"], 1):
        parts = {name: files[f"{number}-{name}"] for name in each["files"]}
        fitted = models.load(each["model"]).read(parts)
        encoder = Encoder.from_json(each["encoder"])
        members.append(Member(each["model"], each["params"], each["weight"], encoder, fitted))
    features = [Feature.from_json(each) for each in given["features"]]
    return StoredModel(given["task"], features, given["classes"], given["threshold"], members, given["about"])


def read_stored(root: str) -> StoredModel:
    """From where it lies. JobError where files are gone."""
    try:
        files = {MODEL_JSON: read_object(f"{root}/{MODEL_JSON}")}
        for number, each in enumerate(json.loads(files[MODEL_JSON])["members"], 1):
            for name in each["files"]:
                files[f"{number}-{name}"] = read_object(f"{root}/{number}-{name}")
    except FileNotFoundError as error:
        raise JobError(f"{error.filename or root} is gone: train the model again.") from None
    return read_model(files)
