"""The source of a cross-validation as one table, and what the door has to say of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.door.reading import Rows, read_rows
from sevenfold_jobs.common.door.types import Unusable
from sevenfold_jobs.common.door.values import Decimals
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import Problems

_KEY = b"sevenfold.door"


@dataclass(frozen=True)
class About:
    """What is known of a table besides its values: why columns cannot be used, which are a frame's index, how
    its numbers are written, and the line of its first row where the rows are lines that follow each other."""

    unusable: dict[str, str] = field(default_factory=dict)
    index: dict[str, str] = field(default_factory=dict)
    decimals: Decimals = field(default_factory=Decimals)
    line: int | None = None

    def place(self, row: int) -> str:
        """Where row `row` (from 0) stands in the file, counted as a person counts."""
        return f"row {row + 1}" if self.line is None else f"line {self.line + row}"


def read_source(path: str | Path, sha256: str | None = None) -> pa.Table:
    """All columns and rows in the order of the file; of CSV all columns are text (`common/door/values`).

    Raises InvalidInput for a file that is neither Parquet nor CSV, has no rows, names a column twice, or
    whose bytes are not those of `sha256`.
    """
    path, problems = Path(path), Problems()
    rows = read_rows(path, problems)
    problems.raise_if_any()
    assert rows is not None
    if sha256 is not None and rows.sha256 != sha256:
        raise InvalidInput(f"{path.name} was altered after the run was planned: start the run again.")
    if not rows.columns:
        raise InvalidInput(f"{path.name} is empty: give a file with a header and rows.")
    if rows.rows == 0:
        raise InvalidInput(f"{path.name} has no rows.")
    return _table(rows)


def about(table: pa.Table) -> About:
    """What `read_source` knew; nothing for a table that was made otherwise."""
    noted = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    if "decimals" in noted:
        noted["decimals"] = Decimals(*noted["decimals"])
    return About(**noted)


def _table(rows: Rows) -> pa.Table:
    columns, unusable = {}, {}
    for name, column in rows.columns.items():
        if isinstance(column, Unusable):
            unusable[name] = column.reason
            columns[name] = pa.chunked_array([pa.nulls(rows.rows)])
        else:
            columns[name] = column
    known = About(unusable, rows.index, rows.decimals, _first_line(rows))
    return described(pa.table(columns), known, rows.metadata)


def described(table: pa.Table, known: About, metadata: dict[bytes, bytes]) -> pa.Table:
    """The table, of which `about` knows all that; `metadata` is the file's own."""
    noted = {
        "unusable": known.unusable,
        "index": known.index,
        "decimals": [known.decimals.mark, known.decimals.certain],
        "line": known.line,
    }
    return table.replace_schema_metadata(metadata | {_KEY: json.dumps(noted).encode()})


def _first_line(rows: Rows) -> int | None:
    if rows.lines is None:
        return None
    follow = bool((np.diff(rows.lines) == 1).all())
    return int(rows.lines[0]) if follow else None
