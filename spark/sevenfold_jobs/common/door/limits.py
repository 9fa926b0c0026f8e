"""How much a file may take once it is unpacked: a few kilobytes can hold more than any machine has."""

import os
from pathlib import Path

_SHARE_OF_MEMORY = 0.5
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def most_bytes() -> int:
    """Half of the memory of this machine, or of the container where that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        memory = min(memory, int(_CGROUP.read_text()))
    except (OSError, ValueError):
        pass  # no container, or one without a limit ("max")
    return int(memory * _SHARE_OF_MEMORY)


def too_large(needed: int, most: int) -> str:
    """The error of a file that would take `needed` bytes."""
    return f"unpacks to more than {needed / 2**20:,.0f} MB, and {most / 2**20:,.0f} MB are allowed here"


SMALLER = "split it, leave columns out, or read it where there is more memory"
