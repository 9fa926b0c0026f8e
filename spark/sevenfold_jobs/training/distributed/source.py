"""A source of any size, read a column at a time by the door that reads smaller ones whole.

Of Parquet a column is read as it lies. Text is cut into pieces of whole lines first, each of which a task
writes as Parquet, all columns as text: what a column holds is decided by all of its values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.door.content import PARQUET, kind_of, parts_of
from sevenfold_jobs.common.door.frames import index_reason, nameless
from sevenfold_jobs.common.door.limits import SMALLER, most_bytes, too_large
from sevenfold_jobs.common.door.parquet import example_of, stored_type
from sevenfold_jobs.common.door.reading import decimals_of_parts, joined_column
from sevenfold_jobs.common.door.types import Unusable, normal
from sevenfold_jobs.common.door.values import Decimals, decimals_of
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import Problems, shown
from sevenfold_jobs.cv.reading import About, described
from sevenfold_jobs.training.distributed.text import Read, pieces_of, read_piece

#: `Tasks.map`, or what does the same elsewhere.
Map = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]

_GZIP = b"\x1f\x8b"
_HEAD = 1 << 16


@dataclass(frozen=True)
class Source:
    """`columns` are in the order of the file, `parts` Parquet files in the order of the rows; the others are
    what `cv.reading.About` and the file's own metadata say."""

    name: str
    columns: list[str]
    rows: int
    parts: list[str]
    decimals: Decimals = field(default_factory=Decimals)
    line: int | None = None
    metadata: dict[bytes, bytes] = field(default_factory=dict)

    def table(self, names: Sequence[str]) -> pa.Table:
        """These columns of all rows, as `cv.reading.read_source` gives them."""
        columns, unusable, index = {}, {}, {}
        for name in names:
            found = self._column(name)
            if isinstance(found, Unusable):
                unusable[name] = found.reason
                columns[name] = pa.chunked_array([pa.nulls(self.rows)])
                continue
            columns[name] = found
            place = self.columns.index(name)
            reason = index_reason(place, name, found, self.rows, self.metadata)
            if reason is not None:
                index[name] = reason
        known = About(unusable, index, self.decimals, self.line)
        return described(pa.table(columns), known, self.metadata)

    def _column(self, name: str) -> pa.ChunkedArray | Unusable:
        problems = Problems()
        found = []
        for part in self.parts:
            with pq.ParquetFile(part) as file:
                known = next(each for each in file.schema_arrow if each.name.strip() == name)
                if pa.types.is_nested(stored_type(known.type)):
                    return example_of(file, known, file.metadata.num_rows)
                read = normal(file.read(columns=[known.name]).column(known.name))
            if isinstance(read, Unusable):
                return read
            found.append(read)
        column = found[0] if len(found) == 1 else joined_column(self.name, name, found, problems)
        problems.raise_if_any()
        assert column is not None
        return column


def open_source(path: Path, name: str, scratch: Path, do: Map) -> Source:
    """The columns and rows of a file or of a folder of part files; text becomes Parquet below `scratch`.

    InvalidInput for what the door refuses, and for what is read whole only: packed text, other encodings
    than UTF-8, folders that name a value of their rows.
    """
    problems = Problems()
    files = parts_of(path) if path.is_dir() else [path]
    files = [each for each in files if each.stat().st_size > 0]
    if not files:
        raise InvalidInput(f"{name} is empty: give a file with a header and rows.")
    if path.is_dir() and any("=" in str(each.relative_to(path).parent) for each in files):
        raise InvalidInput(
            f"{name} has folders that name a value of their rows, which are not read piece by piece: write "
            "the value as a column."
        )
    kinds = {_kind(each, problems) for each in files}
    problems.raise_if_any()
    if len(kinds) > 1:
        raise InvalidInput(f"{name} mixes Parquet and text: keep the files of one kind in it.")
    source = _of_parquet(name, files) if kinds == {PARQUET} else _of_text(name, files, scratch, do)
    if source.rows == 0:
        raise InvalidInput(f"{name} has no rows.")
    _refuse_wide_columns(source)
    return source


def _kind(file: Path, problems: Problems) -> str | None:
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
    if head.startswith(_GZIP):
        problems.add(file.name, "is packed, and is to be read piece by piece", "unpack it")
        return None
    return kind_of(file.name, file.suffix, head, problems)


def _of_parquet(name: str, files: list[Path]) -> Source:
    problems = Problems()
    names: list[str] = []
    metadata: dict[bytes, bytes] = {}
    rows = 0
    for file in files:
        try:
            opened = pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            said = " ".join(str(error).split())[:120]
            raise InvalidInput(f"{file.name} is not a Parquet file ({said}): write it again.") from None
        with opened:
            mine = _named(opened.schema_arrow.names)
            _refuse_other_columns(name, file.name, names or mine, mine)
            if not names:
                names, metadata = mine, dict(opened.schema_arrow.metadata or {})
            rows += opened.metadata.num_rows
    for each in sorted({each for each in names if names.count(each) > 1}):
        problems.add(name, f"column {shown(each)} stands twice in the header", "rename or remove one of them")
    problems.raise_if_any()
    found = [_decimals(each) for each in files]
    decimals = found[0] if len(found) == 1 else decimals_of_parts(found)
    return Source(name, names, rows, [str(each) for each in files], decimals, metadata=metadata)


def _named(names: Sequence[str]) -> list[str]:
    return [each.strip() or nameless(place) for place, each in enumerate(names)]


def _decimals(file: Path) -> Decimals:
    """By the first rows of its texts, as the door goes by them."""
    with pq.ParquetFile(file) as opened:
        batch = next(opened.iter_batches(batch_size=20_000), None)
    if batch is None:
        return Decimals()
    found = [normal(pa.chunked_array([each])) for each in batch.columns]
    texts = (each for each in found if not isinstance(each, Unusable) and pa.types.is_string(each.type))
    return decimals_of(texts, None)


def _of_text(name: str, files: list[Path], scratch: Path, do: Map) -> Source:
    pieces = [piece for file in files for piece in pieces_of(file, scratch)]
    read: list[Read] = do(read_piece, pieces)
    names: list[str] = []
    for piece, each in zip(pieces, read, strict=True):
        mine = _named(each.names)
        _refuse_other_columns(name, piece.name, names or mine, mine)
        names = names or mine
    for each in sorted({each for each in names if names.count(each) > 1}):
        raise InvalidInput(
            f"{name}: column {shown(each)} stands twice in the header: rename or remove one of them."
        )
    firsts = [each.decimals for piece, each in zip(pieces, read, strict=True) if piece.is_first]
    decimals = firsts[0] if len(files) == 1 else decimals_of_parts(firsts)
    follow = len(files) == 1 and all(each.follow for each in read)
    rows = sum(each.rows for each in read)
    return Source(
        name, names, rows, [each.target for each in pieces], decimals, pieces[0].line + 1 if follow else None
    )


def _refuse_other_columns(name: str, part: str, first: list[str], mine: list[str]) -> None:
    lacking = [each for each in first if each not in mine]
    more = [each for each in mine if each not in first]
    if lacking or more:
        what = f"lacks column {shown(lacking[0])}" if lacking else f"has column {shown(more[0])} besides"
        raise InvalidInput(
            f"{part} {what}: every part of {name} must have the same columns, each with a name."
        )


def _refuse_wide_columns(source: Source) -> None:
    """A column is held whole by one process: a text of a gigabyte a row would not be."""
    most = most_bytes()
    sizes: dict[str, int] = {}
    for part in source.parts:
        with pq.ParquetFile(part) as file:
            about = file.metadata
            for group in range(about.num_row_groups):
                for place in range(about.num_columns):
                    column = about.row_group(group).column(place)
                    key = column.path_in_schema
                    sizes[key] = sizes.get(key, 0) + column.total_uncompressed_size
    for key, size in sizes.items():
        needed = max(size, 8 * source.rows)
        if needed > most:
            raise InvalidInput(f"{source.name}: column {shown(key)} {too_large(needed, most)}: {SMALLER}.")
