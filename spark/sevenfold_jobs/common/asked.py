"""A module that is asked one thing: a JSON object on standard input, one on standard output
(src/python.ts).
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from sevenfold_jobs.common import failures


class _NoPandas:
    """Arrow would import it at the first value, for a second of a core, and goes without where it is not."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def go_without_pandas() -> None:
    """For a process that reads or writes a little with Arrow and ends."""
    sys.meta_path.insert(0, _NoPandas)  # type: ignore[arg-type]


def answer_request(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Writes the answer, or `{errorType, message}`; the exit code is 1 then."""
    try:
        said = answer(json.load(sys.stdin))
    except Exception as exception:
        kind, message = failures.describe(exception)
        sys.stdout.write(json.dumps({"errorType": kind, "message": message}))
        return 1
    sys.stdout.write(json.dumps(said))
    return 0
