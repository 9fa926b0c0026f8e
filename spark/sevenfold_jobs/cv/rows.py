"""A fit's row in cv_fits: written whole, by the attempt that owns the fit's unit, or not at all."""

import json
from typing import Any

import psycopg

from sevenfold_jobs.common.fence import hold_unit, pass_unit
from sevenfold_jobs.common.printable import storable
from sevenfold_jobs.common.task import Task

#: Figures of cv_fits; a fit has those of its task, the others stay null.
FIGURES = (
    *("cindex", "cindex_tau", "cindex_harrell", "ibs", "mean_auc", "weighted_auc"),
    *("accuracy", "precision", "recall", "f1", "auc", "log_loss"),
    *("rmse", "mae", "r2"),
)
_COLUMNS = (
    *("run_id", "model", "fold", "params_hash", "fit_key", "data_version", "run_type", "params", "status"),
    *("error_type", "error", *FIGURES, "best_iteration", "train_rows", "test_rows", "seconds"),
    *("cpu_seconds", "peak_mb", "seed", "threads", "versions", "detail", "arrays", "attempt"),
)
_JSON = ("params", "versions", "detail")


def write_fit(connection: psycopg.Connection, task: Task, unit: str, row: dict[str, Any]) -> None:
    """Replaces the fit's row and commits it together with its unit. `row` is by column of cv_fits.

    A failed fit's row commits no unit. Raises Fenced, and writes nothing, when a newer attempt owns it.
    """
    hold_unit(connection, row["run_id"], unit, row["attempt"])
    connection.execute(
        """
        delete from cv_fits
         where run_id = %(run_id)s and model = %(model)s and params_hash = %(params_hash)s and fold = %(fold)s
        """,
        row,
    )
    # Names of columns, levels and a library's own words stand in it.
    values = {column: storable(row.get(column)) for column in _COLUMNS}
    values |= {column: json.dumps(values[column] or {}, allow_nan=False) for column in _JSON}
    places = ", ".join(f"%({column})s" for column in _COLUMNS)
    connection.execute(f"insert into cv_fits ({', '.join(_COLUMNS)}) values ({places})", values)
    task.failpoint("before-commit")
    if row["status"] == "complete":
        pass_unit(connection, row["run_id"], unit, row["attempt"], rows_due=1)
    connection.commit()
    task.failpoint("after-commit")


def is_committed(connection: psycopg.Connection, run_id: str, unit: str, attempt: int) -> bool:
    """Whether this attempt has committed the unit: a task that is run again finds its earlier fits."""
    found = connection.execute(
        "select 1 from units where run_id = %s and unit = %s and attempt = %s and committed_attempt = %s",
        [run_id, unit, attempt, attempt],
    ).fetchone()
    connection.rollback()
    return found is not None
