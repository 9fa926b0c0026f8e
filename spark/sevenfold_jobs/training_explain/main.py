"""Job `training_explain`: which columns the chosen model goes by, on rows that it was not fitted on."""

from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.printable import storable, stored_json
from sevenfold_jobs.training import clusters, explain, outputs, tracking
from sevenfold_jobs.training.model_files import StoredModel, read_stored
from sevenfold_jobs.training.prepared import Place, Prepared, read_prepared, read_split

#: More rows change no order of columns that anybody would act on.
MOST_ROWS = 5_000
#: A contribution takes a millisecond a row.
_MOST_EXPLAINED = 1_000
_DEPENDENCES = 6

#: (importance, deviation, contribution, dependence) of a column, as training_importances has them.
Importance = tuple[float, float, float | None, list[dict[str, Any]] | None]


def run(batch: Batch) -> dict[str, Any]:
    """One row a column of the file in training_importances: of it all features that it became are shuffled
    together; importances and contributions as files below `resultRoot`. Then all is there for MLflow.

    Safe to repeat. Returns `{columns}`. Raises Fenced when a newer attempt owns the unit.
    """
    request = batch.input
    batch.progress(0, 3, "shuffling columns")
    model = read_stored(request["modelRoot"])
    with Place(f"{request['objectRoot']}/data") as folder:
        data, split = read_prepared(folder), read_split(folder)
    if model.task == "clustering":
        return _describe(batch, model, data)
    rows = split.test
    if len(rows) > MOST_ROWS:
        drawn = np.random.default_rng(request["seed"]).choice(len(rows), MOST_ROWS, replace=False)
        rows = rows[np.sort(drawn)]
    columns, target = data.columns.take(rows), data.target[rows]
    importances = explain.permutation(model, columns, target, request["seed"])
    batch.progress(1, 3, "contributions")
    some = np.arange(0, columns.rows, -(-columns.rows // _MOST_EXPLAINED))
    contributions = explain.contributions(model, columns.take(some))
    if contributions is not None:
        ids = data.ids.take(pa.array(rows[some]))
        table = outputs.contributions(contributions, data.classes, ids, data.id_name)
        outputs.put_table(request["resultRoot"], "contributions", table)
    batch.progress(2, 3, "dependence")
    first = sorted(importances, key=lambda name: -importances[name]["mean"])[:_DEPENDENCES]
    dependence = explain.dependence(model, columns, first)
    rows_of = {
        name: (
            each["mean"],
            each["deviation"],
            None if contributions is None else float(np.abs(contributions[name]).mean()),
            dependence.get(name),
        )
        for name, each in importances.items()
    }
    return _write(batch, rows_of)


def _describe(batch: Batch, model: StoredModel, data: Prepared) -> dict[str, Any]:
    """What clusters differ in: of every column the share of its spread that they explain, and its figures by
    cluster."""
    columns = data.columns.take(clusters.in_order(data.columns))
    found = clusters.profiles(columns, model.predict(columns)[:, 0].astype(np.int64))
    rows_of: dict[str, Importance] = {}
    for feature in model.features:
        each = found[feature.name]
        known = rows_of.get(feature.source)
        # A date counts by the part of it that differs most.
        if known is None or each["share"] > known[0]:
            rows_of[feature.source] = (each["share"], 0.0, None, each["clusters"])
    return _write(batch, rows_of)


def _write(batch: Batch, rows_of: dict[str, Importance]) -> dict[str, Any]:
    request = batch.input
    names = ("permutation", "deviation", "contribution")
    listed = sorted(rows_of, key=lambda name: (-rows_of[name][0], name))
    columns = {
        each: pa.array([rows_of[name][i] for name in listed], pa.float64()) for i, each in enumerate(names)
    }
    outputs.put_table(request["resultRoot"], "importances", pa.table({"column": listed, **columns}))
    if request.get("tracking"):
        batch.progress(2, 3, "sending the training to MLflow")
        with batch.connect() as connection:
            tracking.track(connection, request)
    with batch.connect() as connection:
        connection.execute("delete from training_importances where run_id = %s", [request["runId"]])
        for name, (mean, deviation, contribution, shape) in rows_of.items():
            connection.execute(
                """
                insert into training_importances
                       (run_id, feature, model_id, permutation, deviation, contribution, dependence)
                values (%s, %s, %s, %s, %s, %s, %s)
                """,
                [
                    request["runId"],
                    storable(name),
                    request["modelId"],
                    mean,
                    deviation,
                    contribution,
                    None if shape is None else stored_json(shape),
                ],
            )
        batch.commit(connection, len(rows_of), {"columns": len(rows_of)})
    batch.progress(3, 3, f"{len(rows_of)} columns")
    return {"columns": len(rows_of)}
