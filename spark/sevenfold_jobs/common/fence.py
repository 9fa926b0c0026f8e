"""The one door to a commit: only the attempt that the ledger names may pass it.

Each function but `count_passed` works inside the connection's transaction and locks the rows of its units,
so that of two attempts one can pass. Each raises Fenced, and rolls back, when a unit is not this attempt's.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, NoReturn

import psycopg

from sevenfold_jobs.common.failures import Fenced
from sevenfold_jobs.common.printable import storable


def pass_unit(
    connection: psycopg.Connection,
    run_id: str,
    unit: str,
    attempt: int,
    rows_due: int,
    fingerprint: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Marks the unit as committed by this attempt; without a `fingerprint` it keeps that of its plan."""
    passed = connection.execute(
        """
        update units
           set committed_attempt = %(attempt)s, committed_at = clock_timestamp(), rows_due = %(rows_due)s,
               committed_fingerprint = coalesce(%(fingerprint)s, fingerprint),
               detail = detail || %(detail)s::jsonb
         where run_id = %(run_id)s and unit = %(unit)s and attempt = %(attempt)s
        """,
        {
            "run_id": run_id,
            "unit": unit,
            "attempt": attempt,
            "rows_due": rows_due,
            "fingerprint": fingerprint,
            "detail": json.dumps(storable(detail or {})),
        },
    )
    if passed.rowcount != 1:
        _refuse(connection, f"Attempt {attempt} of {unit}")


def hold_unit(connection: psycopg.Connection, run_id: str, unit: str, attempt: int) -> None:
    """Keeps a newer attempt from taking the unit until the transaction ends, and marks nothing."""
    held = connection.execute(
        "select 1 from units where run_id = %s and unit = %s and attempt = %s for update",
        [run_id, unit, attempt],
    ).fetchone()
    if held is None:
        _refuse(connection, f"Attempt {attempt} of {unit}")


def pass_units(
    connection: psycopg.Connection,
    run_id: str,
    kind: str,
    model_version: str,
    dates: Sequence[date],
    attempt: int,
    fingerprints: Sequence[str] | None,
    rows_due: int,
) -> None:
    """Marks the units of the dates as committed by this attempt; locks their rows in the order of the dates.

    `fingerprints` go with `dates`; without them each unit keeps that of its plan. `rows_due` is each unit's.
    """
    passed = connection.execute(
        """
        with mine as (
          select u.unit, given.fingerprint
            from units u
            join unnest(%(dates)s::date[], %(fingerprints)s::text[]) as given (date, fingerprint) using (date)
           where u.run_id = %(run_id)s and u.kind = %(kind)s and u.model_version = %(model_version)s
             and u.attempt = %(attempt)s
           order by u.date
             for update of u
        )
        update units u
           set committed_attempt = %(attempt)s, committed_at = clock_timestamp(),
               committed_fingerprint = coalesce(mine.fingerprint, u.fingerprint), rows_due = %(rows_due)s
          from mine
         where u.run_id = %(run_id)s and u.unit = mine.unit and u.attempt = %(attempt)s
        """,
        {
            "run_id": run_id,
            "kind": kind,
            "model_version": model_version,
            "dates": list(dates),
            "fingerprints": [None] * len(dates) if fingerprints is None else list(fingerprints),
            "attempt": attempt,
            "rows_due": rows_due,
        },
    )
    if passed.rowcount != len(dates):
        _refuse(
            connection,
            f"Attempt {attempt} of {len(dates) - passed.rowcount} of the {len(dates)} {kind}s of "
            f"{model_version} from {min(dates)} to {max(dates)}",
        )


def count_passed(
    connection: psycopg.Connection,
    run_id: str,
    kind: str,
    model_version: str,
    dates: Sequence[date],
    attempt: int,
) -> int:
    """How many of the dates this attempt has passed with so far. Locks nothing."""
    [count] = connection.execute(
        """
        select count(*) from units
         where run_id = %s and kind = %s and model_version = %s and date = any(%s)
           and attempt = %s and committed_attempt = attempt
        """,
        [run_id, kind, model_version, list(dates), attempt],
    ).fetchone()
    return count


def _refuse(connection: psycopg.Connection, who: str) -> NoReturn:
    connection.rollback()
    raise Fenced(f"{who} was overtaken by a newer one: nothing was written.")
