"""What a run leaves for people and programs: tables as Parquet and CSV, below its result root."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sevenfold_jobs.cv.arrays import put
from sevenfold_jobs.training.choice import blended
from sevenfold_jobs.training.model_files import StoredModel, with_ids
from sevenfold_jobs.training.prepared import Prepared


def put_table(root: str, name: str, table: pa.Table) -> str:
    """Writes `<name>.csv` and `<name>.parquet`; the address of the latter. Doubles are written whole."""
    text = io.BytesIO()
    pa.csv.write_csv(table, text)
    put(f"{root}/{name}.csv", text.getvalue())
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    put(f"{root}/{name}.parquet", sink.getvalue())
    return f"{root}/{name}.parquet"


def predictions(
    data: Prepared, rows: np.ndarray, predicted: np.ndarray, model: StoredModel, **more: np.ndarray
) -> pa.Table:
    """One row a row in the order of the file: its id, `more`, what it is, what was predicted; probabilities
    by class.
    """
    assert data.target is not None
    place = np.argsort(rows)
    rows, predicted = rows[place], predicted[place]
    table: dict[str, Any] = {name: values[place] for name, values in more.items()}
    if data.classes:
        table["actual"] = pa.array(data.classes).take(pa.array(data.target[rows]))
        table |= model.named(predicted)
    else:
        table |= {"actual": data.target[rows], "predicted": predicted}
    return with_ids(data.id_name, data.ids.take(pa.array(rows)), table)


def out_of_fold(folds: list[list[np.ndarray]], weights: list[float]) -> np.ndarray:
    """What the choice was made by: predictions by fold and member, averaged, one fold behind the other."""
    members = [np.concatenate([fold[place] for fold in folds]) for place in range(len(weights))]
    return members[0] if len(members) == 1 else blended(members, weights)


def leaderboard(board: list[dict[str, Any]]) -> pa.Table:
    """A row a candidate, the best first; figures are null where it failed everywhere."""
    names = list(dict.fromkeys(name for each in board for name in each.get("figures") or {}))
    plain = {
        "model": "label",
        "value": "value",
        "standard_error": "standardError",
        "behind_the_best": "difference",
        "error_of_that": "differenceError",
        "trial": "trial",
        "trials": "trials",
        "error": "error",
    }
    columns: dict[str, Any] = {
        name: pa.array([each.get(key) for each in board]) for name, key in plain.items()
    }
    columns["chosen"] = pa.array([bool(each.get("chosen")) for each in board])
    for name in names:
        values = [(each.get("figures") or {}).get(name) for each in board]
        columns[name if name not in columns else f"{name} (figure)"] = pa.array(values, pa.float64())
    return pa.table({name: _without_null(each) for name, each in columns.items()})


def contributions(found: dict[str, np.ndarray], classes: list[str], ids: pa.Array, id_name: str) -> pa.Table:
    """A row a row and output: what each column adds to the raw score; what all rows share is left out.

    `class` names the output of more than two classes.
    """
    outputs = next(iter(found.values())).shape[1]
    rows = len(ids)
    table: dict[str, Any] = {}
    if outputs > 1:
        table["class"] = pa.array(classes).take(pa.array(np.tile(np.arange(outputs), rows)))
    for name, values in found.items():
        wide = np.broadcast_to(values, (rows, outputs))
        table[name if name not in table else f"{name} (column)"] = np.ascontiguousarray(wide).reshape(-1)
    return with_ids(id_name, ids.take(pa.array(np.repeat(np.arange(rows), outputs))), table)


def _without_null(column: pa.Array) -> pa.Array:
    """A column of nothing but gaps has no type, which CSV does not mind and Parquet does."""
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column
