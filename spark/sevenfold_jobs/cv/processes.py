"""Work in a process of its own: its CPU time and its largest memory are exact, its death is its own.

A child is a fork, so it pays for no import. It answers by JSON through a pipe and ends without tidying up.
"""

import ctypes
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from sevenfold_jobs.common.failures import describe

_POLL_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1
_MB = 1024 * 1024
# What the kernel ends first when memory runs out: a fit rather than the batch, Spark's JVM or the database.
_OOM_SCORE = "900"


About = TypeVar("About")


@dataclass(frozen=True)
class Ended:
    """How a child ended: `result`, or `error_type` (of src/failures.ts) and `message`.

    What it took is None where its work was not that of one process.
    """

    result: Any
    error_type: str | None
    message: str | None
    seconds: float
    cpu_seconds: float | None
    peak_mb: float | None


class Child:
    """A running fork; only the thread that made it may wait for it, and it ends with that thread."""

    def __init__(self, do: Callable[[], Any], most_mb: float, register: Callable[[], None]) -> None:
        """Runs `do()`, whose result is plain JSON. `most_mb` of resident memory end it; `register` is called
        in it first, so that a cancel finds it."""
        self._most_mb = most_mb
        self._began = time.monotonic()
        self._received = bytearray()
        self._ended_for_memory = 0.0
        # Nothing of this process is written to in the fork by a garbage collection, which would copy it.
        gc.freeze()
        sys.stdout.flush()
        sys.stderr.flush()
        ours, theirs = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ours)
            _run(do, theirs, parent, register)
        os.close(theirs)
        self.pipe = ours
        self._reaped = False

    def read(self) -> bool:
        """Takes what the child has said; False at its end."""
        piece = os.read(self.pipe, 1 << 20)
        self._received += piece
        return bool(piece)

    def watch_memory(self) -> None:
        """Ends the child if it has grown beyond what it may have."""
        resident = _resident_mb(self.pid)
        if resident > self._most_mb and not self._ended_for_memory:
            self._ended_for_memory = resident
            os.kill(self.pid, signal.SIGKILL)

    def finish(self) -> Ended:
        """After `read` gave False: waits for the end, which is near, and says how it was."""
        _, status, usage = os.wait4(self.pid, 0)
        self._reaped = True
        os.close(self.pipe)
        peak = usage.ru_maxrss / (_MB if sys.platform == "darwin" else 1024)
        return self._outcome(os.waitstatus_to_exitcode(status), peak, usage.ru_utime + usage.ru_stime)

    def end(self) -> None:
        """Kills the child, if it still runs, and waits for it."""
        if self._reaped:
            return
        self._reaped = True
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.pipe)

    def _outcome(self, code: int, peak: float, cpu_seconds: float) -> Ended:
        measured = (time.monotonic() - self._began, cpu_seconds, max(peak, self._ended_for_memory))
        said: dict[str, Any] = {}
        if code == 0:
            said = json.loads(self._received)
        elif self._ended_for_memory:
            said = {
                "errorType": "OutOfMemory",
                "message": f"it held {self._ended_for_memory:,.0f} MB of the {self._most_mb:,.0f} MB allowed",
            }
        elif code == -signal.SIGKILL:
            said = {
                "errorType": "OutOfMemory",
                "message": f"its process was killed at {peak:,.0f} MB, as it is when memory runs out",
            }
        else:
            name = signal.Signals(-code).name if code < 0 else f"code {code}"
            said = {"errorType": "JobFailed", "message": f"its process ended with {name}"}
        return Ended(said.get("result"), said.get("errorType"), said.get("message"), *measured)


def cores() -> int:
    """Those that this process may use, where the system can say it of a process, else the machine's."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def wait_for_one(children: list[Child]) -> Child:
    """The first whose process has said all that it has to say; watches the memory of all meanwhile."""
    by_pipe = {child.pipe: child for child in children}
    while True:
        readable, _, _ = select.select(list(by_pipe), [], [], _POLL_SECONDS)
        for pipe in readable:
            if not by_pipe[pipe].read():
                return by_pipe[pipe]
        for child in children:
            child.watch_memory()


class Children(Generic[About]):
    """Children that run, each with what it is about; those that are left end with the block."""

    def __init__(self) -> None:
        self._running: dict[Child, About] = {}

    def __enter__(self) -> "Children[About]":
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._running:
            child.end()

    def __len__(self) -> int:
        return len(self._running)

    @property
    def about(self) -> list[About]:
        """What those are about that run, the first to be started first."""
        return list(self._running.values())

    def add(self, child: Child, about: About) -> None:
        """One that was just started."""
        self._running[child] = about

    def wait(self) -> tuple[About, Ended]:
        """The first that ends."""
        child = wait_for_one(list(self._running))
        return self._running.pop(child), child.finish()


def _run(do: Callable[[], Any], pipe: int, parent: int, register: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(name, signal.SIG_DFL)
        _end_with(parent)
        register()
        try:
            answer: dict[str, Any] = {"result": do()}
            content = json.dumps(answer, allow_nan=False)
        except BaseException as error:
            traceback.print_exc()
            error_type, message = describe(error)
            content = json.dumps({"errorType": error_type, "message": message})
        _write_all(pipe, content.encode())
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: nothing of the parent's (connections, Spark, buffers) may be tidied up here.
        os._exit(code)


def _end_with(parent: int) -> None:
    """Asks the kernel to end this process with the one that made it, however that one ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
        except OSError:
            pass  # only a wish
    # It may have ended before it was asked.
    if os.getppid() != parent:
        os._exit(1)


def _write_all(pipe: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(pipe, view) :]


def _resident_mb(pid: int) -> float:
    """0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / _MB
    except (OSError, ValueError, IndexError):
        return 0.0
