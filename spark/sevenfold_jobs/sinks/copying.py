"""Copies forecasts' paths from one sink into another: a request on standard input, progress on standard
output (src/kinds/backfill/copy-command.ts). DATABASE_URL comes by the environment.

`{from, to, commodity, paths, versions: [{version, dates}]}`: places of sinks, and the dates that are
whole in the first. A date that the second holds with the same checksum is left alone, so that a copy that
was stopped goes on where it was. The last line says `done` with `{version, dates, copied, there, sha256}`
of each version, or `failed`.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import psycopg

from sevenfold_jobs.common import failures
from sevenfold_jobs.common.asked import go_without_pandas
from sevenfold_jobs.common.database import connect
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.forecast_infer.checks import CheckFailed
from sevenfold_jobs.sinks import sink_at
from sevenfold_jobs.sinks.checksum import checksum_of_dates, checksums_by_date, stored_checksums
from sevenfold_jobs.sinks.sink import Sink, StoredPaths

# A file of a table has at most so many dates, and so many rows are in memory at a time.
_DATES_AT_ONCE = 60
_ROWS_AT_ONCE = 200_000

Report = Callable[..., None]


def main() -> int:
    """Runs the request."""
    go_without_pandas()
    try:
        request = json.load(sys.stdin)
        with connect(os.environ["DATABASE_URL"], "sevenfold-copy") as connection:
            copied = [
                copy_version(connection, request, each["version"], each["dates"], _say)
                for each in request["versions"]
            ]
    except BrokenPipeError:
        return 1  # whoever waited for it is gone
    except Exception as exception:
        kind, message = failures.describe(exception)
        _say(status="failed", errorType=kind, message=message)
        return 1
    _say(status="done", copied=copied)
    return 0


def copy_version(
    connection: psycopg.Connection,
    request: dict[str, Any],
    version: str,
    given: Sequence[str],
    report: Report,
) -> dict[str, Any]:
    """All dates of a model version. CheckFailed where the second sink does not hold what the first does."""
    of = request["commodity"], version
    source = sink_at(request["from"]).to_read(connection, *of)
    target = sink_at(request["to"]).opened(connection, *of)
    dates = sorted(date.fromisoformat(day) for day in given)
    copied, sums = 0, {}
    for block in _blocks(dates, request["paths"]):
        _refuse_open_run(connection, of[0])
        rows = source.read_paths(connection, *of, block, MOST_DAYS)
        wanted = checksums_by_date(rows)
        made_from = _fingerprints(connection, source, of, block)
        gone = [day for day in block if day not in wanted or day not in made_from]
        if gone:
            raise CheckFailed(
                f"{gone[0]} of {version} is not whole any more where it is copied from: begin the copy again."
            )
        there = stored_checksums(connection, target, of, block)
        noted = _fingerprints(connection, target, of, block)
        missing = [day for day in block if there.get(day) != wanted[day] or noted.get(day) != made_from[day]]
        connection.commit()
        if missing:
            target.put(connection, *of, _of_dates(rows, missing), {day: made_from[day] for day in missing})
            target = target.to_read(connection, *of)
            now = stored_checksums(connection, target, of, missing)
            connection.commit()
            for day in missing:
                if now.get(day) != wanted[day]:
                    raise CheckFailed(
                        f"{day} of {version} was copied and does not have the same checksum there."
                    )
        copied += len(missing)
        sums |= wanted
        report(status="copying", version=version, done=len(sums), of=len(dates))
    return {
        "version": version,
        "dates": len(dates),
        "copied": copied,
        "there": len(dates) - copied,
        "sha256": checksum_of_dates(sums),
    }


def _blocks(dates: Sequence[date], paths: int) -> Iterator[list[date]]:
    at_once = max(1, min(_DATES_AT_ONCE, _ROWS_AT_ONCE // paths))
    for first in range(0, len(dates), at_once):
        yield list(dates[first : first + at_once])


def _of_dates(rows: StoredPaths, dates: Sequence[date]) -> StoredPaths:
    chosen = np.isin(rows.dates.astype("datetime64[D]"), np.array(dates, "datetime64[D]"))
    return StoredPaths(
        rows.dates[chosen], rows.ids[chosen], rows.cutoffs[chosen], rows.days[chosen], rows.beyond[chosen]
    )


def _fingerprints(
    connection: psycopg.Connection, sink: Sink, of: tuple[str, str], dates: Sequence[date]
) -> dict[date, str]:
    """What the sink's paths were made of; for PostgreSQL the metadata says it where nothing else does."""
    rows = connection.execute(
        """
        select date, coalesce(s.fingerprint, case when %(sink)s = 'postgres' then f.fingerprint end)
          from unnest(%(dates)s::date[]) as n (date)
          left join path_fingerprints s on s.sink = %(sink)s and s.commodity = %(commodity)s
           and s.model_version = %(version)s and s.forecast_start_date = n.date
          left join forecast_metadata f on f.commodity = %(commodity)s and f.model_version = %(version)s
           and f.forecast_start_date = n.date
        """,
        {"sink": sink.id, "commodity": of[0], "version": of[1], "dates": list(dates)},
    )
    return {day: fingerprint for day, fingerprint in rows if fingerprint is not None}


def _refuse_open_run(connection: psycopg.Connection, commodity: str) -> None:
    found = connection.execute(
        """
        select key, status from runs
         where dataset = 'prices/' || %s and kind = 'forecastBackfill' and status in ('running', 'paused')
         order by key limit 1
        """,
        [commodity],
    ).fetchone()
    if found is not None:
        raise InvalidInput(
            f"{found[0]} is {found[1]} and writes forecasts of {commodity}: wait for its end or cancel it, "
            "then "
            "copy again."
        )


def _say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
