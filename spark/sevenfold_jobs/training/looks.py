"""The verdict of one column: its features with their values, or why it is none."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.door.values import Reading
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.columns import as_numbers, categories_of, read_column
from sevenfold_jobs.cv.outcomes import odd_values
from sevenfold_jobs.cv.reading import about
from sevenfold_jobs.training.features import DATE_PARTS, Feature, date_part, finite, lenient_numbers
from sevenfold_jobs.training.written_dates import first_date, written_dates

#: A text in which more of the rows have a value of their own teaches nothing by its levels.
_MOST_DISTINCT = 0.5
# Fewer rows than that may all differ by chance.
_FEWEST_FOR_IDS = 20
_CONSPICUOUS_GAPS = 0.7

_NUMBERED = "numbers the rows"
_NAMES_ROWS = "has another value in every row, as names have"
#: Who asks for such a column by name gets it.
IGNORABLE = (_NUMBERED, _NAMES_ROWS)


@dataclass
class Look:
    """What one column of the file comes to: its features with their values, and why it is none (`fault`).

    `key` is the same for columns that say the same; `index` says why it is a frame's index; `error` is the
    message of the InvalidInput that it is. `made` has values (`Columns`), or what stands for them elsewhere.
    """

    made: list[tuple[Feature, Any]] = field(default_factory=list)
    fault: str | None = None
    key: str | None = None
    index: str | None = None
    error: str | None = None
    verdict: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def look_at(table: pa.Table, column: str, name: str, settings: dict[str, Any], rows: np.ndarray) -> Look:
    """What a column of the table comes to, on the rows that take part."""
    look = Look(index=about(table).index.get(column))
    if look.index is not None and settings["features"] is None:
        return look
    wanted = settings["types"].get(column)
    try:
        look.made, look.fault = _read(table, column, name, wanted, rows, look.warnings, look.verdict)
    except InvalidInput as error:
        look.error = str(error)
        return look
    if look.fault is None:
        look.key = _content(look.made)
    return look


def _read(
    table: pa.Table,
    column: str,
    name: str,
    wanted: str | None,
    rows: np.ndarray,
    warnings: list[str],
    verdict: dict[str, Any],
) -> tuple[list[tuple[Feature, Any]], str | None]:
    """The features of a column, and why it is none: a fault ends "it …"."""
    known = about(table)
    if column in known.unusable:
        return [], known.unusable[column]
    reading = read_column(table[column], known.decimals)
    if reading.kind == "moment" and wanted in (None, "date"):
        return _dates(reading, column, rows, verdict)
    if wanted == "date":
        reading, day_first = written_dates(table, column, name, None)
        return _dates(reading, column, rows, verdict, day_first)
    if wanted == "number" or (wanted is None and reading.kind in ("number", "flag")):
        return _numeric(table, reading, column, wanted, rows, warnings, verdict)
    if wanted is None and reading.odd is not None:
        raise InvalidInput(
            f"Column {shown(column)} of {name} looks like numbers, and {odd_values(reading.odd, known)}: "
            f"correct "
            f"them, or say --types {column}=number (they count as missing) or {column}=category, or "
            f"exclude it."
        )
    encoded = categories_of(table[column]).take(rows)
    there = encoded.codes[encoded.codes >= 0]
    levels = len(np.unique(there))
    verdict |= {"kind": "category", "gaps": int((encoded.codes < 0).sum()), "levels": levels}
    made = [(Feature(column, column, "category"), encoded)]
    if wanted is None and (written := first_date(table[column])) is not None:
        warnings.append(
            f"Column {column} holds dates such as {shown(written)}, whose texts count as names: write them "
            f"as YYYY-MM-DD, or say --types {column}=date."
        )
    if len(there) == 0:
        return made, "has no value in any row that takes part"
    if levels == 1 and len(there) == len(rows):
        return made, "is constant"
    if len(there) >= _FEWEST_FOR_IDS and levels == len(there):
        return made, _NAMES_ROWS
    if len(there) >= _FEWEST_FOR_IDS and levels > _MOST_DISTINCT * len(there):
        return made, f"has {levels:,} different texts in {len(there):,} rows"
    _remark_gaps(warnings, column, verdict["gaps"], len(rows))
    return made, None


def _numeric(
    table: pa.Table,
    reading: Reading,
    column: str,
    wanted: str | None,
    rows: np.ndarray,
    warnings: list[str],
    verdict: dict[str, Any],
) -> tuple[list[tuple[Feature, Any]], str | None]:
    lenient = wanted == "number"
    every = lenient_numbers(reading, table[column]) if lenient else as_numbers(reading)
    infinite = int(np.isinf(every[rows]).sum())
    if infinite:
        warnings.append(f"Column {column} has {infinite:,} infinite values, which count as missing.")
    for mark, count in reading.marks.items():
        warnings.append(f"Column {column} has {shown(mark)} in {count:,} rows, which count as missing.")
    if reading.how is not None:
        warnings.append(f"Column {column} is read as numbers with {reading.how}.")
    values = finite(every)[rows]
    there = values[~np.isnan(values)]
    verdict |= {"kind": "number", "gaps": int(len(values) - len(there)), "levels": None}
    made = [(Feature(column, column, "number", None, lenient), values)]
    if len(there) == 0:
        return made, "has no value in any row that takes part"
    if len(there) == len(values) and (there == there[0]).all():
        return made, "is constant"
    if len(there) == len(values) >= _FEWEST_FOR_IDS and (np.diff(np.sort(values)) == 1).all():
        return made, _NUMBERED
    _remark_gaps(warnings, column, verdict["gaps"], len(rows))
    return made, None


def _dates(
    reading: Reading, column: str, rows: np.ndarray, verdict: dict[str, Any], day_first: bool | None = None
) -> tuple[list[tuple[Feature, Any]], str | None]:
    made = []
    for part in DATE_PARTS:
        values = date_part(reading, part)[rows]
        there = values[~np.isnan(values)]
        if part == "hour" and (len(there) == 0 or (there == there[0]).all()):
            continue
        feature = Feature(f"{column} ({part})", column, "number", part, day_first=day_first)
        made.append((feature, values))
    gaps = int(np.isnan(made[0][1]).sum())
    verdict |= {"kind": "date", "gaps": gaps, "levels": None}
    if gaps == len(rows):
        return made, "has no value in any row that takes part"
    days = made[0][1]
    return made, "is constant" if gaps == 0 and (days == days[0]).all() else None


def _remark_gaps(warnings: list[str], column: str, gaps: int, rows: int) -> None:
    if gaps > _CONSPICUOUS_GAPS * rows:
        warnings.append(f"Column {column} is empty in {gaps:,} of {rows:,} rows.")


def _content(made: list[tuple[Feature, Any]]) -> str:
    """The same for columns that say the same: of categories which rows are alike, not what they are
    called.
    """
    whole = hashlib.sha256()
    for feature, values in made:
        if feature.kind == "category":
            _, first, codes = np.unique(values.codes, return_index=True, return_inverse=True)
            values = np.argsort(np.argsort(first))[codes.reshape(-1)].astype(np.float64)
            values[np.asarray(made[0][1].codes) < 0] = np.nan
        whole.update(np.ascontiguousarray(values, np.float64).tobytes())
    return f"{made[0][0].kind} {whole.hexdigest()}"
