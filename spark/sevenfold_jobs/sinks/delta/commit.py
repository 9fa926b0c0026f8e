"""The commit of a batch: the ledger's transaction around one version of the table.

Every commit to a table is made behind its lock, with a number from a sequence that the table remembers, as a
compare-and-swap on its newest version. An attempt that was overtaken finds its units taken, its connection
gone, or a newer version; each of them ends it (docs/decisions/049-paths-in-a-delta-table.md).
"""

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pyarrow as pa

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.failures import Infrastructure
from sevenfold_jobs.common.fence import pass_units
from sevenfold_jobs.forecast_infer import tables
from sevenfold_jobs.forecast_infer.checks import check_small_tables
from sevenfold_jobs.sinks.delta.keeping import keep_the_rest
from sevenfold_jobs.sinks.delta.place import COMMODITY, PARTITION, VERSION, partition_folder, sync_folder
from sevenfold_jobs.sinks.delta.sink import file_stem
from sevenfold_jobs.sinks.delta.table import TABLE_SCHEMA, Snapshot, find_snapshot, overlapping
from sevenfold_jobs.sinks.sink import Answer

if TYPE_CHECKING:
    from sevenfold_jobs.common.batch import Batch
    from sevenfold_jobs.forecast_infer.request import Request

# Somebody who writes to the table without the lock can come between; not this often.
_TRIES = 10

# A committer that stands still must not hold the table's lock for ever.
_IDLE = "set local idle_in_transaction_session_timeout = '60s'"


def lock_table(connection: psycopg.Connection, path: str) -> None:
    """Until the end of the transaction nobody else of this database commits to the table."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended('sevenfold/delta/' || %s, 0))", [path])


def commit_files(
    batch: "Batch", path: str, request: "Request", answers: Sequence[Answer]
) -> dict[str, float]:
    """Replaces the dates of the answers by their files, and what the three small tables have of them.

    Answers seconds by stage. Raises Fenced where a newer attempt has a unit, CheckFailed, Infrastructure.
    """
    watch, fence = Clock(), batch.fence
    dates = [date.fromisoformat(day) for answer in answers for day in answer["dates"]]
    fingerprints = [text for answer in answers for text in answer["fingerprints"]]
    landing = _Landing()
    try:
        with closing(batch.connect()) as connection:
            connection.execute(_IDLE)
            lock_table(connection, path)
            snapshot = _snapshot(path)
            with watch.time("small"):
                _note_fingerprints(connection, f"delta/{snapshot.table_id}", request, dates, fingerprints)
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
                files = [answer["file"] for answer in answers]
                snapshot = _replace(batch, connection, snapshot, request, dates, files, landing)
                _sync_log(path, snapshot.version)
            _remove_leftovers(connection, fence, request, snapshot)
            batch.failpoint("before-commit")
            connection.commit()
    except Exception:
        if not landing.possible:
            _unlink(path, [answer["file"] for answer in answers])
        raise
    batch.failpoint("after-commit")
    return watch.seconds


@dataclass
class _Landing:
    """Whether files may be part of the table, so that nobody may remove them: from the commit on, until the
    table says that it did not land."""

    possible: bool = False


def _unlink(path: str, files: Sequence[Mapping[str, Any]]) -> None:
    for file in files:
        Path(path, file["path"]).unlink(missing_ok=True)


def _replace(
    batch: "Batch",
    connection: psycopg.Connection,
    snapshot: Snapshot,
    request: "Request",
    dates: Sequence[date],
    files: Sequence[Mapping[str, Any]],
    landing: _Landing,
) -> Snapshot:
    """Makes a version of the table that has the files and nothing else of the dates, and answers it."""
    application = f"sevenfold/{request.commodity}/{request.model_version}"
    days = np.unique(np.array(list(dates), "datetime64[D]").astype(int))
    note = json.dumps(
        {
            "run": batch.fence["runId"],
            "batch": batch.batch_id,
            "attempt": batch.fence["attempt"],
            "first": str(min(dates)),
            "last": str(max(dates)),
            "dates": len(dates),
        }
    )
    trouble: Exception | None = None
    for _ in range(_TRIES):
        token = _token(connection, snapshot.recorded(application))
        batch.failpoint("after-token")
        old = overlapping(snapshot.files(request.commodity, request.model_version), days)
        removed, kept = keep_the_rest(
            snapshot.path, request, file_stem(batch.fence, 0).replace("-a", "-kept-a"), old, days
        )
        partition = {VERSION: request.model_version, COMMODITY: request.commodity}
        batch.failpoint("before-delta")
        landing.possible = True
        try:
            _commit(snapshot, [*files, *kept], removed, partition, (application, token), note)
        except Exception as error:
            # The answer may have been lost, not the commit: the table says.
            trouble = error
        batch.failpoint("after-delta")
        snapshot = _snapshot(snapshot.path)
        if snapshot.recorded(application) == token:
            return snapshot
        landing.possible = False
        _unlink(snapshot.path, kept)
    raise Infrastructure(
        f"The Delta table at {snapshot.path} took none of {_TRIES} commits: {str(trouble)[:300]}. "
        "Nothing of the batch is visible; it is tried again."
    )


def _token(connection: psycopg.Connection, recorded: int) -> int:
    """A number above the one that is recorded; that it is given shows that the connection, and with it the
    lock, still lives. The sequence lies behind the table after a restore of the database."""
    [token] = connection.execute("select nextval('delta_tokens')").fetchone()
    if token <= recorded:
        [token] = connection.execute("select setval('delta_tokens', %s)", [recorded + 1]).fetchone()
    return token


def _commit(
    snapshot: Snapshot,
    added: Sequence[Mapping[str, Any]],
    removed: Sequence[Any],
    partition: dict[str, str],
    mark: tuple[str, int],
    note: str,
) -> None:
    from deltalake import CommitProperties, PostCommitHookProperties, Transaction
    from deltalake.transaction import AddAction, RemoveAction

    now = time.time_ns() // 1_000_000
    actions = [AddAction(file["path"], file["size"], partition, now, True, file["stats"]) for file in added]
    actions += [RemoveAction(file.path, True, now, file.size, partition) for file in removed]
    snapshot.table.create_write_transaction(
        actions,
        "append",
        TABLE_SCHEMA,
        list(PARTITION),
        commit_properties=CommitProperties(
            custom_metadata={"userMetadata": note},
            max_commit_retries=0,
            app_transactions=[Transaction(*mark)],
        ),
        # A hook that fails would raise after the commit has landed.
        post_commithook_properties=PostCommitHookProperties(
            create_checkpoint=False, cleanup_expired_logs=False
        ),
    )


def _snapshot(path: str) -> Snapshot:
    snapshot = find_snapshot(path)
    if snapshot is None:
        raise Infrastructure(f"The Delta table at {path} has gone since the batch began.")
    return snapshot


def _sync_log(path: str, version: int) -> None:
    """The library links its entry and does not sync it."""
    log = Path(path, "_delta_log")
    with (log / f"{version:020}.json").open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(log)


def _note_fingerprints(
    connection: psycopg.Connection,
    sink: str,
    request: "Request",
    dates: Sequence[date],
    fingerprints: Sequence[str],
) -> None:
    """What this sink's paths are made of from now on; and what those in PostgreSQL were made of, where the
    metadata that said so is about to say something else."""
    values = {
        "sink": sink,
        "commodity": request.commodity,
        "version": request.model_version,
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

    Behind the lock, where no other commit is under way; what other runs left goes with a vacuum.
    """
    if fence["attempt"] < 2:
        return
    folder = Path(snapshot.path, partition_folder(request.commodity, request.model_version))
    known = {Path(file.path).name for file in snapshot.files(request.commodity, request.model_version)}
    for file in folder.iterdir():
        ours = _OURS.match(file.name)
        if ours is None or file.name in known or ours["run"] != str(fence["runId"])[:8]:
            continue
        if int(ours["attempt"]) >= fence["attempt"]:
            continue
        waiting = connection.execute(
            """
            select 1 from units where run_id = %s and kind = 'date' and chunk = %s and attempt = %s
               and committed_attempt is distinct from attempt limit 1
            """,
            [fence["runId"], int(ours["chunk"]), int(ours["attempt"])],
        ).fetchone()
        if waiting is None:
            file.unlink(missing_ok=True)
