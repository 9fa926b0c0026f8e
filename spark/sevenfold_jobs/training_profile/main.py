"""Job `training_profile`: a file becomes features, once; every fit reads the same arrays."""

import json
import time
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.printable import storable, stored_json
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.cv.columns import categories_of, read_column
from sevenfold_jobs.cv.outcomes import numeric_role, readable
from sevenfold_jobs.cv.reading import about, read_source
from sevenfold_jobs.cv.versions import versions_of
from sevenfold_jobs.cv_prepare.samples import generator_of
from sevenfold_jobs.training.encoding import known_as
from sevenfold_jobs.training.features import read_features
from sevenfold_jobs.training.prepared import write_prepared
from sevenfold_jobs.training.profile import Profile, profile
from sevenfold_jobs.training.size import refuse_too_large, settled_columns

_WARNINGS_SHOWN = 20


def run(batch: Batch) -> dict[str, Any]:
    """Writes `data/` and `oot_<k>/` below `objectRoot`, then training_data in one transaction with its unit.

    Safe to repeat: a file that has its bytes is left alone, the row of the data version is replaced. Returns
    `{dataVersion, task, rows, features, warnings}`. Raises InvalidInput for a file or a column that cannot be
    used, naming it, and Fenced when a newer attempt owns the unit.
    """
    began = time.perf_counter()
    request = batch.input
    settings, name, root = request["settings"], request["name"], request["objectRoot"]
    steps = 2 + len(request["oot"])
    batch.progress(0, steps, f"reading {name}")
    found, source, file_rows = (_in_tasks if request.get("tasks") else _here)(batch)
    generator = generator_of(source)
    for place, later in enumerate(request["oot"], 1):
        batch.progress(place, steps, f"reading {later['name']}")
        _write_oot(f"{root}/oot_{place}", later, settings, found)
    if not request.get("tasks"):
        ids = pa.array(found.rows + 1) if found.ids is None else found.ids
        id_name = "row" if settings["id"] is None else settings["id"]
        about = (found.target, found.classes, ids, id_name, found.dates)
        write_prepared(f"{root}/data", found.features, found.columns, *about)
    synthetic = bool(generator and generator.get("synthetic", True))
    with batch.connect() as connection:
        _write_row(connection, request, found, file_rows, synthetic, time.perf_counter() - began)
        detail = {"rows": len(found.rows), "features": len(found.features), "task": found.task}
        batch.commit(connection, 1, detail)
    batch.progress(steps, steps, f"{len(found.features)} features of {len(found.rows):,} rows")
    return {"dataVersion": request["dataVersion"], **detail, "warnings": found.warnings[:_WARNINGS_SHOWN]}


def _here(batch: Batch) -> tuple[Profile, pa.Table, int]:
    """(profile, the table, its rows) of a source that this process reads whole."""
    request = batch.input
    settings, name = request["settings"], request["name"]
    source = read_source(request["source"], request["sourceSha256"])
    refuse_too_large(name, source.num_rows, settled_columns(source.num_columns, settings))
    return profile(source, name, settings), source, source.num_rows


def _in_tasks(batch: Batch) -> tuple[Profile, pa.Table, int]:
    """The same of a source that Spark's tasks read; the prepared data are written by then."""
    from sevenfold_jobs.training.distributed.profile import prepare
    from sevenfold_jobs.training.distributed.tasks import Tasks

    request = batch.input
    made = prepare(
        Tasks(batch),
        request["source"],
        request["sourceSha256"],
        request["name"],
        request["settings"],
        f"{request['objectRoot']}/data",
    )
    return made.found, made.table, made.file_rows


def _write_oot(address: str, later: dict[str, Any], settings: dict[str, Any], found: Profile) -> None:
    """A later file, by the features and classes of the first; rows without a target are no part of it."""
    table = read_source(later["source"], later["sha256"])
    name = later["name"]
    columns = read_features(table, found.features, name)
    if settings["target"] is not None and settings["target"] not in table.column_names:
        raise InvalidInput(f"{name} has no column {shown(settings['target'])}, which is the target.")
    if found.task == "clustering":
        target = np.zeros(table.num_rows)
    elif found.task == "classification":
        target = _classes(table, name, settings["target"], found.classes)
    else:
        target = numeric_role(table, settings["target"], "target")
    rows = np.flatnonzero(~np.isnan(target))
    if len(rows) == 0:
        wanted = "row" if found.task == "clustering" else "row with a target"
        raise InvalidInput(f"{name} has no {wanted}.")
    ids = pa.array(rows + 1)
    if settings["id"] is not None:
        if settings["id"] not in table.column_names:
            raise InvalidInput(f"{name} has no column {shown(settings['id'])}, which is the row's id.")
        ids = readable(table, settings["id"], "id").combine_chunks().take(pa.array(rows))
    taken = None
    if found.task != "clustering":
        taken = target[rows].astype(np.int64) if found.classes else target[rows]
    id_name = "row" if settings["id"] is None else settings["id"]
    write_prepared(address, found.features, columns.take(rows), taken, found.classes, ids, id_name)


def _classes(table: pa.Table, name: str, target: str, classes: list[str]) -> np.ndarray:
    """(rows,) codes into the classes of training, NaN in gaps."""
    column = readable(table, target, "target")
    reading = read_column(column, about(table).decimals)
    # Marks of a gap among numbers are no class, as in training.
    found = categories_of(reading.values if reading.marks or reading.how else column, as_written=True)
    place = {each: code for code, each in enumerate(classes)}
    codes = np.array([*(known_as(place, level, -1) for level in found.levels), np.nan])
    if (codes < 0).any():
        foreign = found.levels[int(np.flatnonzero(codes < 0)[0])]
        raise InvalidInput(f"{name} has rows of class {shown(foreign)}, which training has not seen.")
    return codes[found.codes]


def _write_row(
    connection: psycopg.Connection,
    request: dict[str, Any],
    found: Profile,
    file_rows: int,
    synthetic: bool,
    seconds: float,
) -> None:
    classes = None
    if found.classes:
        counts = np.bincount(found.target, minlength=len(found.classes)).tolist()
        classes = [{"name": each, "rows": rows} for each, rows in zip(found.classes, counts, strict=True)]
    summary = {}
    if found.task == "regression":
        target = found.target
        summary = {"mean": target.mean(), "deviation": target.std(), "min": target.min(), "max": target.max()}
        summary = {key: float(value) for key, value in summary.items()}
    row = {
        "data_version": request["dataVersion"],
        "name": request["name"],
        "source": request["source"],
        "source_sha256": request["sourceSha256"],
        "task": found.task,
        "task_reason": storable(found.task_reason),
        "target": request["settings"]["target"],
        "is_synthetic": synthetic,
        "file_rows": file_rows,
        "rows": len(found.rows),
        "dropped": stored_json(found.dropped),
        "columns": stored_json(found.verdicts),
        "features": stored_json([feature.as_json() for feature in found.features]),
        "classes": None if classes is None else stored_json(classes),
        "summary": stored_json(summary),
        "warnings": stored_json(found.warnings),
        "settings": stored_json(request["settings"]),
        "versions": stored_json(versions_of(others=("pyarrow",))),
        "result_version": json.loads(text_of("result_versions.json"))["training_profile"],
        "object_root": request["objectRoot"],
        "seconds": round(seconds, 3),
    }
    columns = ", ".join(row)
    places = ", ".join(f"%({name})s" for name in row)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in row if name != "data_version")
    # Two runs that prepare the same data at once wait for each other and both succeed. What was split before
    # holds.
    connection.execute(
        f"insert into training_data ({columns}) values ({places}) "
        f"on conflict (data_version) do update set {replaced}, prepared_at = now()",
        row,
    )
