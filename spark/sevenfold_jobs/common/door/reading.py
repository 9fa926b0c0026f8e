"""From a path to rows whose columns have one of a few types, and what is to be known of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.door.content import PARQUET, Content, Part, read_content
from sevenfold_jobs.common.door.encodings import utf8_of
from sevenfold_jobs.common.door.frames import index_of, nameless
from sevenfold_jobs.common.door.limits import most_bytes
from sevenfold_jobs.common.door.parquet import Columns, read_parquet
from sevenfold_jobs.common.door.separated import read_separated
from sevenfold_jobs.common.door.types import Unusable
from sevenfold_jobs.common.door.values import Decimals, decimals_of
from sevenfold_jobs.common.problems import Problems, shown


@dataclass
class Rows:
    """All rows of a source. A column is of a type of `types`, or says why it is unusable.

    `lines` (rows,) are lines of the text file, None for other sources; `index` are columns that are a frame's
    index, with a reason; `metadata` is the Parquet file's own; `sha256` is that of the bytes on the disk.
    """

    name: str
    columns: Columns
    rows: int
    lines: np.ndarray | None = None
    decimals: Decimals = field(default_factory=Decimals)
    index: dict[str, str] = field(default_factory=dict)
    metadata: dict[bytes, bytes] = field(default_factory=dict)
    sha256: str = ""

    def place(self, row: int) -> str:
        """Where a row stands, as a person counts: lines of text (the header is 1), rows of Parquet from 1."""
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"


def read_rows(
    path: Path, problems: Problems, *, name: str | None = None, most: int | None = None
) -> Rows | None:
    """The rows of a file or of a folder of part files, or None with the reason among the problems.

    `most` bounds the bytes that it may unpack to (half of the memory). Never raises for what a file holds.
    """
    name = name or path.name
    most = most_bytes() if most is None else most
    content = read_content(path, name, problems, most)
    if content is None:
        return None
    found: list[Rows] = []
    for part in content.parts:
        read = _read_part(part, content, problems, most)
        if read is None:
            return None
        found.append(read)
        most -= sum(each.nbytes for each in read.columns.values() if isinstance(each, pa.ChunkedArray))
    rows = found[0] if len(found) == 1 else _joined(name, found, problems)
    if rows is None:
        return None
    rows.name, rows.sha256 = name, content.sha256
    rows.index = index_of(rows.columns, rows.rows, rows.metadata)
    return rows


def _read_part(part: Part, content: Content, problems: Problems, most: int) -> Rows | None:
    if content.kind == PARQUET:
        unpacked = read_parquet(part, problems, most)
        if unpacked is None:
            return None
        columns, count, metadata = unpacked
        named = _named(part.name, list(columns), list(columns.values()), problems)
        rows = None if named is None else Rows(part.name, named, count, metadata=metadata)
        separator = None
    else:
        body = utf8_of(part.name, part.content, problems)
        text = None if body is None else read_separated(part.name, body, problems)
        if text is None:
            return None
        named = _named(part.name, text.names, text.columns, problems)
        rows = None if named is None else Rows(part.name, named, len(text.lines), text.lines)
        separator = text.separator
    if rows is None:
        return None
    for key, value in part.partition.items():
        rows.columns[key] = pa.chunked_array([pa.array([value] * rows.rows, pa.string())])
    texts = (
        column
        for column in rows.columns.values()
        if isinstance(column, pa.ChunkedArray) and pa.types.is_string(column.type)
    )
    rows.decimals = decimals_of(texts, separator)
    return rows


def _named(
    name: str, names: Sequence[str], columns: Sequence[pa.ChunkedArray | Unusable], problems: Problems
) -> Columns | None:
    """Names without blanks round them, and a name for those that have none; no name may stand twice."""
    cleaned = [each.strip() or nameless(place) for place, each in enumerate(names)]
    twice = sorted({each for each in cleaned if cleaned.count(each) > 1})
    for each in twice:
        problems.add(name, f"column {shown(each)} stands twice in the header", "rename or remove one of them")
    return None if twice else dict(zip(cleaned, columns, strict=True))


def joined_column(
    name: str, column: str, found: Sequence[pa.ChunkedArray], problems: Problems
) -> pa.ChunkedArray | None:
    """What the parts of a source hold in a column, one behind the other; None where their types differ."""
    kinds = sorted({str(each.type) for each in found if not pa.types.is_null(each.type)})
    if len(kinds) > 1 and kinds != ["double", "int64"]:
        problems.add(
            name, f"column {shown(column)} is {' here and '.join(kinds)} there", "write it as one type"
        )
        return None
    kind = next((each.type for each in found if str(each.type) in kinds[:1]), pa.null())
    return pa.chunked_array([piece for each in found for piece in each.cast(kind, safe=False).chunks], kind)


def decimals_of_parts(found: Sequence[Decimals]) -> Decimals:
    """The mark of all parts together: the one that is certain, if no two are."""
    marks = {each for each in found if each.certain}
    return next(iter(marks)) if len(marks) == 1 else Decimals()


def _joined(name: str, parts: list[Rows], problems: Problems) -> Rows | None:
    """Part files under each other; each has to have the columns of the first."""
    first = parts[0]
    for part in parts[1:]:
        lacking = [each for each in first.columns if each not in part.columns]
        more = [each for each in part.columns if each not in first.columns]
        if lacking or more:
            what = f"lacks column {shown(lacking[0])}" if lacking else f"has column {shown(more[0])}"
            other = f"that {first.name} has" if lacking else f"that {first.name} lacks"
            problems.add(part.name, f"{what} {other}", "keep the files of one table in the folder")
            return None
    columns: Columns = {}
    for each in first.columns:
        found = [part.columns[each] for part in parts]
        unusable = next((column for column in found if isinstance(column, Unusable)), None)
        if unusable is not None:
            columns[each] = unusable
            continue
        column = joined_column(name, each, found, problems)
        if column is None:
            return None
        columns[each] = column
    decimals = decimals_of_parts([part.decimals for part in parts])
    return Rows(name, columns, sum(part.rows for part in parts), decimals=decimals, metadata=first.metadata)
