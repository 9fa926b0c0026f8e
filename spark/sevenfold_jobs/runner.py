"""Starts the process of each batch as a fork of itself, so that no job waits for the imports that all share.

Reads one JSON request a line on stdin; answers `{"ready": pid}` once, `{"started": batchId, "pid": …}` and,
at the end of that process, `{"ended": batchId, "code": …}` or `{"ended": batchId, "signal": …}`. It imports
only what is not ours: a job and all that it uses of ours are imported after the fork and never stale.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
from typing import Any, NoReturn

EARLY = (
    "numpy",
    "pandas",
    "psycopg",
    "pyarrow.compute",
    "pyspark.ml.functions",
    "pyspark.sql.functions",
    "pyspark.sql.pandas.types",
    "pyspark.sql.window",
    # pyspark compares versions with it before every exchange with Arrow: 0.16 s, most of it setuptools
    "distutils.version",
    "synapse.ml.lightgbm",  # 0.33 s
)


def main() -> None:
    for module in EARLY:
        importlib.import_module(module)
    # Kept out of the forks' garbage collections, which would copy its pages.
    gc.freeze()
    # Held open by this process alone: its end tells the jobs that nobody could read their outcome.
    lifeline, ours = os.pipe()
    child_ended, on_child_end = os.pipe()
    os.set_blocking(on_child_end, False)
    signal.set_wakeup_fd(on_child_end)
    signal.signal(signal.SIGCHLD, lambda *_: None)

    batches: dict[int, str] = {}
    unread = b""
    answer({"ready": os.getpid()})
    while True:
        readable, _, _ = select.select([0, child_ended], [], [])
        if child_ended in readable:
            os.read(child_ended, 4096)
            for pid in list(batches):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    code = os.waitstatus_to_exitcode(status)
                    how = {"code": code} if code >= 0 else {"signal": signal.Signals(-code).name}
                    answer({"ended": batches.pop(pid), **how})
        if 0 in readable:
            received = os.read(0, 65536)
            if not received:
                return
            *lines, unread = (unread + received).split(b"\n")
            for line in lines:
                request = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    os.close(ours)
                    run_batch(request, lifeline)
                batches[pid] = request["batchId"]
                answer({"started": request["batchId"], "pid": pid})


def answer(said: dict[str, Any]) -> None:
    os.write(1, (json.dumps(said) + "\n").encode())


def run_batch(request: dict[str, Any], lifeline: int) -> NoReturn:
    """In the forked process: runs the job, never returns."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        log = os.open(
            os.path.join(request["directory"], "driver.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
        os.dup2(log, 1)
        os.dup2(log, 2)
        threading.Thread(target=end_with_the_keeper, args=(lifeline,), daemon=True).start()
        from sevenfold_jobs.common.execution import execute

        execute(request)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: no thread of the job may hold up its end, and tearing down an interpreter takes 0.1 s.
    os._exit(code)


def end_with_the_keeper(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    main()
