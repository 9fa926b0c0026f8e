"""What is wrong with a source, collected so that a person sees several faults at once."""

from sevenfold_jobs.common.failures import InvalidInput

SHOWN = 5
VALUE_WIDTH = 40


class Problems:
    """Faults in the order in which they were found; none of them stops the search for the next."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, where: str, fault: str, remedy: str) -> None:
        """`where` is file, line and column; `fault` holds the value; `remedy` says what to do."""
        self._found.append(f"{where}: {fault}; {remedy}")

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """One line: the first five faults and how many more there are."""
        if not self._found:
            return
        message = " | ".join(self._found[:SHOWN])
        more = len(self._found) - SHOWN
        raise InvalidInput(f"{message} | and {more} more" if more > 0 else message)


def shown(value: object) -> str:
    """A value in quotes, on one line, short."""
    text = " ".join(str(value).split())
    return repr(text if len(text) <= VALUE_WIDTH else text[: VALUE_WIDTH - 1] + "…")
