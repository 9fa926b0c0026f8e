"""New versions of a table: behind its lock, with a number from a sequence that the table remembers, as a
compare-and-swap on its newest version (docs/decisions/049-paths-in-a-delta-table.md).
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from sevenfold_jobs.common.failures import Infrastructure, InvalidInput, NoSpace, describe
from sevenfold_jobs.sinks.delta.keeping import keep_the_rest
from sevenfold_jobs.sinks.delta.place import (
    COMMODITY,
    PARTITION,
    VERSION,
    in_bucket,
    remove_files,
    sync_log,
    trouble_at,
)
from sevenfold_jobs.sinks.delta.table import TABLE_SCHEMA, DataFile, Snapshot, find_snapshot, overlapping

# Somebody who writes to the table without the lock can come between; not this often.
_TRIES = 10

_VERSIONS_A_CHECKPOINT = 20

# A committer that stands still must not hold the table's lock for ever.
_IDLE = "set local idle_in_transaction_session_timeout = '60s'"


def lock_table(connection: psycopg.Connection, path: str) -> None:
    """Until the end of the transaction nobody else of this database commits to the table, by whatever link
    somebody reaches it."""
    place = path if in_bucket(path) else os.path.realpath(path)
    connection.execute(_IDLE)
    connection.execute("select pg_advisory_xact_lock(hashtextextended('sevenfold/delta/' || %s, 0))", [place])


def newest(path: str) -> Snapshot:
    """The table as it is now. Infrastructure where it has gone."""
    snapshot = find_snapshot(path)
    if snapshot is None:
        raise Infrastructure(f"The Delta table at {path} has gone since the batch began.")
    return snapshot


@dataclass
class Landing:
    """Whether files may be part of the table, so that nobody may remove them: from the commit on, until the
    table says that it did not land."""

    possible: bool = False


@dataclass(frozen=True)
class Replacement:
    """Dates of one model version that are to be replaced by files: what the history says of it (`note`), what
    files with the rest of older ones are called (`stem`)."""

    commodity: str
    version: str
    days: np.ndarray
    files: Sequence[Mapping[str, Any]]
    note: Mapping[str, Any]
    stem: str
    failpoint: Callable[[str], None]


def replace_dates(
    connection: psycopg.Connection, snapshot: Snapshot, wanted: Replacement, landing: Landing
) -> Snapshot:
    """Makes a version of the table that has the files and nothing else of the dates, and answers it. The
    caller holds the lock, in the transaction of `connection`, and `snapshot` was made under it."""
    application = f"sevenfold/{wanted.commodity}/{wanted.version}"
    partition = {VERSION: wanted.version, COMMODITY: wanted.commodity}
    trouble: Exception | None = None
    for _ in range(_TRIES):
        token = _token(connection, snapshot.recorded(application))
        wanted.failpoint("after-token")
        old = overlapping(snapshot.files(wanted.commodity, wanted.version), wanted.days)
        removed, kept = keep_the_rest(
            snapshot.path, wanted.commodity, wanted.version, wanted.stem, old, wanted.days
        )
        wanted.failpoint("before-delta")
        landing.possible = True
        trouble = None
        try:
            actions = [adding(file, partition) for file in [*wanted.files, *kept]]
            actions += [removing(file, partition) for file in removed]
            commit_actions(snapshot, actions, wanted.note, (application, token))
        except Exception as error:
            # The answer may have been lost, not the commit: the table says.
            trouble = error
        wanted.failpoint("after-delta")
        snapshot = snapshot.followed() if trouble is None else newest(snapshot.path)
        if snapshot.recorded(application) == token:
            sync_log(snapshot.path, snapshot.version)
            return snapshot
        landing.possible = False
        remove_files(snapshot.path, [file["path"] for file in kept])
        if trouble is not None:
            _raise_if_it_stays(snapshot.path, trouble)
    raise Infrastructure(
        f"The Delta table at {snapshot.path} took none of {_TRIES} commits: {str(trouble)[:300]}. "
        "Nothing of the batch is visible; it is tried again."
    )


def _raise_if_it_stays(path: str, trouble: Exception) -> None:
    """What another try a moment later would meet again."""
    kind, words = describe(trouble)
    if kind == NoSpace.type:
        raise NoSpace(f"The Delta table at {path}: {words}") from trouble
    if in_bucket(path) and isinstance(refused := trouble_at(path, trouble), InvalidInput):
        raise refused from trouble


def _token(connection: psycopg.Connection, recorded: int) -> int:
    """A number above the one that is recorded; that it is given shows that the connection, and with it the
    lock, still lives. The sequence lies behind the table after a restore of the database."""
    [token] = connection.execute("select nextval('delta_tokens')").fetchone()
    if token <= recorded:
        [token] = connection.execute("select setval('delta_tokens', %s)", [recorded + 1]).fetchone()
    return token


def adding(file: Mapping[str, Any], partition: dict[str, str]) -> Any:
    """The action that makes a file (as `added_file` answers it) part of the table."""
    from deltalake.transaction import AddAction

    return AddAction(file["path"], file["size"], partition, _now(), True, file["stats"])


def removing(file: DataFile, partition: dict[str, str]) -> Any:
    """The action that takes a file out of the newest version; older ones keep it until a vacuum."""
    from deltalake.transaction import RemoveAction

    return RemoveAction(file.path, True, _now(), file.size, partition)


def commit_actions(
    snapshot: Snapshot,
    actions: Sequence[Any],
    note: Mapping[str, Any],
    mark: tuple[str, int] | None = None,
) -> None:
    """One version right after the snapshot's, or an exception, after which it may have landed all the
    same."""
    from deltalake import CommitProperties, PostCommitHookProperties, Transaction

    snapshot.table.create_write_transaction(
        list(actions),
        "append",
        TABLE_SCHEMA,
        list(PARTITION),
        commit_properties=CommitProperties(
            custom_metadata={"userMetadata": json.dumps(note)},
            max_commit_retries=0,
            app_transactions=[] if mark is None else [Transaction(*mark)],
        ),
        # A hook that fails would raise after the commit has landed.
        post_commithook_properties=PostCommitHookProperties(
            create_checkpoint=False, cleanup_expired_logs=False
        ),
    )


def keep_log_short(snapshot: Snapshot) -> None:
    """Every twentieth version gets a checkpoint, which a reader begins with: opening a table costs 0.3 ms
    for each version since. After the ledger's commit and outside of the lock; that it fails is no failure
    of the batch."""
    if snapshot.version % _VERSIONS_A_CHECKPOINT == 0:
        try:
            snapshot.table.create_checkpoint()
        except Exception as error:
            print(f"no checkpoint of version {snapshot.version} was written: {error}", file=sys.stderr)


def remove_everything(snapshot: Snapshot, commodity: str) -> int:
    """Takes all files of a commodity out of the newest version and answers how many; the caller holds the
    lock."""
    actions = [
        removing(file, {VERSION: version, COMMODITY: commodity})
        for version in snapshot.versions(commodity)
        for file in snapshot.files(commodity, version)
    ]
    if actions:
        try:
            commit_actions(snapshot, actions, {"drop": commodity})
        except Exception as error:
            if newest(snapshot.path).versions(commodity):
                raise trouble_at(snapshot.path, error) from error
        snapshot = newest(snapshot.path)
        sync_log(snapshot.path, snapshot.version)
    return len(actions)


def _now() -> int:
    return time.time_ns() // 1_000_000
