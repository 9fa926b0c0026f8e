"""A batch that was sent to a service: its request and its outcome are objects, its log is what it prints."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from sevenfold_jobs.common import objects
from sevenfold_jobs.common.execution import execute
from sevenfold_jobs.common.secrets import database_url


def main() -> None:
    """`--request gs://…/request.json --results gs://…/results/`: runs the job, writes `outcome.json` there.

    Ends with 1 where the job failed, so that the service says the same as the outcome.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True)
    parser.add_argument("--results", required=True)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sevenfold-batch-") as folder:
        request: dict[str, Any] = json.loads(objects.read_object(asked.request))
        request |= {"directory": folder, "attempt": request["fence"]["attempt"]}
        if failpoints := os.environ.get("SEVENFOLD_FAILPOINTS"):
            request["failpoints"] = failpoints
        execute(request, prepare=lambda: _complete(request, Path(folder)))
        outcome = Path(folder, "outcome.json").read_bytes()
    objects.write_object(asked.results.rstrip("/") + "/outcome.json", outcome)
    succeeded = json.loads(outcome)["status"] == "succeeded"
    sys.stdout.flush()
    sys.stderr.flush()
    if not succeeded:
        # The last line of the output is what the service shows of a failed batch.
        print(json.loads(outcome)["message"], flush=True)
    sys.exit(0 if succeeded else 1)


def _complete(request: dict[str, Any], folder: Path) -> None:
    """What the request names but does not hold: its secret, and its files."""
    request["databaseUrl"] = database_url()
    path = request["input"].get("path")
    if isinstance(path, str) and path.startswith(objects.BUCKET_SCHEME):
        request["input"]["path"] = str(objects.fetch_objects(path, folder))
