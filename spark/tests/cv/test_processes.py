"""Work in forks: what it says, what it costs, how it ends."""

import os
import signal
import time

import numpy as np
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.processes import Child, wait_for_one


def ended(do, most_mb=10_000.0, register=lambda: None):
    child = Child(do, most_mb, register)
    try:
        return wait_for_one([child]).finish()
    finally:
        child.end()


def test_a_result_larger_than_a_pipe_comes_whole():
    assert ended(lambda: ["x" * 100] * 50_000).result == ["x" * 100] * 50_000


def test_time_and_memory_are_the_childs_own():
    def work():
        held = np.ones(30_000_000)  # 240 MB
        until = time.process_time() + 0.3
        while time.process_time() < until:
            held.sum()
        return os.getpid()

    first, second = ended(work), ended(lambda: os.getpid())
    assert first.result != second.result
    assert 0.25 < first.cpu_seconds < 3
    assert second.cpu_seconds < 0.25
    assert first.peak_mb - second.peak_mb > 150


def test_a_failure_keeps_its_type_and_message():
    def refuse():
        raise InvalidInput("this is wrong: do that.")

    def break_down():
        raise ZeroDivisionError("by zero")

    assert (ended(refuse).error_type, ended(refuse).message) == ("InvalidInput", "this is wrong: do that.")
    assert (ended(break_down).error_type, ended(break_down).message) == (
        "JobFailed",
        "ZeroDivisionError: by zero",
    )


@pytest.mark.parametrize(
    ("do", "error_type", "message"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "OutOfMemory", "was killed at"),
        (lambda: os.kill(os.getpid(), signal.SIGUSR1), "JobFailed", "ended with SIGUSR1"),
        (lambda: os._exit(3), "JobFailed", "ended with code 3"),
        (lambda: float("nan"), "JobFailed", "JSON"),
        (lambda: np.ones(10**15), "OutOfMemory", "Unable to allocate"),
    ],
)
def test_deaths_are_distinguished(do, error_type, message):
    found = ended(do)
    assert found.error_type == error_type
    assert message in found.message


def test_a_child_that_grows_too_large_is_ended():
    def grow():
        held = []
        while True:
            held.append(np.ones(2_000_000))
            time.sleep(0.01)

    found = ended(grow, most_mb=800.0)
    assert found.error_type == "OutOfMemory"
    assert "of the 800 MB allowed" in found.message


def test_it_is_registered_before_it_works(tmp_path):
    seen = tmp_path / "registered"
    assert ended(lambda: seen.exists(), register=seen.touch).result is True


def test_a_child_that_is_ended_is_gone():
    child = Child(lambda: time.sleep(60), 10_000.0, lambda: None)
    child.end()
    child.end()
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
