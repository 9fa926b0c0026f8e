"""How many things are listed in one line."""

from collections.abc import Sequence

SHOWN = 10


def listing(items: Sequence[str], separator: str = ", ") -> str:
    """The first ten, and how many more there are: the log gets all of them."""
    if len(items) <= SHOWN:
        return separator.join(items)
    for item in items:
        print(item)
    return f"{separator.join(items[:SHOWN])}{separator}and {len(items) - SHOWN:,} more"
