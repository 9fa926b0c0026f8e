"""What an ingest noticed, gathered so that thousands of pools make a few lines."""

from collections.abc import Iterator
from contextlib import contextmanager

from sevenfold_jobs.common.printable import printable
from sevenfold_jobs.pool_ingest.live.bodies import Unreadable
from sevenfold_jobs.pool_ingest.live.responses import Response

_EXAMPLES = 3


class Remarks:
    """Lines, and counted findings with their first examples."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._counted: dict[str, list[str]] = {}

    def say(self, line: str) -> None:
        """A line of its own."""
        self._lines.append(printable(line, 500))

    def count(self, what: str, example: str) -> None:
        """One more of a kind: `what` follows the number and a colon goes before the examples."""
        self._counted.setdefault(what, []).append(example)

    def lines(self) -> list[str]:
        """For example `charts that are stale: 2 (a ends 2026-11-11; b ends 2026-11-12)`."""
        counted = []
        for what, examples in self._counted.items():
            more = "; …" if len(examples) > _EXAMPLES else ""
            named = "; ".join(printable(example, 160) for example in examples[:_EXAMPLES])
            counted.append(f"{what}: {len(examples):,} ({named}{more})")
        return [*self._lines, *counted]


@contextmanager
def remarked(response: Response, remarks: Remarks) -> Iterator[None]:
    """A body that cannot be read becomes a remark; what the day can do without never blocks it."""
    try:
        yield
    except Unreadable as error:
        remarks.say(f"{response.name} of {response.day} cannot be read: {error}")
