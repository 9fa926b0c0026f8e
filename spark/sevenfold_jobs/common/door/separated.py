"""Text whose fields are parted by a character, as columns of text: nothing is guessed of what they hold."""

import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv

from sevenfold_jobs.common.door.layout import SEPARATORS, Layout, is_comment, layout_of
from sevenfold_jobs.common.problems import Problems, shown

_ROWS_AT_ONCE = 20_000
_BLOCK = 1 << 24
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Separated:
    """`names` are the header's, trimmed, "" where there is none; `columns` are texts, "" where empty; `lines`
    (rows,) are where the rows begin, counted as an editor does."""

    names: list[str]
    columns: list[pa.ChunkedArray]
    lines: np.ndarray
    separator: str


def read_separated(
    name: str, body: bytes, problems: Problems, layout: Layout | None = None
) -> Separated | None:
    """The rows of UTF-8 text, or None with every bad line among the problems.

    Any line ending, quotes as RFC 4180 has them. Lines without a value, comments and columns that have
    neither name nor value are passed over. `layout` where it is known already: of a piece of a larger file.
    """
    body = body.rstrip(b"\x1a")  # how DOS ended a file
    layout = layout or layout_of(body)
    read = _read_by_arrow(body, layout)
    if read is None:
        before = len(problems)
        read = _read_by_rows(name, body, layout, problems)
        if len(problems) > before:
            return None
    header, columns, lines = read
    names = [each.strip() for each in layout.names(header)]
    columns, lines = _without_empty_rows(columns, lines)
    kept = [place for place, each in enumerate(names) if each or not _is_empty(columns[place])]
    return Separated(
        [names[place] for place in kept], [columns[place] for place in kept], lines, layout.separator
    )


def _read_by_arrow(body: bytes, layout: Layout) -> tuple[list[str], list[pa.ChunkedArray], np.ndarray] | None:
    """Where a line is a row, and quotes stand round whole fields alone: Arrow reads that 20 times as fast.

    None where a row has not the fields of the header, or quotes part otherwise; the slower way can name them.
    """
    end = _LINE_END.search(body, layout.start)
    if end is None:
        header, rest = body[layout.start :], b""
    else:
        header, rest = body[layout.start : end.start()], body[end.end() :]
    names = _names(header.decode(), layout.separator)
    if names is None or not rest.strip() or len(layout.separator.encode()) != 1:
        return None
    is_quoted = b'"' in rest
    if is_quoted and not _quotes_whole_fields(rest, layout.separator):
        return None
    fields = [str(place) for place in range(len(layout.names(names)))]
    try:
        table = pa.csv.read_csv(
            io.BytesIO(rest),
            read_options=pa.csv.ReadOptions(column_names=fields, block_size=_BLOCK),
            parse_options=pa.csv.ParseOptions(
                delimiter=layout.separator, quote_char='"' if is_quoted else False, double_quote=False
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(fields, pa.string()),
                strings_can_be_null=False,
                null_values=[],
                check_utf8=False,
            ),
        )
    except pa.ArrowException:
        return None
    first = layout.line + 1
    ends = rest.count(b"\n") + rest.count(b"\r") - rest.count(b"\r\n")
    if ends in (table.num_rows, table.num_rows - 1):
        lines = np.arange(first, first + table.num_rows)
    else:
        lines = first + np.flatnonzero([bool(line) for line in rest.splitlines()])
    if len(lines) != table.num_rows:
        return None
    return names, table.columns, lines


def _names(header: str, separator: str) -> list[str] | None:
    if '"' not in header:
        return header.split(separator) if header else []
    try:
        return next(csv.reader([header], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _quotes_whole_fields(rest: bytes, separator: str) -> bool:
    """Whether each field in quotes begins and ends with them, in one line, and has none within: then all ways
    of reading quotes agree.
    """
    content = np.frombuffer(rest, np.uint8)
    quotes = np.flatnonzero(content == ord('"'))
    if len(quotes) % 2:
        return False
    begins, ends = quotes[::2], quotes[1::2]
    parting = np.zeros(256, bool)
    parting[[*separator.encode(), *b"\r\n"]] = True
    if begins[0] > 0 and not parting[content[begins[0] - 1]]:
        return False
    if ends[-1] + 1 < len(content) and not parting[content[ends[-1] + 1]]:
        return False
    if not (parting[content[begins[1:] - 1]].all() and parting[content[ends[:-1] + 1]].all()):
        return False
    breaks = np.flatnonzero((content == ord("\n")) | (content == ord("\r")))
    return bool((np.searchsorted(breaks, begins) == np.searchsorted(breaks, ends)).all())


def _read_by_rows(
    name: str, body: bytes, layout: Layout, problems: Problems
) -> tuple[list[str], list[pa.ChunkedArray], np.ndarray]:
    text = body[layout.start :].decode()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator, strict=True)
    header: list[str] = []
    pieces: list[list[pa.Array]] = []
    kept: list[list[str]] = []
    lines: list[int] = []
    ragged: list[tuple[int, list[str]]] = []
    started = 0
    try:
        header = next(reader, [])
        width = len(layout.names(header))
        started = reader.line_num
        for row in reader:
            line, started = layout.line + started, reader.line_num
            if len(row) == width:
                kept.append(row)
                lines.append(line)
                if len(kept) == _ROWS_AT_ONCE:
                    pieces.append(_arrays(kept, width))
                    kept = []
            elif any(field.strip() for field in row) and not is_comment(row, width):
                ragged.append((line, row))
    except csv.Error as error:
        place = f"{name} line {layout.line + started}"
        problems.add(
            place, f"is not CSV ({error})", "close its quotes, and double those inside a quoted field"
        )
        return header, [], np.array(lines, np.int64)
    for line, row in ragged:
        _refuse_ragged(name, line, row, width, layout, problems, behind=not lines or line > lines[-1])
    pieces.append(_arrays(kept, width))
    columns = [pa.chunked_array(list(each), pa.string()) for each in zip(*pieces, strict=True)]
    return header, columns, np.array(lines, np.int64)


def _refuse_ragged(
    name: str, line: int, row: list[str], width: int, layout: Layout, problems: Problems, behind: bool
) -> None:
    """Says of a line with too many or too few fields what usually made it so."""
    what = SEPARATORS.get(layout.separator, shown(layout.separator))
    fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
    fault = f"has {fields}, the header has {width}"
    if len(row) > width:
        remedy = f"quote fields that hold a {what}"
        if layout.separator == "," and _splits_numbers(row):
            remedy += ", as a number with a decimal comma does"
    elif len(row) == 1 and (other := _other_separator(row[0], layout.separator, width)):
        remedy = f"part its fields by a {what} as the header does, not by a {SEPARATORS[other]}"
    elif behind:
        fault += f" ({shown(layout.separator.join(row))})"
        remedy = "remove the line: it stands behind the data"
    else:
        remedy = "give the fields that it lacks, or remove the line if it is a note"
    problems.add(f"{name} line {line}", fault, remedy)


def _splits_numbers(row: list[str]) -> bool:
    return any(one.strip().isdigit() and other.strip().isdigit() for one, other in itertools.pairwise(row))


def _other_separator(text: str, separator: str, width: int) -> str | None:
    return next(
        (each for each in SEPARATORS if each != separator and text.count(each) == width - 1 > 0), None
    )


def _arrays(rows: list[list[str]], width: int) -> list[pa.Array]:
    fields: Iterator[tuple[str, ...]] = zip(*rows, strict=True) if rows else iter([()] * width)
    return [pa.array(values, pa.string()) for values in fields]


def _without_empty_rows(
    columns: list[pa.ChunkedArray], lines: np.ndarray
) -> tuple[list[pa.ChunkedArray], np.ndarray]:
    """Spreadsheets end in lines of separators alone; in a single column an empty field is one."""
    if len(columns) < 2 or len(lines) == 0:
        return columns, lines
    empty = _empty(columns[0])
    for column in columns[1:]:
        if not empty.any():
            return columns, lines
        empty &= _empty(column)
    if not empty.any():
        return columns, lines
    return [column.filter(pa.array(~empty)) for column in columns], lines[~empty]


def _empty(column: pa.ChunkedArray) -> np.ndarray:
    return pa.compute.equal(pa.compute.utf8_trim_whitespace(column), "").to_numpy()


def _is_empty(column: pa.ChunkedArray) -> bool:
    return bool(_empty(column).all())
