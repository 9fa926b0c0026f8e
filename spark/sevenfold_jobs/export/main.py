"""Writes one view to a CSV or Parquet file: a request on standard input, progress on standard output.

Not a batch: it reads, and whoever started it waits. DATABASE_URL comes by the environment.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from sevenfold_jobs.common import failures
from sevenfold_jobs.common.database import connect
from sevenfold_jobs.export import query, writers
from sevenfold_jobs.export.paths import write_paths

_REPORT_EVERY_SECONDS = 0.5


def main() -> int:
    """Runs the request; the last line says `done` with rows and bytes, or `failed` with a type and why."""
    request = json.load(sys.stdin)
    path = Path(request["file"])
    try:
        with connect(os.environ["DATABASE_URL"], "sevenfold-export") as connection:
            # One statement, one snapshot: what is written meanwhile is in the file as a whole or not at all.
            connection.read_only = True
            rows = _write(connection, request, path)
        _sync(path)
    except BrokenPipeError:
        path.unlink(missing_ok=True)  # whoever waited for it is gone
        return 1
    except Exception as exception:
        path.unlink(missing_ok=True)
        kind, message = failures.describe(exception)
        _say(status="failed", errorType=kind, message=message)
        return 1
    _say(status="done", rows=rows, bytes=path.stat().st_size)
    return 0


def _write(connection: psycopg.Connection, request: dict[str, Any], path: Path) -> int:
    if "paths" in request:
        return write_paths(connection, request, path, _progress(path))
    view = query.describe(connection, request)
    write = writers.write_csv if request["format"] == "csv" else writers.write_parquet
    return write(connection, view, path, _progress(path))


def _progress(path: Path) -> Callable[[int], None]:
    due = time.monotonic() + _REPORT_EVERY_SECONDS

    def report(rows: int) -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        due = time.monotonic() + _REPORT_EVERY_SECONDS
        _say(status="writing", rows=rows, bytes=path.stat().st_size)

    return report


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
