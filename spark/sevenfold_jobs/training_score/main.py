"""Job `training_score`: rows in, predictions out, by a model that is read from its files."""

import hashlib
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.fence import hold_unit
from sevenfold_jobs.common.printable import stored_json
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.arrays import put
from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.cv.outcomes import readable
from sevenfold_jobs.cv.reading import read_source
from sevenfold_jobs.training import drift
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.features import read_features
from sevenfold_jobs.training.model_files import StoredModel, read_stored, with_ids


def run(batch: Batch) -> dict[str, Any]:
    """Every file that the run has not scored by these bytes: its predictions in one file, its account in
    scorings.

    One row out for each row in, in the order of the file. A file is committed by itself; the unit with the
    last one. Safe to repeat: the same file gives the same bytes under the same name. Returns `{files, rows}`.
    Raises InvalidInput for a file that lacks a column or holds something else in it, naming it, and Fenced.
    """
    request = batch.input
    files = request["files"]
    model = read_stored(request["modelRoot"])
    with batch.connect() as connection:
        done = _done(connection, request)
    rows = 0
    for place, each in enumerate(files):
        batch.progress(place, len(files), f"scoring {each['name']}")
        if each["sha256"] in done:
            continue
        row = _score(request, model, each)
        rows += row["rows"]
        with batch.connect() as connection:
            _write(connection, batch.fence, row)
    with batch.connect() as connection:
        batch.commit(connection, len(files), {"files": len(files), "rows": rows})
    batch.progress(len(files), len(files), f"{rows:,} rows scored")
    return {"files": len(files), "rows": rows}


def _done(connection: psycopg.Connection, request: dict[str, Any]) -> set[str]:
    found = connection.execute(
        "select input_sha256, output from scorings where run_id = %s and model_id = %s",
        [request["runId"], request["modelId"]],
    ).fetchall()
    connection.rollback()
    return {sha256 for sha256, output in found if not output.startswith("/") or Path(output).exists()}


def _score(request: dict[str, Any], model: StoredModel, each: dict[str, Any]) -> dict[str, Any]:
    began = time.perf_counter()
    table = read_source(each["source"], each["sha256"])
    names, id_name = table.column_names, request["id"]
    if id_name is not None and id_name not in names:
        raise InvalidInput(f"{each['name']} has no column {shown(id_name)}, which tells its rows apart.")
    ids = pa.array(np.arange(1, table.num_rows + 1))
    if id_name is not None:
        ids = readable(table, id_name, "id").combine_chunks()
    columns = read_features(table, model.features, each["name"], request["processes"])
    # Text takes several times what codes and numbers take.
    del table
    predicted = model.predict(columns, request["processes"])
    used = {feature.source for feature in model.features}
    content = _content(with_ids(id_name or "row", ids, model.named(predicted)), request["format"])
    address = f"{request['outputRoot']}/{each['name']}-{each['sha256'][:8]}.{request['format']}"
    put(address, content)
    return {
        "run_id": request["runId"],
        "model_id": request["modelId"],
        "source": each["source"],
        "input_sha256": each["sha256"],
        "output": address,
        "output_sha256": hashlib.sha256(content).hexdigest(),
        "rows": columns.rows,
        "extra_columns": [name for name in names if name not in used and name != id_name],
        "unseen": model.unseen(columns),
        "gaps": _gaps(columns),
        "drift": drift.psi(model.about["reference"], columns),
        "seconds": round(time.perf_counter() - began, 3),
    }


def _gaps(columns: Columns) -> dict[str, int]:
    counts = {name: int(np.isnan(values).sum()) for name, values in columns.numbers.items()}
    counts |= {name: _empty(column) for name, column in columns.categories.items()}
    return {name: count for name, count in counts.items() if count}


def _empty(column: Categorical) -> int:
    return int((column.codes < 0).sum())


def _content(table: pa.Table, kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == "csv":
        pa.csv.write_csv(table, sink)
    else:
        pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _write(connection: psycopg.Connection, fence: dict[str, Any], row: dict[str, Any]) -> None:
    """Fenced like any commit: a newer attempt's account stands."""
    hold_unit(connection, fence["runId"], fence["unit"], fence["attempt"])
    values = row | {name: stored_json(row[name]) for name in ("extra_columns", "unseen", "gaps", "drift")}
    places = ", ".join(f"%({name})s" for name in row)
    replaced = ", ".join(
        f"{name} = excluded.{name}" for name in row if name not in ("run_id", "input_sha256")
    )
    connection.execute(
        f"insert into scorings ({', '.join(row)}) values ({places}) "
        f"on conflict (run_id, input_sha256) do update set {replaced}, scored_at = now()",
        values,
    )
    connection.commit()
