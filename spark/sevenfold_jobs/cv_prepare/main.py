"""Job `cv_prepare`: a file becomes folds, once; every fit of every model reads the same arrays."""

import importlib
import time
from typing import Any

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.cv.defaults import filled_in
from sevenfold_jobs.cv.leaks import leak_warnings
from sevenfold_jobs.cv.reading import read_source
from sevenfold_jobs.cv.request import Request, read_request
from sevenfold_jobs.cv.roles import Table, read_roles
from sevenfold_jobs.cv.splits import Split, membership_hash
from sevenfold_jobs.cv_prepare.folds import split
from sevenfold_jobs.cv_prepare.horizons import unscored
from sevenfold_jobs.cv_prepare.samples import generator_of, samples_of
from sevenfold_jobs.cv_prepare.writing import DataRow, FoldRow, write_data

_WARNINGS_TOLD = 20


def run(batch: Batch) -> dict[str, Any]:
    """Writes the arrays of every fold below `objectRoot`, then cv_data and cv_folds in one transaction.

    Safe to repeat: a file that has its bytes is left alone, the rows of the data version are replaced.
    Returns `{dataVersion, rows, folds, warnings, seconds}`. Raises InvalidInput for a file, a column or a
    fold that cannot be used, naming it, and Fenced when a newer attempt owns the unit.
    """
    began = time.perf_counter()
    request = read_request(batch.input)
    steps = request.folds + 2
    batch.progress(0, steps, f"reading {request.name}")
    source = read_source(request.path, request.source_sha256)
    asked = request.horizons
    request = filled_in(request, source)
    generator = generator_of(source)
    table = read_roles(source, request)
    samples = samples_of(table, generator)
    del source
    splits = split(request, table)
    table.warnings += leak_warnings(table)

    # What the other kind imports takes up to 1.7 s: only who needs it pays for it.
    kind = "survival" if request.task == "survival" else "boosting"
    prepare = importlib.import_module(f"sevenfold_jobs.cv_prepare.{kind}").prepare
    folds, summary, hazards = prepare(
        request, table, splits, lambda done, note: batch.progress(done + 1, steps, note)
    )
    if request.task == "survival":
        table.warnings += unscored(asked, folds)
    seconds = time.perf_counter() - began
    with batch.connect() as connection:
        data = _data_row(request, table, splits, folds, summary | samples, hazards, generator, seconds)
        write_data(connection, data, folds)
        detail = {
            "dataVersion": request.data_version,
            "rows": data.rows,
            "dropped": table.dropped,
            "warnings": table.warnings[:_WARNINGS_TOLD],
        }
        batch.commit(connection, len(folds), detail)
    batch.progress(steps, steps, f"{len(folds)} folds of {data.rows:,} rows")
    return {
        "dataVersion": request.data_version,
        "rows": data.rows,
        "folds": len(folds),
        "warnings": table.warnings[:_WARNINGS_TOLD],
        "seconds": round(time.perf_counter() - began, 3),
    }


def _data_row(
    request: Request,
    table: Table,
    splits: list[Split],
    folds: list[FoldRow],
    summary: dict[str, Any],
    hazards: list[dict[str, Any]] | None,
    generator: dict[str, Any] | None,
    seconds: float,
) -> DataRow:
    return DataRow(
        request=request,
        is_synthetic=bool(generator and generator.get("synthetic", True)),
        rows=len(table.rows),
        dropped=table.dropped,
        features=table.described_features(),
        left_out=table.left_out,
        warnings=table.warnings,
        summary=summary,
        hazards=hazards,
        membership_sha256=membership_hash(splits, table.rows, table.file_rows),
        seconds=round(seconds, 3),
    )
