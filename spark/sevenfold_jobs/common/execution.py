"""From a request to its outcome: what the runner does once it knows what it is for."""

import importlib
import importlib.util
import json
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sevenfold_jobs.common import session
from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import InvalidInput, describe
from sevenfold_jobs.common.files import write_whole
from sevenfold_jobs.common.usage import cpu_seconds, peak_mb


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
    outcome["usage"] = used_since(cpu_seconds_before, request)
    write_whole(directory / "outcome.json", lambda path: path.write_text(json.dumps(outcome)))


def run_job(request: dict[str, Any]) -> dict[str, Any]:
    """Imports the job and calls its `run(batch)`."""
    job = request["job"]
    module = f"sevenfold_jobs.{job}.main"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", job) or importlib.util.find_spec(f"sevenfold_jobs.{job}") is None:
        raise InvalidInput(f'There is no job "{job}": spark/sevenfold_jobs has no such folder.')
    batch = Batch(request)
    batch.failpoint("batch-running")
    return importlib.import_module(module).run(batch)


def used_since(cpu_seconds_before: float, request: dict[str, Any]) -> dict[str, float]:
    """CPU time of the batch's processes: the job's own, a JVM that it started, and what tasks reported.

    A JVM that batches share is measured by its keeper. A task that was killed reported nothing.
    """
    cpu = cpu_seconds() - cpu_seconds_before
    if session.in_use():
        cpu += session.cpu_seconds_of_own_jvm() + Batch(request).task_cpu_seconds()
    return {"cpuSeconds": round(cpu, 3), "peakMb": peak_mb()}
