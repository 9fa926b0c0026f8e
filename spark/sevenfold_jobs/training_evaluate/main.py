"""Job `training_evaluate`: the winner and the baseline on the test rows and on later files, once."""

from typing import Any

import numpy as np
import psycopg
import pyarrow as pa

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.printable import stored_json
from sevenfold_jobs.training import clusters, drift, metrics, models, outputs
from sevenfold_jobs.training.model_files import StoredModel, read_stored, with_ids
from sevenfold_jobs.training.prepared import Place, Prepared, load_predictions, read_prepared, read_split


def run(batch: Batch) -> dict[str, Any]:
    """Leaderboard, predictions and deciles below `resultRoot`; figures, intervals and curves of them in
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
    with batch.connect() as connection:
        board, oof = _read_choice(connection, request)
    outputs.put_table(request["resultRoot"], "leaderboard", outputs.leaderboard(board))
    if request["task"] == "clustering":
        rows = _group(request, model, data)
        with batch.connect() as connection:
            _write(connection, request["runId"], rows)
            batch.commit(connection, len(rows), {"parts": len(rows)})
        batch.progress(steps, steps, "every row has its cluster")
        return {"parts": len(rows)}
    folds = range(1, request["folds"] + 1)
    validated = np.concatenate([split.validation(fold) for fold in folds])
    fold = split.fold[validated]
    written = outputs.predictions(data, validated, oof, model, fold=fold)
    outputs.put_table(request["resultRoot"], "out_of_fold", written)
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


def _read_choice(
    connection: psycopg.Connection, request: dict[str, Any]
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """(leaderboard, predictions of validation rows by the chosen one's fits, none of clusters)."""
    [board, members] = connection.execute(
        "select leaderboard, members from training_selections where run_id = %s", [request["runId"]]
    ).fetchone()
    found = {
        (model, trial, fold): address
        for model, trial, fold, address in connection.execute(
            "select model, trial, fold, predictions from training_fits where run_id = %s", [request["runId"]]
        )
    }
    connection.rollback()
    if request["task"] == "clustering":
        return board, np.zeros(0)
    folds = [
        [load_predictions(found[each["model"], each["trial"], fold]) for each in members]
        for fold in range(1, request["folds"] + 1)
    ]
    return board, outputs.out_of_fold(folds, [each["weight"] for each in members])


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
        written = with_ids(data.id_name, data.ids, model.named(assigned))
        address = outputs.put_table(request["resultRoot"], f"{part.replace(' ', '_')}_winner", written)
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
        written = outputs.predictions(data, rows, predicted, model)
        name = f"{part.replace(' ', '_')}_{candidate}"
        address = outputs.put_table(request["resultRoot"], name, written)
        if "deciles" in detail and candidate == "winner":
            deciles = pa.Table.from_pylist(detail["deciles"])
            outputs.put_table(request["resultRoot"], f"{part.replace(' ', '_')}_deciles", deciles)
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


def _write(connection: psycopg.Connection, run_id: str, rows: list[dict[str, Any]]) -> None:
    connection.execute("delete from training_evaluations where run_id = %s", [run_id])
    for row in rows:
        values = row | {name: stored_json(row[name]) for name in ("figures", "intervals", "detail")}
        places = ", ".join(f"%({name})s" for name in row)
        connection.execute(f"insert into training_evaluations ({', '.join(row)}) values ({places})", values)
