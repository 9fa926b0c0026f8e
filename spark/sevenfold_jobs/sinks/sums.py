"""The checksum of a range of stored paths: a request on standard input, the answer on standard output
(src/kinds/backfill/checksum.ts). DATABASE_URL comes by the environment.

`{sink, commodity, versions, first, last, paths}` answers `{checksums: [{version, dates, rows, sha256}]}`;
`paths` is about how many a date has, and bounds the memory.
"""

import os
import sys
from datetime import date
from typing import Any

from sevenfold_jobs.common.asked import answer_request, go_without_pandas
from sevenfold_jobs.common.database import connect
from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.sinks import sink_at
from sevenfold_jobs.sinks.checksum import checksum_of_dates, checksums_by_date, days_between


def sums(request: dict[str, Any]) -> dict[str, Any]:
    """The checksums, from the newest rows of the sink."""
    first, last = (date.fromisoformat(request[name]) for name in ("first", "last"))
    commodity, answers = request["commodity"], []
    with connect(os.environ["DATABASE_URL"], "sevenfold-checksum") as connection:
        connection.read_only = True
        for version in request["versions"]:
            sink = sink_at(request["sink"]).to_read(connection, commodity, version)
            by_date: dict[date, bytes] = {}
            rows = 0
            for block in days_between(first, last, request["paths"]):
                stored = sink.read_paths(connection, commodity, version, block, MOST_DAYS)
                by_date |= checksums_by_date(stored)
                rows += len(stored.ids)
            whole = checksum_of_dates(by_date)
            answers.append({"version": version, "dates": len(by_date), "rows": rows, "sha256": whole})
    return {"checksums": answers}


if __name__ == "__main__":
    go_without_pandas()
    sys.exit(answer_request(sums))
