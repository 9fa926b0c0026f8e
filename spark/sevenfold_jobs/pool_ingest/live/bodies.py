"""A provider's body as plain values: whatever is wrong with it becomes one line."""

import json
import math
from datetime import UTC, date, datetime
from typing import Any

from sevenfold_jobs.common.printable import printable
from sevenfold_jobs.common.problems import shown

SECONDS_A_DAY = 86_400


class Unreadable(Exception):  # noqa: N818 - it says what the body is
    """A body that is not what its source answers. The message is one line: what was expected, what came."""


def read_json(body: bytes) -> Any:
    """The value of a body. Numbers beyond JSON (NaN, Infinity) are refused."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable("the JSON is nested too deep") from None
    except ValueError as error:  # bad JSON, bad UTF-8, a number of thousands of digits
        raise Unreadable(f"this is no JSON ({printable(str(error), 100)}): {quoted(body)}") from None


def read_text(body: bytes) -> str:
    """The text of a body in UTF-8, without a byte order mark."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(f"this is no text in UTF-8: {quoted(body)}") from None


def quoted(body: bytes) -> str:
    """The beginning of a body, in quotes on one line."""
    return shown(body[:200].decode("utf-8", "replace"))


def member(value: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    """`value[name]` of the given type. `value` must be an object."""
    if not isinstance(value, dict):
        raise Unreadable(f"expected an object with {name!r}, found {_kind(value)}")
    found = value.get(name)
    if not isinstance(found, kind):
        raise Unreadable(f"expected {name!r} in the object, found {_kind(found)}")
    return found


def items(value: Any) -> list[Any]:
    """`value` as a list."""
    if not isinstance(value, list):
        raise Unreadable(f"expected a list, found {_kind(value)}")
    return value


def number(value: Any) -> float | None:
    """A finite number, also one written as text; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def text(value: Any) -> str | None:
    """A text that a database stores, without blanks at its ends; None where there is none."""
    if not isinstance(value, str):
        return None
    return printable(value.strip(), 500) or None


def address(value: Any) -> str | None:
    """A contract's address in lower case; None for all else. `1-0x…` (chain and address) is taken too."""
    if not isinstance(value, str):
        return None
    bare = value.rpartition("-")[2].strip().lower()
    is_hex = len(bare) == 42 and bare.startswith("0x") and all(c in "0123456789abcdef" for c in bare[2:])
    return bare if is_hex else None


def moment(value: Any) -> datetime | None:
    """An ISO 8601 moment in UTC; one without an offset is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day_of(value: Any) -> date | None:
    """A day written as YYYY-MM-DD."""
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def day_at(seconds: float | None) -> date | None:
    """The UTC day of a Unix time in seconds; None for what no calendar has."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    name = {dict: "an object", list: "a list", str: "the text", bool: "the flag"}.get(
        type(value), "the number"
    )
    return name if isinstance(value, dict | list) else f"{name} {shown(value)}"
