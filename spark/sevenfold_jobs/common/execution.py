"""From a request to its outcome: what the runner does once it knows what it is for."""

import importlib
import importlib.util
import json
import os
import re
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import InvalidInput, describe


def execute(request: dict[str, Any], prepare: Callable[[], None] = lambda: None) -> None:
    """Runs the request's job, writes `outcome.json`. What `prepare` raises is the job's failure as well."""
    directory = Path(request["directory"])
    cpu_seconds_before = cpu_seconds()
    for name, value in request.get("environment", {}).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    try:
        prepare()
        outcome = {"status": "succeeded", "result": run_job(request)}
        # Here, so that a result that is no JSON (or holds a NaN) fails the job and not the writing.
        json.dumps(outcome, allow_nan=False)
    except BaseException as exception:
        traceback.print_exc()
        error_type, message = describe(exception)
        outcome = {"status": "failed", "errorType": error_type, "message": message}
    outcome["usage"] = {"cpuSeconds": round(cpu_seconds() - cpu_seconds_before, 3), "peakMb": peak_mb()}
    write_whole(directory / "outcome.json", json.dumps(outcome))


def run_job(request: dict[str, Any]) -> dict[str, Any]:
    """Imports the job and calls its `run(batch)`."""
    job = request["job"]
    module = f"sevenfold_jobs.{job}.main"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", job) or importlib.util.find_spec(f"sevenfold_jobs.{job}") is None:
        raise InvalidInput(f'There is no job "{job}": spark/sevenfold_jobs has no such folder.')
    batch = Batch(request)
    batch.failpoint("batch-running")
    return importlib.import_module(module).run(batch)


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in own_and_childrens_usage())


def peak_mb() -> int:
    """The largest resident size so far, of this process or of one of its ended children."""
    largest = max(usage.ru_maxrss for usage in own_and_childrens_usage())
    return largest // (1024 * 1024 if sys.platform == "darwin" else 1024)


def own_and_childrens_usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def write_whole(path: Path, text: str) -> None:
    """Whoever reads the file finds all of it or none."""
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(text)
    unfinished.rename(path)
