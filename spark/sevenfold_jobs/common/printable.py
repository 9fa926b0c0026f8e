"""Text as a ledger, a page and a terminal take it: the unseen is written out, the endless is cut."""

import json
import re
from typing import Any

#: More of a message nobody reads, and every reader of the ledger carries it.
MOST = 4000

#: Controls but tab and line ends, as inside brackets of a regular expression, Python's or Arrow's.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"

# Those, their cousins beyond ASCII, halves of a character, and what turns the direction of writing.
_UNSEEN = re.compile(f"[{CONTROLS}\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, most: int = MOST) -> str:
    """A zero byte becomes `\\x00`, four characters; text beyond `most` characters becomes `…`."""
    seen = _UNSEEN.sub(lambda found: repr(found.group())[1:-1], text)
    return seen if len(seen) <= most else seen[: most - 1] + "…"


def storable(value: Any) -> Any:
    """The same lists and dictionaries, every text in them as PostgreSQL stores it; nothing is cut."""
    if isinstance(value, str):
        return printable(value, len(value) * 6) if _UNSEEN.search(value) else value
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return value


def stored_json(value: Any) -> str:
    """JSON for a column of type jsonb: PostgreSQL refuses the escape of a zero byte, which a source's text
    may hold. ValueError for a number that JSON cannot hold."""
    return json.dumps(storable(value), allow_nan=False)
