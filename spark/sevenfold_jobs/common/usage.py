"""What processes have used: CPU time, and memory at its peak."""

import os
import resource
import sys
from pathlib import Path


def cpu_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in own_and_childrens_usage())


def peak_mb() -> int:
    """The largest resident size so far, of this process or of one of its ended children."""
    largest = max(usage.ru_maxrss for usage in own_and_childrens_usage())
    return largest // (1024 * 1024 if sys.platform == "darwin" else 1024)


def own_and_childrens_usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def cpu_seconds_of(pid: int) -> float:
    """CPU seconds of another live process, without its children; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
