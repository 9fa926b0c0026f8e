"""A fit's row in training_fits: written whole, by the attempt that owns the fit's unit, or not at all."""

import json
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sevenfold_jobs.common.fence import hold_unit, pass_unit
from sevenfold_jobs.common.printable import storable
from sevenfold_jobs.common.task import Task

_COLUMNS = (
    *(
        "run_id",
        "model",
        "trial",
        "fold",
        "fit_key",
        "data_version",
        "params",
        "status",
        "error_type",
        "error",
    ),
    *(
        "value",
        "figures",
        "notes",
        "train_rows",
        "test_rows",
        "seconds",
        "cpu_seconds",
        "peak_mb",
        "taken_over",
    ),
    *("versions", "predictions", "attempt"),
)
_JSON = {"params": {}, "versions": {}, "figures": {}, "notes": []}


def write_fit(connection: psycopg.Connection, task: Task, unit: str, row: dict[str, Any]) -> None:
    """Replaces the fit's row and commits it together with its unit; a fit that its library refused as well,
    since it would refuse again. Raises Fenced, and writes nothing, when a newer attempt owns it."""
    hold_unit(connection, row["run_id"], unit, row["attempt"])
    connection.execute(
        """
        delete from training_fits
         where run_id = %(run_id)s and model = %(model)s and trial = %(trial)s and fold = %(fold)s
        """,
        row,
    )
    values = {column: storable(row.get(column)) for column in _COLUMNS}
    values["taken_over"] = bool(values["taken_over"])
    values |= {
        column: json.dumps(usual if values[column] is None else values[column], allow_nan=False)
        for column, usual in _JSON.items()
    }
    places = ", ".join(f"%({column})s" for column in _COLUMNS)
    connection.execute(f"insert into training_fits ({', '.join(_COLUMNS)}) values ({places})", values)
    task.failpoint("before-commit")
    pass_unit(connection, row["run_id"], unit, row["attempt"], rows_due=1)
    connection.commit()
    task.failpoint("after-commit")


def find_stored(connection: psycopg.Connection, key: str, object_root: str) -> dict[str, Any] | None:
    """What any run has made of the same fit, where its predictions lie below the same root."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """
            select value, figures, notes, train_rows, test_rows, versions, predictions
              from training_fits
             where fit_key = %s and status = 'complete' and starts_with(predictions, %s || '/')
             order by fitted_at limit 1
            """,
            [key, object_root],
        ).fetchone()
    connection.rollback()
    return found
