"""What `prune` does to a Delta table, behind the table's lock: a request on standard input, the answer on
standard output (src/retention/delta.ts). DATABASE_URL comes by the environment.

`{path, do: "clean", dryRun}` removes files that no version of the last seven days needs and writes a
checkpoint; `{path, do: "drop", commodity, dryRun}` takes a commodity out of the newest version. Both
answer `{table, files, rows, bytes, oldest, newest}`: what went or would go, `table` null where there is
none, days of the files.
"""

import os
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from pyarrow import fs

from sevenfold_jobs.common.asked import answer_request, go_without_pandas
from sevenfold_jobs.common.database import connect
from sevenfold_jobs.sinks.delta.place import (
    COMMODITY,
    LOG,
    VERSION,
    file_system,
    list_files,
    refuse_place,
    remove_files,
    trouble_at,
)
from sevenfold_jobs.sinks.delta.table import Snapshot, find_snapshot
from sevenfold_jobs.sinks.delta.versions import lock_table, newest, remove_everything

#: A task may write for hours before its file is part of the table, and a reader may read an older version.
KEPT_HOURS = 168

# A reader opens as many log entries as there are since the newest checkpoint.
_VERSIONS_A_CHECKPOINT = 10

# Where a writer of such a table, whoever it is, puts its files.
_DATA_FILE = re.compile(rf"{VERSION}=[^/]+/{COMMODITY}=[^/]+/[^/]+\.parquet")


def maintain(request: dict[str, Any]) -> dict[str, Any]:
    """One of the two, or nothing where there is no table."""
    path, dry = request["path"], request["dryRun"]
    refuse_place(path)
    with connect(os.environ["DATABASE_URL"], "sevenfold-prune") as connection:
        lock_table(connection, path)
        # Many files of a bucket take longer to remove than a commit may stand still.
        connection.execute("set local idle_in_transaction_session_timeout = '30min'")
        snapshot = find_snapshot(path)
        if snapshot is None:
            return {"table": None, "files": 0, "rows": 0, "bytes": 0, "oldest": None, "newest": None}
        if request["do"] == "drop":
            return _drop(snapshot, request["commodity"], dry)
        return _clean(snapshot, dry)


def _drop(snapshot: Snapshot, commodity: str, dry: bool) -> dict[str, Any]:
    files = [file for version in snapshot.versions(commodity) for file in snapshot.files(commodity, version)]
    if not dry:
        remove_everything(snapshot, commodity)
    return {
        "table": snapshot.table_id,
        "files": len(files),
        "rows": sum(file.rows for file in files),
        "bytes": sum(file.size for file in files),
        "oldest": None,
        "newest": None,
    }


def _clean(snapshot: Snapshot, dry: bool) -> dict[str, Any]:
    from deltalake.exceptions import DeltaError

    path = snapshot.path
    try:
        infos = file_system(path).get_file_info([*_unneeded(snapshot), *_staged_entries(path)])
        infos = [info for info in infos if info.type == fs.FileType.File]
        if not dry:
            remove_files(path, [info.path for info in infos])
            _write_checkpoint(path)
    except (DeltaError, OSError) as error:
        raise trouble_at(path, error) from error
    days = sorted(info.mtime.date().isoformat() for info in infos)
    return {
        "table": snapshot.table_id,
        "files": len(infos),
        "rows": 0,
        "bytes": sum(info.size for info in infos),
        "oldest": days[0] if days else None,
        "newest": days[-1] if days else None,
    }


def _unneeded(snapshot: Snapshot) -> list[str]:
    """Old data files that no version needs that a reader may be at.

    Whatever else lies in the folder is not the table's to remove: the library's own vacuum takes every old
    file that the log does not name.
    """
    old = set(_vacuumed(snapshot, KEPT_HOURS))
    if "delta.deletedFileRetentionDuration" in snapshot.table.metadata().configuration:
        # Somebody has said how long this table's files are kept: the longer of the two.
        old &= set(_vacuumed(snapshot, None))
    return sorted(file for file in old if _DATA_FILE.fullmatch(file))


def _vacuumed(snapshot: Snapshot, hours: int | None) -> list[str]:
    old = snapshot.table.vacuum(hours, dry_run=True, enforce_retention_duration=False, full=True)
    return [unquote(str(file)) for file in old]


def _write_checkpoint(path: str) -> None:
    snapshot = newest(path)
    there = [info.base_name for info in list_files(path, LOG)]
    last = max((int(name[:20]) for name in there if ".checkpoint" in name and name[:20].isdigit()), default=0)
    if snapshot.version - last >= _VERSIONS_A_CHECKPOINT:
        snapshot.table.create_checkpoint()


def _staged_entries(path: str) -> list[str]:
    """Log entries that a killed writer left under the name that they have before they are linked."""
    before = datetime.now(UTC) - timedelta(hours=KEPT_HOURS)
    return [
        f"{LOG}/{info.base_name}"
        for info in list_files(path, LOG)
        if ".json#" in info.base_name and info.mtime < before
    ]


if __name__ == "__main__":
    go_without_pandas()
    sys.exit(answer_request(maintain))
