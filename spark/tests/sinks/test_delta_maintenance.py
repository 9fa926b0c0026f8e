"""What prune does to a Delta table, and what a successor leaves for the readers of older versions."""

import os
import time
from datetime import timedelta

import psycopg
import pytest
from deltalake import DeltaTable
from forecast_batches import STARTS
from in_delta import InDelta

from sevenfold_jobs.forecast_infer.main import run
from sevenfold_jobs.sinks.delta.place import uri_of
from sevenfold_jobs.sinks.delta.versions import lock_table
from sevenfold_jobs.sinks.maintain import maintain

DATES = STARTS[:12]
EIGHT_DAYS = timedelta(days=8).total_seconds()


@pytest.fixture
def work(database_url, make_batch, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    made = InDelta(database_url, make_batch)
    made.folder = tmp_path / "table"
    return made


def maintained(work, do="clean", dry=False, **given):
    return maintain({"path": work.place, "do": do, "dryRun": dry, **given})


def orphan(work, name, age=0.0):
    file = work.folder / f"model_version={work.model}" / f"commodity={work.commodity}" / name
    file.write_bytes(b"PAR1")
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def test_what_nobody_needs_for_seven_days_goes_and_nothing_else(work):
    work.infer(DATES)
    work.infer(DATES, seed=1)
    before = work.stored()
    files = work.files()
    old, fresh = orphan(work, "old.parquet", EIGHT_DAYS), orphan(work, "fresh.parquet")
    found = maintained(work, dry=True)
    assert (found["files"], found["bytes"]) == (1, 4)
    assert old.exists()
    assert maintained(work) == found
    assert not old.exists()
    assert fresh.exists()
    # Those of the version before are younger than seven days.
    assert work.files() - {str(fresh.relative_to(work.folder))} == files
    assert work.stored() == before
    assert maintained(work)["files"] == 0


def test_files_that_are_not_the_tables_stay(work):
    """Another table in a folder of this one, and somebody's notes."""
    work.infer(DATES)
    inner = work.folder / "other" / "model_version=x" / "commodity=y"
    inner.mkdir(parents=True)
    theirs = [work.folder / "notes.txt", work.folder / "a.parquet", inner / "a.parquet"]
    for file in [*theirs, orphan(work, "old.parquet")]:
        file.write_bytes(b"PAR1")
        os.utime(file, (time.time() - EIGHT_DAYS,) * 2)
    assert (maintained(work)["files"], maintained(work)["files"]) == (1, 0)
    assert all(file.exists() for file in theirs)


def test_a_table_that_keeps_its_files_longer_keeps_them(work):
    work.infer(DATES)
    file = orphan(work, "old.parquet", EIGHT_DAYS)
    for kept, removed in [("30 days", 0), ("1 hours", 1)]:
        work.snapshot().table.alter.set_table_properties(
            {"delta.deletedFileRetentionDuration": f"interval {kept}"}
        )
        orphan(work, "young.parquet", timedelta(days=2).total_seconds())
        assert (maintained(work)["files"], file.exists()) == (removed, removed == 0)


def test_a_long_log_gets_checkpoints_and_one_that_fails_is_no_failure_of_the_batch(work, monkeypatch):
    for seed in range(19):
        work.infer(DATES[:1], seed=seed)
    log = work.folder / "_delta_log"
    assert not list(log.glob("*.checkpoint*"))

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(DeltaTable, "create_checkpoint", full)
        assert work.infer(DATES[:1], seed=20)["dates"] == 1
    assert work.snapshot().version == 20
    for seed in range(20):
        work.infer(DATES[:1], seed=seed)
    assert [each.name for each in log.glob("*.checkpoint.parquet")] == [f"{40:020}.checkpoint.parquet"]
    assert work.table().num_rows == 50


def test_maintenance_writes_a_checkpoint_and_the_fence_outlives_it(work):
    for seed in range(11):
        work.infer(DATES[:1], seed=seed)
    log = work.folder / "_delta_log"
    assert not list(log.glob("*.checkpoint*"))
    recorded = work.snapshot().recorded(f"sevenfold/{work.commodity}/{work.model}")
    maintained(work)
    assert len(list(log.glob("*.checkpoint.parquet"))) == 1
    for entry in sorted(log.glob("*.json"))[:-1]:
        entry.unlink()
    snapshot = work.snapshot()
    assert snapshot.recorded(f"sevenfold/{work.commodity}/{work.model}") == recorded
    protocol = snapshot.table.protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    work.infer(DATES[:1], seed=12)
    assert work.table().num_rows == 50


def test_a_series_goes_out_of_the_newest_version_and_no_other_does(work, database_url, make_batch):
    work.infer(DATES)
    other = InDelta(database_url, make_batch)
    other.folder = work.folder
    other.infer(DATES)
    kept = other.checksum()
    found = maintained(work, "drop", dry=True, commodity=work.commodity)
    assert (found["files"], found["rows"]) == (1, 600)
    assert work.table().num_rows == 1_200
    assert maintained(work, "drop", commodity=work.commodity) == found
    assert work.table().num_rows == 600
    assert other.checksum() == kept
    assert kept[:2] == (12, 600)
    assert maintained(work, "drop", commodity=work.commodity)["files"] == 0
    work.infer(DATES)
    assert work.table().num_rows == 1_200


def test_a_table_has_one_lock_by_whatever_link_it_is_reached(work):
    work.folder.mkdir()
    link = work.folder.parent / "link"
    link.symlink_to(work.folder)

    def lock(path):
        with psycopg.connect(work.url) as connection:
            lock_table(connection, str(path))
            mine = (
                "select classid, objid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
            )
            return connection.execute(mine).fetchall()

    assert lock(link) == lock(work.folder)
    assert lock(work.folder.parent) != lock(work.folder)


def test_a_table_that_is_gone_has_nothing(work):
    assert maintained(work)["table"] is None
    assert not work.folder.exists()


def test_a_successor_leaves_what_an_older_version_has(work):
    """The attempt before it committed to the table and not to the ledger: readers may be at that version."""
    batch = work.batch_of("forecast_infer", DATES, seed=9)
    run(batch)
    version = work.snapshot().version
    work.execute(
        "update units set attempt = 2, committed_attempt = null where run_id = %s", batch.fence["runId"]
    )
    dead = orphan(work, f"{batch.fence['runId'][:8]}-chunk1-a1-12-0123456789ab.parquet")
    batch.fence["attempt"] = batch.attempt = 2
    run(batch)
    assert work.snapshot().version == version + 1
    assert not dead.exists()
    older = DeltaTable(uri_of(work.place), version=version)
    assert older.to_pyarrow_table().num_rows == 600


def test_writes_of_others_are_named(work):
    work.infer(DATES)
    maintained(work)
    assert work.looked()["foreign"] == []
    work.snapshot().table.delete(f"forecast_start_date = '{DATES[0]}'")
    [named] = work.looked()["foreign"]
    assert named.startswith("version 2 DELETE by ")
    work.infer(DATES)
    assert work.table().num_rows == 600
