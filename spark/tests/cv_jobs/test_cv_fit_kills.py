"""Job cv_fit: whatever ends a fit or the batch, and when: fits are whole and the next attempt completes."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import psycopg
import pytest
from cross_validations import COX, WEIBULL, survival_table

from sevenfold_jobs.common.failures import Infrastructure
from sevenfold_jobs.cv_fit import fitting
from sevenfold_jobs.cv_fit.main import run


@pytest.mark.parametrize(
    ("signal_name", "error_type"), [("SIGKILL", "OutOfMemory"), ("SIGUSR1", "JobFailed")]
)
def test_a_fit_whose_process_dies_is_its_own_failure(cv, monkeypatch, signal_name, error_type):
    cv.prepare(survival_table())
    plain = fitting.fit

    def dying(request, fit, folder):
        if fit.fold == 2:
            os.kill(os.getpid(), getattr(signal, signal_name))
        return plain(request, fit, folder)

    monkeypatch.setattr(fitting, "fit", dying)
    batch, result = cv.fit({"cox_ph": COX}, mode="mp")
    [failed] = result["failed"]
    assert (failed["units"], failed["errorType"]) == (["cox_ph/fold 2"], error_type)
    assert result["fitted"] == 2
    [row] = cv.ask(
        "select error_type, error from cv_fits where run_id = %s and fold = 2", batch.fence["runId"]
    )
    assert row == (error_type, failed["message"])


def test_a_lost_database_ends_the_batch_and_its_children(cv, monkeypatch):
    cv.prepare(survival_table())
    batch = cv.fits({"cox_ph": COX}, mode="mp")
    plain = fitting.fit

    def slow(request, fit, folder):
        if fit.fold == 2:
            time.sleep(30)
        return plain(request, fit, folder)

    monkeypatch.setattr(fitting, "fit", slow)
    monkeypatch.setattr(
        "sevenfold_jobs.cv_fit.running.write_fit",
        lambda *_: (_ for _ in ()).throw(psycopg.OperationalError("the connection is lost")),
    )
    began = time.monotonic()
    with pytest.raises(Infrastructure, match="connection is lost"):
        run(batch)
    assert time.monotonic() - began < 20
    assert children_of(os.getpid()) == []


def children_of(pid):
    return [
        path.name
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and parent_of(path) == pid and "java" not in command_of(path)
    ]


def parent_of(path):
    try:
        return int((path / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def command_of(path):
    try:
        return (path / "cmdline").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("point", ["fit-running", "fit-done", "before-commit", "after-commit"])
def test_a_batch_killed_at_a_point_leaves_whole_fits_and_no_process(cv, point, ending):
    """The next attempt completes; no fit has two rows, and none of the first attempt's processes lives on."""
    cv.prepare(survival_table())
    armed = cv.folder / "points"
    armed.mkdir()
    (armed / point).touch()
    batch = cv.fits({"cox_ph": COX, "weibull_aft": WEIBULL}, mode="mp")
    batch._failpoints = str(armed)
    pid = os.fork()
    if pid == 0:
        try:
            run(batch)
        finally:
            os._exit(0)
    hit = armed / f"{point}.hit"
    deadline = time.monotonic() + 30
    while not (hit.exists() and hit.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    stopped = json.loads(hit.read_text())["pid"]
    forks = children_of(pid)
    assert stopped == pid or str(stopped) in forks
    os.kill(pid, ending)
    os.waitpid(pid, 0)
    while any(Path("/proc", each).exists() for each in forks) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(Path("/proc", each).exists() for each in forks)

    complete = [(row[0], row[1]) for row in cv.rows(batch)]
    assert len(complete) == len(set(complete))
    assert sorted(f"{model}/fold {fold}" for model, fold in complete) == cv.committed(batch)

    cv.ask("update units set attempt = 2 where run_id = %s and kind = 'fit'", batch.fence["runId"])
    batch._failpoints = None
    batch.fence["attempt"] = batch.attempt = 2
    assert run(batch)["fitted"] == 6
    assert [row[2] for row in cv.rows(batch)] == ["complete"] * 6
    assert len(cv.committed(batch)) == 6


@pytest.mark.parametrize("moment", range(10))
def test_a_batch_killed_at_any_moment_is_made_whole_by_the_next(cv, moment):
    cv.prepare(survival_table())
    batch = cv.fits({"cox_ph": COX, "weibull_aft": WEIBULL}, mode="mp")
    pid = os.fork()
    if pid == 0:
        try:
            run(batch)
        finally:
            os._exit(0)
    time.sleep(np.random.default_rng(moment).uniform(0.0, 0.6))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    complete = [f"{model}/fold {fold}" for model, fold, *_ in cv.rows(batch)]
    assert sorted(complete) == cv.committed(batch)
    cv.ask("update units set attempt = 2 where run_id = %s and kind = 'fit'", batch.fence["runId"])
    batch.fence["attempt"] = batch.attempt = 2
    assert run(batch)["fitted"] == 6
    assert [row[2] for row in cv.rows(batch)] == ["complete"] * 6


def test_a_newer_attempt_waits_for_a_commit_under_way_and_replaces_it(cv):
    cv.prepare(survival_table())
    armed = cv.folder / "points"
    armed.mkdir()
    (armed / "before-commit").touch()
    batch = cv.fits({"cox_ph": COX}, folds=[1])
    batch._failpoints = str(armed)
    ended = []
    first = threading.Thread(target=lambda: ended.append(run(batch)))
    first.start()
    while not (armed / "before-commit.hit").exists():
        time.sleep(0.01)
    with psycopg.connect(cv.url) as connection:
        connection.execute("set lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute(
                "update units set attempt = 2 where run_id = %s and kind = 'fit'", [batch.fence["runId"]]
            )
    (armed / "before-commit.go").touch()
    first.join()
    assert ended[0]["fitted"] == 1
    assert cv.committed(batch) == ["cox_ph/fold 1"]
