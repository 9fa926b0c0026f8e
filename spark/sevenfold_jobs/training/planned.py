"""What a training would be of: a request on standard input, one JSON object on standard output.

Not a batch: it reads the file as `training_profile` does, writes nothing, and whoever started it waits.
"""

import sys
from typing import Any

from sevenfold_jobs.common.asked import answer_request
from sevenfold_jobs.common.door.limits import most_bytes
from sevenfold_jobs.cv.reading import read_source
from sevenfold_jobs.training.profile import profile
from sevenfold_jobs.training.size import needed_bytes, settled_columns
from sevenfold_jobs.training.splits import how


def main() -> int:
    """`{source, sourceSha256, name, settings}` in; what `planned` gives, or `{errorType, message}`, out."""
    return answer_request(planned)


def planned(request: dict[str, Any]) -> dict[str, Any]:
    """Rows, columns and parts. Raises InvalidInput as the job would."""
    settings = request["settings"]
    source = read_source(request["source"], request["sourceSha256"])
    found = profile(source, request["name"], settings)
    rows = len(found.rows)
    validation, folds = how(rows, settings["validation"], settings["folds"], settings["date"] is not None)
    if found.task == "clustering":
        validation, folds = "none", 1
    return {
        "task": found.task,
        "taskReason": found.task_reason,
        "fileRows": source.num_rows,
        "rows": rows,
        "columns": source.num_columns,
        "features": len(found.features),
        "classes": len(found.classes),
        "validation": validation,
        "folds": folds,
        "warnings": found.warnings,
        "bytes": needed_bytes(source.num_rows, settled_columns(source.num_columns, settings)),
        "roomBytes": most_bytes(),
    }


if __name__ == "__main__":
    sys.exit(main())
