"""What an audit found, on the units of its dates."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from sevenfold_jobs.common.fence import count_passed, pass_units
from sevenfold_jobs.forecast.series import Prices
from sevenfold_jobs.forecast_audit.comparison import compare_forecasts
from sevenfold_jobs.forecast_infer.forecasts import Maker
from sevenfold_jobs.forecast_infer.request import Request, Work
from sevenfold_jobs.sinks.sink import Sink


def auditing(
    fence: dict[str, Any], sink: Sink, request: Request, prices: Prices, works: Sequence[Work]
) -> Callable[[psycopg.Connection, Work], dict[str, Any]]:
    """A function that makes each of the works again, compares it, commits the verdicts and answers
    `{dates, different}`."""
    maker = Maker(request, prices, works)

    def audit(connection: psycopg.Connection, work: Work) -> dict[str, Any]:
        differences = compare_forecasts(connection, sink, maker.make(connection, work))
        give_verdicts(connection, fence, request, work, differences)
        connection.commit()
        return {
            "dates": [day.isoformat() for day in work.dates],
            "different": sum(text is not None for text in differences),
        }

    return audit


def give_verdicts(
    connection: psycopg.Connection,
    fence: dict[str, Any],
    request: Request,
    work: Work,
    differences: Sequence[str | None],
) -> None:
    """One verdict a date: None is equal. Raises Fenced where a newer attempt has the units."""
    connection.execute(
        """
        update units u
           set detail = u.detail || jsonb_build_object('equal', d.differs is null, 'differs', d.differs)
          from unnest(%(dates)s::date[], %(differences)s::text[]) as d (date, differs)
         where u.run_id = %(runId)s and u.kind = 'date' and u.model_version = %(version)s
           and u.date = d.date and u.attempt = %(attempt)s
        """,
        {
            **fence,
            "version": request.model_version,
            "dates": list(work.dates),
            "differences": list(differences),
        },
    )
    pass_units(
        connection,
        fence["runId"],
        "date",
        request.model_version,
        work.dates,
        fence["attempt"],
        None,
        request.paths,
    )


def compared(request: Request, fence: dict[str, Any], connection: psycopg.Connection) -> int:
    """How many of the dates this attempt has given its verdict so far."""
    return count_passed(
        connection, fence["runId"], "date", request.model_version, request.dates, fence["attempt"]
    )
