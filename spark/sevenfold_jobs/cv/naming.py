"""A name that somebody gave, against the names that there are."""

import difflib
from collections.abc import Iterable

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown

_NAMES_SHOWN = 20


def known_name(what: str, name: str, names: Iterable[str]) -> str:
    """`name`, if it is one of them. InvalidInput with the nearest one for any other.

    `what` begins the sentence: "Column", "Task".
    """
    names = list(names)
    if name in names:
        return name
    alike = [each for each in names if each.lower() == name.lower()]
    near = alike or difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {shown(near[0])}? " if near else ""
    listed = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
    raise InvalidInput(f"{what} {shown(name)} is unknown: {hint}There are {listed}.")
