"""What is wrong with a source, collected so that a person sees several faults at once."""

import re

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.printable import printable

SHOWN = 5
VALUE_WIDTH = 40
_LINE_ENDS = re.compile(r"[\t\r\n]")


class Problems:
    """Faults in the order in which they were `found`; none of them stops the search for the next.

    `warnings` are worth telling and stop nothing.
    """

    def __init__(self) -> None:
        self.found: list[str] = []
        self.warnings: list[str] = []

    def add(self, where: str, fault: str, remedy: str) -> None:
        """`where` is file, line and column; `fault` holds the value; `remedy` says what to do."""
        # Names of files and columns and a library's words stand in it as they are.
        self.found.append(printable(_LINE_ENDS.sub(" ", f"{where}: {fault}; {remedy}")))

    def __len__(self) -> int:
        return len(self.found)

    def raise_if_any(self) -> None:
        """One line: the first five faults and how many more there are."""
        if not self.found:
            return
        message = " | ".join(self.found[:SHOWN])
        more = len(self.found) - SHOWN
        raise InvalidInput(f"{message} | and {more} more" if more > 0 else message)


def shown(value: object) -> str:
    """A value in quotes, on one line, short; control characters and odd blanks are written out."""
    text = repr(value)[2:-1] if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= VALUE_WIDTH else text[: VALUE_WIDTH - 1] + "…")
