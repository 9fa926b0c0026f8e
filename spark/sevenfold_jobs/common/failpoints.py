"""Named points at which a test may stop a process and kill it. Without a directory they cost nothing."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

LONGEST_WAIT_SECONDS = 60.0
POLL_SECONDS = 0.02


def failpoint(directory: str | None, name: str, about: str = "") -> None:
    """Stops at point `name` when `<directory>/<name>` exists, until `<directory>/<name>.go` does.

    Only one process stops: the one whose rename to `<name>.hit` succeeds. Words in the file stop only those
    whose `about` contains them.
    """
    if directory is None:
        return
    armed, hit, go = (Path(directory, name + ending) for ending in ("", ".hit", ".go"))
    try:
        if armed.read_text() not in about:
            return
        armed.rename(hit)
    except OSError:
        return
    hit.write_text(json.dumps({"pid": os.getpid(), "at": datetime.now(UTC).isoformat()}))
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while not go.exists() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
