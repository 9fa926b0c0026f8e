"""Job `training_refit`: the chosen model as files, which are read again before anybody may rely on them."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.printable import storable
from sevenfold_jobs.cv.arrays import put
from sevenfold_jobs.cv.versions import versions_of
from sevenfold_jobs.training import clusters, drift, models
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.model_files import Member, StoredModel, model_id, read_model, write_model
from sevenfold_jobs.training.prepared import Place, Prepared, Split, read_prepared, read_split
from sevenfold_jobs.training_fit.fitting import import_for

#: Predictions of tasks that are held against those of this process.
_COMPARED = 20_000


def run(batch: Batch) -> dict[str, Any]:
    """Fits on the rows that train and validate, writes the files below `modelsRoot`, then models and
    training_refits.

    The model's id is the hash of its files, so the same request gives the same id wherever it runs. Returns
    `{modelId, rows}`. Raises JobError where the files, read again, predict anything else than what was
    fitted, and Fenced when a newer attempt owns the unit.
    """
    began = time.perf_counter()
    request, selection = batch.input, batch.input["selection"]
    batch.progress(0, 2, f"fitting {selection['label']}")
    import_for(member["model"] for member in selection["members"])
    with Place(f"{request['objectRoot']}/data") as folder:
        model, rows, again = (_in_tasks if request.get("tasks") else _here)(batch, folder)
    files = write_model(model)
    whole = model_id(files)
    batch.progress(1, 2, f"model {whole[:16]}")
    root = f"{request['modelsRoot']}/{whole[:16]}"
    for name, content in files.items():
        put(f"{root}/{name}", content)
    with batch.connect() as connection:
        _write(connection, request, model, files, root, rows, again, time.perf_counter() - began)
        batch.commit(connection, 1, {"modelId": whole[:16]})
    batch.progress(2, 2, f"model {whole[:16]}")
    return {"modelId": whole[:16], "rows": rows}


def _here(batch: Batch, folder: Path) -> tuple[StoredModel, int, np.ndarray]:
    """(model, rows that it was fitted on, what it predicts of the test rows once it is read again)."""
    data, split = read_prepared(folder), read_split(folder)
    model = _fit(batch.input, data, split)
    # Clusters keep no row back.
    test = data.columns.take(split.all_train if model.task == "clustering" else split.test)
    again = read_model(write_model(model)).predict(test)
    _refuse_another(model.predict(test), again)
    return model, len(split.all_train), again


def _in_tasks(batch: Batch, folder: Path) -> tuple[StoredModel, int, np.ndarray]:
    """The same of rows that Spark's tasks fit and predict."""
    from sevenfold_jobs.training.distributed import models as in_tasks
    from sevenfold_jobs.training.distributed.rows import ALL, Rows
    from sevenfold_jobs.training.distributed.tasks import Tasks

    request = batch.input
    tasks = Tasks(batch)
    tasks.refuse_too_few_cores(request["tasks"])
    rows = Rows(tasks, folder, request["tasks"])
    members = []
    for chosen in request["selection"]["members"]:
        fitted, encoder = in_tasks.fit(
            rows, chosen["model"], request["task"], chosen["params"], request["seed"], ALL
        )
        members.append(Member(chosen["model"], chosen["params"], chosen["weight"], encoder, fitted))
    count = len(rows.split.all_train)
    libraries = [*_libraries(request["selection"]["members"]), "pyspark", "synapseml"]
    model = _stored(request, rows.data, members, count, rows.reference(), libraries)
    again = rows.predict(write_model(model), "test", ALL)
    some = rows.split.test[:_COMPARED]
    _refuse_another(model.predict(rows.data.columns.take(some)), again[: len(some)])
    return model, count, again


def _refuse_another(predicted: np.ndarray, again: np.ndarray) -> None:
    if not np.array_equal(predicted, again):
        raise JobError("The model predicts otherwise once it is read from its files: please report this.")


def _fit(request: dict[str, Any], data: Prepared, split: Split) -> StoredModel:
    from threadpoolctl import threadpool_limits

    rows = split.all_train
    if request["task"] == "clustering":
        rows = rows[clusters.in_order(data.columns.take(rows))]
        target = np.zeros(0)
    else:
        assert data.target is not None
        target = data.target[rows]
    members = []
    for chosen in request["selection"]["members"]:
        module = models.load(chosen["model"])
        encoder = Encoder.fit(
            data.columns,
            rows,
            module.encoding,
            target=data.target,
            task=request["task"],
            max_features=request["maxFeatures"],
        )
        with threadpool_limits(1):
            fitted = module.fit(
                encoder.transform(data.columns, rows),
                target,
                request["task"],
                len(data.classes),
                chosen["params"],
                request["seed"],
                encoder.categorical,
            )
        members.append(Member(chosen["model"], chosen["params"], chosen["weight"], encoder, fitted))
    reference = drift.reference(data.columns.take(rows))
    libraries = _libraries(request["selection"]["members"])
    return _stored(request, data, members, len(rows), reference, libraries)


def _stored(
    request: dict[str, Any],
    data: Prepared,
    members: list[Member],
    rows: int,
    reference: dict[str, Any],
    libraries: list[str],
) -> StoredModel:
    return StoredModel(
        task=request["task"],
        features=data.features,
        classes=data.classes,
        threshold=request["selection"]["threshold"],
        members=members,
        about={
            "name": request["name"],
            "dataVersion": request["dataVersion"],
            "sourceSha256": request["sourceSha256"],
            "metric": request["metric"],
            "seed": request["seed"],
            "rows": rows,
            "versions": versions_of(None, libraries),
            "reference": reference,
            **({"tasks": request["tasks"]} if request.get("tasks") else {}),
        },
    )


def _libraries(members: list[dict[str, Any]]) -> list[str]:
    of = {"lightgbm": "lightgbm", "random_forest": "lightgbm", "xgboost": "xgboost"}
    return sorted({of.get(member["model"], "scikit-learn") for member in members})


def _write(
    connection: psycopg.Connection,
    request: dict[str, Any],
    model: StoredModel,
    files: dict[str, bytes],
    root: str,
    rows: int,
    predicted: np.ndarray,
    seconds: float,
) -> None:
    whole = model_id(files)
    listed = [
        {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    about = {
        "features": [feature.as_json() for feature in model.features],
        "classes": model.classes,
        "threshold": model.threshold,
        "members": [
            {"model": each.model, "params": each.params, "weight": each.weight} for each in model.members
        ],
        "rows": rows,
    }
    [target] = connection.execute(
        "select target from training_data where data_version = %s", [request["dataVersion"]]
    ).fetchone()
    # The files are named by what is in them, so a second run that comes to them changes nothing.
    connection.execute(
        """
        insert into models (model_id, sha256, name, task, target, label, files, root, about)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (model_id) do update set root = excluded.root, files = excluded.files
        """,
        [
            whole[:16],
            whole,
            request["name"],
            request["task"],
            target,
            request["selection"]["label"],
            json.dumps(listed),
            root,
            json.dumps(storable(about)),
        ],
    )
    connection.execute(
        """
        insert into training_refits
               (run_id, model_id, data_version, train_rows, predictions_sha256, fits_sha256, seconds)
        values (%s, %s, %s, %s, %s, %s, %s)
            on conflict (run_id) do update
           set model_id = excluded.model_id, data_version = excluded.data_version,
               train_rows = excluded.train_rows, predictions_sha256 = excluded.predictions_sha256,
               fits_sha256 = excluded.fits_sha256, seconds = excluded.seconds, refitted_at = now()
        """,
        [
            request["runId"],
            whole[:16],
            request["dataVersion"],
            rows,
            hashlib.sha256(np.ascontiguousarray(predicted, np.float64).tobytes()).hexdigest(),
            request["selection"]["fitsSha256"],
            round(seconds, 3),
        ],
    )
