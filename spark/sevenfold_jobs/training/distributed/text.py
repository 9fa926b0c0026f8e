"""Separated text in pieces of whole lines, each read by the door as if it were a small file."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.door.encodings import utf8_of
from sevenfold_jobs.common.door.layout import Layout, layout_of
from sevenfold_jobs.common.door.separated import read_separated
from sevenfold_jobs.common.door.values import Decimals, decimals_of
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.files import write_whole
from sevenfold_jobs.common.problems import Problems

#: What a task reads at a time; it holds some times as much.
PIECE_BYTES = 32 << 20

_HEAD = 1 << 20
_UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Piece:
    """Bytes [start, end) of a file, whose header is `header` in `line`; `target` is where it goes."""

    name: str
    path: str
    start: int
    end: int
    header: bytes
    separator: str
    is_numbered: bool
    is_ended: bool
    line: int
    is_first: bool
    is_last: bool
    target: str


@dataclass(frozen=True)
class Read:
    """`follow`: every line is a row; `decimals` are those of the file where the piece is its first."""

    names: list[str]
    rows: int
    follow: bool
    decimals: Decimals


def pieces_of(file: Path, scratch: Path) -> list[Piece]:
    """The file behind its header, cut at ends of lines. InvalidInput for an encoding that has no single bytes
    for these."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
        if head.startswith(_OTHER_MARKS):
            raise InvalidInput(
                f"{file.name} is UTF-16 or UTF-32 and is to be read in pieces: save it as UTF-8."
            )
        mark = len(_UTF8_MARK) if head.startswith(_UTF8_MARK) else 0
        layout = layout_of(head[mark:])
        ended = _LINE_END.search(head, mark + layout.start)
        if ended is None and size > len(head):
            raise InvalidInput(
                f"{file.name} has no end of line in its first megabyte: it is no table of text."
            )
        header = head[mark + layout.start : None if ended is None else ended.start()]
        place = size if ended is None else ended.end()
        bounds = [place]
        while bounds[-1] < size:
            bounds.append(_line_end_behind(opened, bounds[-1] + PIECE_BYTES, size))
    if len(bounds) == 1:
        bounds.append(size)
    last = len(bounds) - 2
    return [
        Piece(
            file.name if last == 0 else f"{file.name} (piece {number + 1} of {last + 1})",
            str(file),
            *(bounds[number], bounds[number + 1], header, layout.separator),
            *(layout.is_numbered, layout.is_ended, layout.line, number == 0, number == last),
            str(scratch / f"{file.name}-{number:06}.parquet"),
        )
        for number in range(last + 1)
    ]


def _line_end_behind(opened, place: int, size: int) -> int:
    """The first place behind an end of line, from `place` on."""
    while place < size:
        opened.seek(place)
        found = _LINE_END.search(window := opened.read(_HEAD))
        if found is not None and (found.end() < len(window) or place + len(window) >= size):
            return place + found.end()
        # A \r as the last byte that was read may be half of an end.
        place += found.start() if found is not None and found.start() > 0 else max(len(window) - 1, 1)
    return size


def read_piece(piece: Piece) -> Read:
    """Writes the rows of a piece as Parquet, all as texts. InvalidInput with its bad lines, as it counts."""
    with open(piece.path, "rb") as opened:
        opened.seek(piece.start)
        rest = opened.read(piece.end - piece.start)
    problems = Problems()
    body = utf8_of(piece.name, piece.header + b"\n" + rest, problems)
    problems.raise_if_any()
    assert body is not None
    layout = Layout(piece.separator, 0, 1, piece.is_numbered, piece.is_ended)
    found = read_separated(piece.name, body, problems, layout)
    if not piece.is_last and any("unexpected end of data" in each for each in problems.found):
        raise InvalidInput(
            f"{piece.name} ends within quotes: text with line breaks inside quotes is not read in pieces. "
            "Write it as Parquet."
        )
    problems.raise_if_any()
    assert found is not None
    names = [str(place) for place in range(len(found.columns))]
    table = pa.table(dict(zip(names, found.columns, strict=True))).rename_columns(
        [name or f"(column {place + 1})" for place, name in enumerate(found.names)]
    )
    target = Path(piece.target)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, lambda path: pq.write_table(table, path, compression="lz4", use_dictionary=False))
    decimals = decimals_of(found.columns, piece.separator) if piece.is_first else Decimals()
    follow = bool((np.diff(found.lines) == 1).all()) and (len(found.lines) == 0 or found.lines[0] == 2)
    ends = rest.count(b"\n") or rest.count(b"\r")
    is_whole = ends in (len(found.lines), len(found.lines) - 1)
    return Read(found.names, len(found.lines), follow and is_whole, decimals)
