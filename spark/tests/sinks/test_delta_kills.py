"""A writer that is killed, or stopped and goes on, at each named point: its successor's bytes alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from forecast_batches import STARTS
from in_delta import InDelta

from sevenfold_jobs.forecast_infer.main import run

# A single window: its one task is done in the process of the driver, without Spark.
DATES = STARTS[:12]

POINTS = [
    "mid-file",
    "after-file",
    "before-fence",
    "after-fence",
    "after-token",
    "before-delta",
    "after-delta",
    "before-commit",
    "after-commit",
]

_DO = """
import json, sys
from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.forecast_infer.main import run
run(Batch(json.load(sys.stdin)))
"""


@pytest.fixture
def work(database_url, make_batch, tmp_path):
    made = InDelta(database_url, make_batch)
    made.folder = tmp_path / "table"
    return made


@pytest.fixture
def stopped_at(work, tmp_path):
    """`stopped_at(point, batch)`: a process that does the batch and waits at the point."""
    points = tmp_path / "points"
    points.mkdir()
    started = []

    def start(point, batch):
        (points / point).touch()
        request = {
            "batchId": batch.batch_id,
            "job": "forecast_infer",
            "input": batch.input,
            "fence": batch.fence,
            "databaseUrl": work.url,
            "failpoints": str(points),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", _DO], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        started.append(process)
        process.stdin.write(json.dumps(request))
        process.stdin.close()
        hit = points / f"{point}.hit"
        while not hit.exists():
            assert process.poll() is None, "it ended before the point"
            time.sleep(0.02)
        return process

    start.go_on = lambda point: (points / f"{point}.go").touch()
    yield start
    for process in started:
        process.kill()
        process.wait()


def succeed(work, batch):
    """What the engine and the ledger do before a new attempt, and the attempt."""
    work.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = %s",
        f"{batch.batch_id}-a1",
    )
    work.execute("update units set attempt = 2 where run_id = %s", batch.fence["runId"])
    successor = work.make_batch("forecast_infer", {**batch.input, "seed": 0}, unit="chunk 1")
    successor.fence = {**batch.fence, "attempt": 2}
    successor.attempt = 2
    run(successor)


def assert_is_the_successors(work, batch, undisturbed):
    assert work.stored() == undisturbed
    assert work.table().num_rows == len(undisturbed)
    assert work.orphans() == set()
    assert {unit[0] for unit in work.units(batch).values()} == {2}
    [[points]] = work.ask("select count(*) from point_forecasts where commodity = %s", work.commodity)
    assert points == len(DATES) * 14


def undisturbed_bytes(work):
    work.infer(DATES, seed=0)
    return work.stored()


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_writer_leaves_what_its_successor_replaces(work, stopped_at, point):
    undisturbed = undisturbed_bytes(work)
    batch = work.batch_of("forecast_infer", DATES, seed=9, taskDates=60)
    process = stopped_at(point, batch)
    process.kill()
    process.wait()
    succeed(work, batch)
    assert_is_the_successors(work, batch, undisturbed)


@pytest.mark.parametrize("point", POINTS)
def test_a_stopped_writer_that_goes_on_after_its_successor_changes_nothing(work, stopped_at, point):
    undisturbed = undisturbed_bytes(work)
    batch = work.batch_of("forecast_infer", DATES, seed=9, taskDates=60)
    process = stopped_at(point, batch)
    os.kill(process.pid, signal.SIGSTOP)
    succeed(work, batch)
    version = work.snapshot().version
    stopped_at.go_on(point)
    os.kill(process.pid, signal.SIGCONT)
    process.wait(60)
    assert work.snapshot().version == version
    assert_is_the_successors(work, batch, undisturbed)


def test_a_writer_killed_between_its_two_commits_has_no_whole_date(work, stopped_at):
    batch = work.batch_of("forecast_infer", DATES, taskDates=60)
    process = stopped_at("before-commit", batch)
    process.kill()
    process.wait()
    assert len(work.looked()["dates"]) == len(DATES)
    # Nobody has noted what they were made of, so no verdict takes them for whole.
    assert work.ask("select 1 from path_fingerprints where commodity = %s", work.commodity) == []
    assert Path(work.folder).is_dir()


def test_a_holder_of_the_lock_does_not_keep_it_without_a_connection(work, stopped_at):
    batch = work.batch_of("forecast_infer", DATES, taskDates=60)
    process = stopped_at("before-fence", batch)
    os.kill(process.pid, signal.SIGSTOP)
    succeed(work, batch)
    with psycopg.connect(work.url) as connection:
        # The server's other databases belong to other tests, which lock what is theirs.
        held = connection.execute(
            "select count(*) from pg_locks join pg_database on pg_database.oid = pg_locks.database"
            " where locktype = 'advisory' and datname = current_database()"
        ).fetchone()
    assert held == (0,)


def test_a_writer_killed_while_the_log_entry_is_put_in_place(work, tmp_path):
    """The library writes the entry under another name and links it: whichever of the two a kill meets."""
    undisturbed = undisturbed_bytes(work)
    log = work.folder / "_delta_log"
    met = 0
    for _ in range(6):
        batch = work.batch_of("forecast_infer", DATES, seed=9, taskDates=60)
        version = work.snapshot().version
        staged_before = set(log.glob("*.json#*"))
        process = begin(work, batch)
        following = log / f"{version + 1:020}.json"
        while process.poll() is None:
            # Seen in the moments in which it is not linked yet, or both names are there.
            if set(log.glob("*.json#*")) - staged_before or following.exists():
                process.kill()
                break
        process.wait()
        met += len(set(log.glob("*.json#*")) - staged_before)
        succeed(work, batch)
        assert_is_the_successors(work, batch, undisturbed)
        if met > 0:
            break
    assert work.looked()["foreign"] == []


def test_two_commodities_into_one_table_at_once(work, database_url, make_batch):
    """Every commit waits for the lock and none has to begin again: as many versions as batches."""
    others = [InDelta(database_url, make_batch) for _ in range(2)]
    for other in others:
        other.folder = work.folder
    work.infer(DATES)
    version = work.snapshot().version
    batches = [
        (each, each.batch_of("forecast_infer", DATES, seed=seed, taskDates=60))
        for seed in range(3)
        for each in others
    ]
    started = [begin(each, batch) for each, batch in batches]
    assert [process.wait(120) for process in started] == [0] * len(batches)
    assert work.snapshot().version == version + len(batches)
    for other in others:
        assert set(other.looked()["sound"]) == {50}
    assert work.table().num_rows == len(DATES) * 50 * 3


def begin(work, batch):
    """A process that does the batch and answers how it ended by its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-c", _DO], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    process.stdin.write(
        json.dumps(
            {
                "batchId": batch.batch_id,
                "job": "forecast_infer",
                "input": batch.input,
                "fence": batch.fence,
                "databaseUrl": work.url,
            }
        )
    )
    process.stdin.close()
    return process
