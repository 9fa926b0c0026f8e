"""Processes of a batch that are not its driver's children: each makes itself known, for a cancel to find."""

import os
import subprocess
import sys
from pathlib import Path

from sevenfold_jobs.common.files import write_whole

# Written by the keeper before it ends what is registered: whoever registers later finds it.
CLOSED = "closed"


def register_process(directory: str, pid: int) -> None:
    """Writes `pids/<pid>` with the process's start time: a pid alone may by then belong to somebody else.

    Ends this process where the batch has ended already: either the keeper sees the file, or we see its mark.
    """
    folder = Path(directory, "pids")
    # On another machine of a cluster: there the process ends with its executor, and nobody looks here.
    if not folder.parent.is_dir():
        return
    path = folder / str(pid)
    if not path.exists():
        folder.mkdir(exist_ok=True)
        write_whole(path, lambda unfinished: unfinished.write_text(start_time_of(pid)))
    if (folder / CLOSED).exists():
        print(f"process {pid} came after the end of its batch", file=sys.stderr, flush=True)
        os._exit(1)


def start_time_of(pid: int) -> str:
    """As `startTimeOf` in src/stack/processes.ts: ticks since boot on Linux, `ps`'s words on macOS."""
    if sys.platform == "linux":
        # The second field, the program's name in parentheses, may hold spaces; the start time is the 22nd.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    return " ".join(answer.stdout.split())
