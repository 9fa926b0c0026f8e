"""The commit of a batch: the ledger's transaction around one version of the table.

An attempt that was overtaken finds its units taken, its connection gone, or a newer version; each of them
ends it (docs/decisions/049-paths-in-a-delta-table.md).
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pyarrow as pa

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.fence import pass_units
from sevenfold_jobs.forecast_infer import tables
from sevenfold_jobs.forecast_infer.checks import check_small_tables
from sevenfold_jobs.sinks.delta.place import LOG, file_system, list_files, partition_folder, remove_files
from sevenfold_jobs.sinks.delta.sink import file_stem
from sevenfold_jobs.sinks.delta.table import Snapshot
from sevenfold_jobs.sinks.delta.versions import (
    Landing,
    Replacement,
    keep_log_short,
    lock_table,
    newest,
    replace_dates,
)
from sevenfold_jobs.sinks.delta.writing import write_rows
from sevenfold_jobs.sinks.sink import Answer, StoredPaths

if TYPE_CHECKING:
    from sevenfold_jobs.common.batch import Batch
    from sevenfold_jobs.forecast_infer.request import Request


def commit_files(
    batch: "Batch", path: str, request: "Request", answers: Sequence[Answer]
) -> dict[str, float]:
    """Replaces the dates of the answers by their files, and what the three small tables have of them.

    Answers seconds by stage. Raises Fenced where a newer attempt has a unit, CheckFailed, Infrastructure.
    """
    watch, fence = Clock(), batch.fence
    dates = [date.fromisoformat(day) for answer in answers for day in answer["dates"]]
    fingerprints = [text for answer in answers for text in answer["fingerprints"]]
    landing = Landing()
    try:
        with closing(batch.connect()) as connection:
            lock_table(connection, path)
            snapshot = newest(path)
            with watch.time("small"):
                note_fingerprints(
                    connection,
                    f"delta/{snapshot.table_id}",
                    (request.commodity, request.model_version),
                    dates,
                    fingerprints,
                )
                tables.delete_rows(connection, request, dates)
                for answer in answers:
                    for table, packed in answer["small"].items():
                        rows = pa.ipc.open_stream(packed).read_all()
                        batch.copy(connection, table, rows.schema.names, rows.to_batches())
                check_small_tables(connection, request, dates)
            batch.failpoint("before-fence")
            pass_units(
                connection,
                fence["runId"],
                "date",
                request.model_version,
                dates,
                fence["attempt"],
                fingerprints,
                request.paths,
            )
            batch.failpoint("after-fence")
            with watch.time("delta"):
                wanted = Replacement(
                    commodity=request.commodity,
                    version=request.model_version,
                    days=np.unique(np.array(dates, "datetime64[D]").astype(int)),
                    files=[answer["file"] for answer in answers],
                    note={
                        "run": fence["runId"],
                        "batch": batch.batch_id,
                        "attempt": fence["attempt"],
                        "first": str(min(dates)),
                        "last": str(max(dates)),
                        "dates": len(dates),
                    },
                    stem=file_stem(fence, 0).replace("-a", "-kept-a"),
                    failpoint=batch.failpoint,
                )
                snapshot = replace_dates(connection, snapshot, wanted, landing)
            _remove_leftovers(connection, fence, request, snapshot)
            batch.failpoint("before-commit")
            connection.commit()
    except Exception:
        if not landing.possible:
            remove_files(path, [answer["file"]["path"] for answer in answers])
        raise
    batch.failpoint("after-commit")
    keep_log_short(snapshot)
    return watch.seconds


def put_rows(
    connection: psycopg.Connection,
    path: str,
    of: tuple[str, str],
    rows: StoredPaths,
    fingerprints: Mapping[date, str],
) -> None:
    """Replaces dates of a commodity and model version by rows of another sink, and commits."""
    landing, file = Landing(), None
    stem = f"copy-{uuid.uuid4().hex[:8]}"
    try:
        file = write_rows(path, f"{partition_folder(*of)}/{stem}.parquet", rows)
        lock_table(connection, path)
        snapshot = newest(path)
        note_fingerprints(
            connection, f"delta/{snapshot.table_id}", of, list(fingerprints), list(fingerprints.values())
        )
        wanted = Replacement(
            commodity=of[0],
            version=of[1],
            days=np.unique(np.array(list(fingerprints), "datetime64[D]").astype(int)),
            files=[file],
            note={
                "copy": "forecasts",
                "first": str(min(fingerprints)),
                "last": str(max(fingerprints)),
                "dates": len(fingerprints),
            },
            stem=f"{stem}-kept",
            failpoint=lambda _: None,
        )
        replace_dates(connection, snapshot, wanted, landing)
        connection.commit()
    except Exception:
        if file is not None and not landing.possible:
            remove_files(path, [file["path"]])
        raise


def note_fingerprints(
    connection: psycopg.Connection,
    sink: str,
    of: tuple[str, str],
    dates: Sequence[date],
    fingerprints: Sequence[str],
) -> None:
    """What this sink's paths of a commodity and version are made of from now on; and what those in PostgreSQL
    were made of, where the metadata that said so is about to say something else."""
    commodity, version = of
    values = {
        "sink": sink,
        "commodity": commodity,
        "version": version,
        "dates": list(dates),
        "fingerprints": list(fingerprints),
    }
    connection.execute(
        """
        insert into path_fingerprints (sink, commodity, model_version, forecast_start_date, fingerprint)
        select 'postgres', f.commodity, f.model_version, f.forecast_start_date, f.fingerprint
          from forecast_metadata f
          join unnest(%(dates)s::date[], %(fingerprints)s::text[]) as n (date, fingerprint)
            on n.date = f.forecast_start_date
         where f.commodity = %(commodity)s and f.model_version = %(version)s
           and f.fingerprint <> n.fingerprint
        on conflict do nothing
        """,
        values,
    )
    connection.execute(
        """
        insert into path_fingerprints (sink, commodity, model_version, forecast_start_date, fingerprint)
        select %(sink)s, %(commodity)s, %(version)s, date, fingerprint
          from unnest(%(dates)s::date[], %(fingerprints)s::text[]) as n (date, fingerprint)
        on conflict (sink, commodity, model_version, forecast_start_date)
          do update set fingerprint = excluded.fingerprint
        """,
        values,
    )


_OURS = re.compile(
    r"^(?P<run>[0-9a-f]{8})-chunk(?P<chunk>\d+)(-kept)?-a(?P<attempt>\d+)-\d+-[0-9a-f]{12}\.parquet$"
)


def _remove_leftovers(
    connection: psycopg.Connection, fence: Mapping[str, Any], request: "Request", snapshot: Snapshot
) -> None:
    """Files that ended attempts of this run have left: none of their units waits for them any more.

    Behind the lock, where no other commit is under way. What a version ever had stays for its readers until a
    vacuum, and so does what other runs left.
    """
    if fence["attempt"] < 2:
        return
    folder = partition_folder(request.commodity, request.model_version)
    known = {file.path for file in snapshot.files(request.commodity, request.model_version)}
    left = [
        info
        for info in list_files(snapshot.path, folder)
        if f"{folder}/{info.base_name}" not in known and _is_ended(connection, fence, info.base_name)
    ]
    if left:
        had = _added_since(snapshot.path, min(info.mtime for info in left))
        paths = (f"{folder}/{info.base_name}" for info in left)
        remove_files(snapshot.path, [path for path in paths if path not in had])


def _is_ended(connection: psycopg.Connection, fence: Mapping[str, Any], name: str) -> bool:
    ours = _OURS.match(name)
    if ours is None or ours["run"] != str(fence["runId"])[:8] or int(ours["attempt"]) >= fence["attempt"]:
        return False
    waiting = connection.execute(
        """
        select 1 from units where run_id = %s and kind = 'date' and chunk = %s and attempt = %s
           and committed_attempt is distinct from attempt limit 1
        """,
        [fence["runId"], int(ours["chunk"]), int(ours["attempt"])],
    ).fetchone()
    return waiting is None


def _added_since(path: str, since: datetime) -> set[str]:
    """Files that versions younger than the moment added, as the log names them: ours are of letters that
    it does not encode."""
    files = file_system(path)
    added: set[str] = set()
    for info in list_files(path, LOG):
        # A clock of another machine may be a little off.
        if not info.base_name.endswith(".json") or info.mtime < since - timedelta(minutes=10):
            continue
        with files.open_input_stream(f"{LOG}/{info.base_name}") as stream:
            for line in stream.read().splitlines():
                entry = json.loads(line)
                if "add" in entry:
                    added.add(entry["add"]["path"])
    return added
