"""Where the table of a text file begins, and what parts its fields."""

import csv
import io
import re
from dataclasses import dataclass

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")
_SAID = re.compile(rb'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_NUMBER = re.compile(r"\s*[+-]?\d[\d.,eE+-]*\s*")
_HEAD = 1 << 16
_ROWS = 100


@dataclass(frozen=True)
class Layout:
    """`start` is where the header line begins, which is line `line` of the file.

    Each row may have a field more than the header: its number before the others, as R's write.table leaves it
    (`is_numbered`), or an empty one behind them (`is_ended`).
    """

    separator: str
    start: int
    line: int
    is_numbered: bool
    is_ended: bool

    def names(self, header: list[str]) -> list[str]:
        """A name for each field of a row."""
        return [*([""] if self.is_numbered else []), *header, *([""] if self.is_ended else [])]


def layout_of(body: bytes) -> Layout:
    """Passes over empty lines, `sep=;` and comments; then the separator is the one that gives the header the
    most fields of those which give the rows the same number of fields."""
    start, line, said = 0, 1, None
    while start < len(body):
        found = _LINE.match(body, start)
        assert found is not None
        text = found.group().rstrip(b"\r\n")
        named = _SAID.fullmatch(text)
        if named is not None and line == 1:
            said = named.group(1).decode("latin-1")
        elif text.strip() and not (text.startswith(b"#") and not _is_header(body, found)):
            break
        start, line = found.end(), line + 1
    if said is not None:
        rows = _head(body, start, said)
        return Layout(said, start, line, _is_numbered(rows), _is_ended(rows))
    best, separator = (0.0, 1), ","
    for each in SEPARATORS:
        rows = _head(body, start, each)
        if not rows or len(rows[0]) == 1:
            continue
        alike = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        if _is_numbered(rows) or _is_ended(rows):
            alike = 1.0
        if (round(alike, 1), len(rows[0])) > best:
            best, separator = (round(alike, 1), len(rows[0])), each
    rows = _head(body, start, separator)
    return Layout(separator, start, line, _is_numbered(rows), _is_ended(rows))


def is_comment(row: list[str], width: int) -> bool:
    """A line that begins with # and has not the fields of a row."""
    return bool(row) and row[0].startswith("#") and len(row) != width


def _is_header(body: bytes, found: re.Match[bytes]) -> bool:
    """Whether a line that begins with # names the columns: as many as the next has values, some numbers."""
    after = _LINE.match(body, found.end())
    if after is None or not after.group().strip() or after.group().startswith(b"#"):
        return False
    for separator in SEPARATORS:
        names = found.group().decode("utf-8", "replace").split(separator)
        values = after.group().decode("utf-8", "replace").strip("\r\n").split(separator)
        if len(names) == len(values) > 1:
            return any(_NUMBER.fullmatch(value) for value in values)
    return False


def _head(body: bytes, start: int, separator: str) -> list[list[str]]:
    """The first rows, the header among them, without empty lines and comments."""
    text = body[start : start + _HEAD].decode("utf-8", "ignore")
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if any(field.strip() for field in row) and not (rows and is_comment(row, len(rows[0]))):
                rows.append(row)
            if len(rows) > _ROWS:
                break
    except csv.Error:
        pass  # what is wrong is said when the whole is read
    if len(body) > start + _HEAD and len(rows) > 1 and len(rows) <= _ROWS:
        rows.pop()  # it may have been cut
    return rows


def _is_ended(rows: list[list[str]]) -> bool:
    """Only where every row is: in one row alone a number may have been parted by its comma."""
    width = len(rows[0]) + 1 if rows else 0
    return len(rows) > 1 and all(len(row) == width and not row[-1].strip() for row in rows[1:])


def _is_numbered(rows: list[list[str]]) -> bool:
    """Only where the numbers run on: a decimal comma gives a field too many as well."""
    if len(rows) < 3:
        return False
    width = len(rows[0]) + 1
    if any(len(row) != width for row in rows[1:]):
        return False
    firsts = [row[0].strip() for row in rows[1:]]
    return any(firsts == [str(first + place) for place in range(len(firsts))] for first in (0, 1))
