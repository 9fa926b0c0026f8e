"""The one door to a commit of many units at once."""

from collections.abc import Sequence
from datetime import date

import psycopg

from sevenfold_jobs.common.failures import Fenced


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
    """Marks the units as committed by this attempt, inside the connection's transaction.

    `fingerprints` go with `dates`; without them each unit keeps that of its plan. `rows_due` is each unit's.
    Raises Fenced, and rolls back, when a unit is not this attempt's: the rows are locked in the order of
    their dates, so of two attempts only the one that the ledger names can pass.
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
        connection.rollback()
        raise Fenced(
            f"Attempt {attempt} of {len(dates) - passed.rowcount} of the {len(dates)} {kind}s of "
            f"{model_version} from {min(dates)} to {max(dates)} was overtaken by a newer one: "
            "nothing was written."
        )
