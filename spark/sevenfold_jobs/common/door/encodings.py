"""Bytes as text: what a byte order mark makes certain is read; all else is UTF-8 or is refused by name."""

import codecs

from sevenfold_jobs.common.problems import Problems, shown

# Longest first: UTF-32's mark begins like UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32-LE"),
    (codecs.BOM_UTF32_BE, "UTF-32-BE"),
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)
_LOOKED_AT = 4096
# Text in UTF-16 without a mark has a zero in about every other byte; a damaged file has a few.
_SHARE_OF_ZEROS = 0.2
_CONTROLS = frozenset(range(32)) - set(b"\t\n\r\f\x1a\x1b")


def utf8_of(name: str, content: bytes, problems: Problems) -> bytes | None:
    """The text as UTF-8 without a mark, or None with the reason among the problems."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            body = content[len(mark) :]
            if encoding != "UTF-8":
                try:
                    body = body.decode(encoding).encode()
                except UnicodeError:
                    problems.add(name, f"is not whole {encoding} text", "save it as UTF-8")
                    return None
            break
    else:
        body = content
    if b"\0" in body:
        _refuse_zeros(name, body, problems)
        return None
    try:
        body.decode()
    except UnicodeDecodeError as error:
        _refuse_bytes(name, body, error.start, problems)
        return None
    return body


def _refuse_zeros(name: str, body: bytes, problems: Problems) -> None:
    head = body[:_LOOKED_AT]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd > _SHARE_OF_ZEROS * len(head) and max(even, odd) > 9 * min(even, odd):
        encoding = "UTF-16-LE" if odd > even else "UTF-16-BE"
        problems.add(
            name, f"is not UTF-8 text but looks like {encoding} without its mark", "save it as UTF-8"
        )
        return
    line = _line_of(body, body.index(b"\0"))
    problems.add(f"{name} line {line}", "holds a zero byte, which no text has", "write the file again")


def _refuse_bytes(name: str, body: bytes, start: int, problems: Problems) -> None:
    head = body[:_LOOKED_AT]
    if sum(byte in _CONTROLS for byte in head) > len(head) / 50:
        problems.add(name, "is not UTF-8 text but some binary format", "write it as Parquet or CSV")
        return
    first = max(body.rfind(b"\n", 0, start), body.rfind(b"\r", 0, start)) + 1
    # Seen through the usual table, the line is one that its author knows again.
    around = body[max(first, start - 20) : start + 20].splitlines()[0].decode("cp1252", "replace")
    problems.add(
        f"{name} line {_line_of(body, start)}",
        f"is not UTF-8 text but looks like Latin-1 or Windows-1252 ({shown(around)})",
        "save it as UTF-8",
    )


def _line_of(body: bytes, position: int) -> int:
    before = body[:position]
    return max(before.count(b"\n"), before.count(b"\r")) + 1
