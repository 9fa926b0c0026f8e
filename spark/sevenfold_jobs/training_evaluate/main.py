"""Job `training_evaluate`: the winner and the baseline on the test rows and on later files, once."""

import io
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.printable import stored_json
from sevenfold_jobs.cv.arrays import put
from sevenfold_jobs.training import clusters, drift, metrics, models
from sevenfold_jobs.training.model_files import StoredModel, read_stored, with_ids
from sevenfold_jobs.training.prepared import Place, Prepared, read_prepared, read_split


def run(batch: Batch) -> dict[str, Any]:
    """Predictions as Parquet below `resultRoot`; figures, intervals and curves of them in
    training_evaluations.

    Safe to repeat: the run's rows are replaced. Returns `{parts}`. Raises Fenced when a newer attempt owns
    the unit.
    """
    request = batch.input
    steps = 2 + len(request["oot"])
    batch.progress(0, steps, "the test rows")
    model = read_stored(request["modelRoot"])
    root = request["objectRoot"]
    with Place(f"{root}/data") as folder:
        data, split = read_prepared(folder), read_split(folder)
    if request["task"] == "clustering":
        rows = _group(request, model, data)
        with batch.connect() as connection:
            _write(connection, request["runId"], rows)
            batch.commit(connection, len(rows), {"parts": len(rows)})
        batch.progress(steps, steps, "every row has its cluster")
        return {"parts": len(rows)}
    rows = [*_evaluate(request, model, "test", data, split.test, data.target[split.all_train])]
    for place in range(1, len(request["oot"]) + 1):
        batch.progress(place, steps, f"later file {place}")
        with Place(f"{root}/oot_{place}") as folder:
            later = read_prepared(folder)
        everything = np.arange(later.columns.rows)
        rows += _evaluate(request, model, f"oot {place}", later, everything, data.target[split.all_train])
    with batch.connect() as connection:
        _write(connection, request["runId"], rows)
        batch.commit(connection, len(rows), {"parts": 1 + len(request["oot"])})
    batch.progress(steps, steps, "the winner and the baseline are judged")
    return {"parts": 1 + len(request["oot"])}


def _group(request: dict[str, Any], model: StoredModel, data: Prepared) -> list[dict[str, Any]]:
    """Rows of training_evaluations: the clusters of all rows, then those of later files."""
    found = []
    for place in range(1 + len(request["oot"])):
        part = f"oot {place}" if place else "all"
        if place:
            with Place(f"{request['objectRoot']}/oot_{place}") as folder:
                data = read_prepared(folder)
        assigned = model.predict(data.columns)
        labels, far = assigned[:, 0].astype(np.int64), assigned[:, 1]
        # In an order of their own, so that the figures do not hang on the file's.
        order = clusters.in_order(data.columns)
        X = model.members[0].encoder.transform(data.columns, order)
        figures = clusters.figures_of(X, labels[order], request["seed"])
        sizes = [
            {
                "cluster": int(each),
                "rows": int((labels == each).sum()),
                "distance": float(far[labels == each].mean()),
            }
            for each in np.unique(labels)
        ]
        address = f"{request['resultRoot']}/{part.replace(' ', '_')}_winner.parquet"
        put(address, _table(with_ids(data.id_name, data.ids, model.named(assigned))))
        found.append(
            {
                "run_id": request["runId"],
                "part": part,
                "candidate": "winner",
                "model_id": request["modelId"],
                "rows": len(labels),
                "figures": figures
                | {"clusters": sum(each["cluster"] >= 0 for each in sizes), "noise": int((labels < 0).sum())},
                "intervals": {},
                "detail": {"clusters": sizes, "drift": drift.psi(model.about["reference"], data.columns)},
                "predictions": address,
            }
        )
    return found


def _evaluate(
    request: dict[str, Any],
    model: StoredModel,
    part: str,
    data: Prepared,
    rows: np.ndarray,
    trained_on: np.ndarray,
) -> list[dict[str, Any]]:
    """Rows of training_evaluations of one part."""
    columns, target = data.columns.take(rows), data.target[rows]
    task, classes, seed = request["task"], data.classes, request["seed"]
    baseline = models.load("baseline").fit(
        np.zeros((len(trained_on), 0)), trained_on, task, len(classes), {}, seed, []
    )
    found = []
    for candidate, predicted in (
        ("winner", model.predict(columns)),
        ("baseline", baseline.predict(np.zeros((len(rows), 0)))),
    ):
        detail = metrics.details(task, target, predicted, classes, model.threshold)
        if candidate == "winner":
            detail["drift"] = drift.psi(model.about["reference"], columns)
        address = f"{request['resultRoot']}/{part.replace(' ', '_')}_{candidate}.parquet"
        put(address, _predictions(data, rows, target, predicted, model))
        found.append(
            {
                "run_id": request["runId"],
                "part": part,
                "candidate": candidate,
                "model_id": request["modelId"],
                "rows": len(rows),
                "figures": metrics.figures(task, target, predicted, classes, model.threshold),
                "intervals": metrics.intervals(task, target, predicted, classes, seed),
                "detail": detail,
                "predictions": address,
            }
        )
    return found


def _predictions(
    data: Prepared, rows: np.ndarray, target: np.ndarray, predicted: np.ndarray, model: StoredModel
) -> bytes:
    """One row a row: its id, what it is, what was predicted; probabilities by class."""
    table: dict[str, Any] = {}
    if data.classes:
        table["actual"] = pa.array(data.classes).take(pa.array(target))
        table |= model.named(predicted)
    else:
        table |= {"actual": target, "predicted": predicted}
    return _table(with_ids(data.id_name, data.ids.take(pa.array(rows)), table))


def _table(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _write(connection: psycopg.Connection, run_id: str, rows: list[dict[str, Any]]) -> None:
    connection.execute("delete from training_evaluations where run_id = %s", [run_id])
    for row in rows:
        values = row | {name: stored_json(row[name]) for name in ("figures", "intervals", "detail")}
        places = ", ".join(f"%({name})s" for name in row)
        connection.execute(f"insert into training_evaluations ({', '.join(row)}) values ({places})", values)
