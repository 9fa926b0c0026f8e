"""The one door to a commit of a fit: its unit, by name."""

import psycopg

from sevenfold_jobs.common.failures import Fenced


def pass_unit(connection: psycopg.Connection, run_id: str, unit: str, attempt: int) -> None:
    """Marks the unit as committed by this attempt, with one row due, inside the connection's transaction.

    Raises Fenced, and rolls back, when the unit is not this attempt's.
    """
    passed = connection.execute(
        """
        update units
           set committed_attempt = %(attempt)s, committed_at = clock_timestamp(),
               committed_fingerprint = fingerprint, rows_due = 1
         where run_id = %(run_id)s and unit = %(unit)s and attempt = %(attempt)s
        """,
        {"run_id": run_id, "unit": unit, "attempt": attempt},
    )
    if passed.rowcount != 1:
        _refuse(connection, unit, attempt)


def hold_unit(connection: psycopg.Connection, run_id: str, unit: str, attempt: int) -> None:
    """Keeps a newer attempt from taking the unit until the connection's transaction ends, and marks nothing.

    Raises Fenced, and rolls back, when the unit is not this attempt's.
    """
    held = connection.execute(
        "select 1 from units where run_id = %s and unit = %s and attempt = %s for update",
        [run_id, unit, attempt],
    ).fetchone()
    if held is None:
        _refuse(connection, unit, attempt)


def _refuse(connection: psycopg.Connection, unit: str, attempt: int) -> None:
    connection.rollback()
    raise Fenced(f"Attempt {attempt} of {unit} was overtaken by a newer one: nothing was written.")
