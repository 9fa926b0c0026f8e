"""The columns that a request names by role, as numbers: time, event, target, fold."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.door.values import Odd, Reading, parse_numbers, trimmed
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv import dates
from sevenfold_jobs.cv.columns import as_numbers, categories_of, read_column
from sevenfold_jobs.cv.reading import About, about

MOST_CLASSES = 100

#: What a column is by its role; ends "column …".
ROLES = {
    "time": "is the time",
    "event": "is the event",
    "target": "is the target",
    "id": "is the row's id",
    "date": "is the row's date",
    "fold": "holds the folds",
}


def readable(table: pa.Table, name: str, role: str) -> pa.ChunkedArray:
    """The column of a role. InvalidInput where nothing can be read from it (lists, bytes)."""
    reason = about(table).unusable.get(name)
    if reason is not None:
        raise InvalidInput(f"Column {shown(name)} {ROLES[role]} and {reason}: write it as text or numbers.")
    return table[name]


def odd_values(odd: Odd, known: About) -> str:
    """How many values of a column of numbers are none, and the first with its place."""
    place = known.place(odd.row)
    return f"{odd.count:,} of {odd.of:,} values are no numbers, such as {shown(odd.value)} in {place}"


def numeric_role(table: pa.Table, name: str, role: str) -> np.ndarray:
    """(rows,) float64, NaN for gaps. InvalidInput for what is no number, and for infinite values."""
    column, known = readable(table, name, role), about(table)
    reading = read_column(column, known.decimals)
    if reading.kind not in ("number", "flag"):
        raise InvalidInput(
            f"Column {shown(name)} {ROLES[role]} and must hold numbers{_but(column, reading, known)}."
        )
    values = as_numbers(reading)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InvalidInput(f"Column {shown(name)} {ROLES[role]} and has {infinite:,} infinite values.")
    return values


def event_of(table: pa.Table, name: str) -> np.ndarray:
    """(rows,) 1, 0, or NaN for a gap. InvalidInput that shows the first value which is neither."""
    column, known = readable(table, name, "event"), about(table)
    rule = "1 is a row with the event, 0 a censored one"
    reading = read_column(column, known.decimals)
    if reading.kind in ("number", "flag"):
        values = as_numbers(reading)
        wrong = values[~np.isnan(values) & (values != 0) & (values != 1)]
        if len(wrong):
            raise InvalidInput(
                f"Column {shown(name)} is the event and holds {wrong[0]:g} in {len(wrong):,} rows: {rule}."
            )
        return values
    if reading.kind != "text" or reading.values.null_count == len(column):
        raise InvalidInput(f"Column {shown(name)} is the event and holds {_kind(reading)}: {rule}.")
    text = trimmed(column.cast(pa.string()))
    numbers, _ = parse_numbers(text, known.decimals)
    fine = pc.or_kleene(
        pc.is_in(numbers, value_set=pa.array([0.0, 1.0])),
        pc.is_in(pc.utf8_lower(text), value_set=pa.array(["true", "false"])),
    )
    rows = np.flatnonzero(pc.and_(pc.is_valid(text), pc.invert(fine)).to_numpy())
    # Flags and digits in one column are both fine and yet no column of either.
    row = int(rows[0]) if len(rows) else 0
    raise InvalidInput(
        f"Column {shown(name)} is the event and holds {shown(text[row].as_py())} in {max(len(rows), 1):,} "
        f"rows (first in {known.place(row)}): {rule}."
    )


def dates_of(table: pa.Table, name: str) -> pa.Array:
    """(rows,) what orders the rows: days or moments where the column holds them, by type or as ISO text; else
    numbers, else texts."""
    column = readable(table, name, "date")
    return read_column(column, about(table).decimals).values.combine_chunks()


def holds_dates(table: pa.Table, name: str) -> bool:
    """Whether the values are days or moments, by their type or as people write them."""
    if name in about(table).unusable:
        return False
    return read_column(table[name]).kind == "moment" or dates.holds_dates(table[name])


def target_of(table: pa.Table, name: str, task: str) -> tuple[np.ndarray, list[str]]:
    """(values or class codes as float64 with NaN for none, classes)."""
    column, known = readable(table, name, "target"), about(table)
    reading = read_column(column, known.decimals)
    if task == "regression":
        if reading.kind not in ("number", "flag"):
            raise InvalidInput(
                f"Column {shown(name)} is the target of a regression and must hold numbers"
                f"{_but(column, reading, known)}."
            )
        values = numeric_role(table, name, "target")
        there = values[~np.isnan(values)]
        if len(there) and (there == there[0]).all():
            raise InvalidInput(f"Column {shown(name)} is the target and is {there[0]:g} in every row.")
        return values, []
    if reading.kind == "moment":
        raise InvalidInput(
            f"Column {shown(name)} is the target and holds {_kind(reading)}: use text or numbers."
        )
    if reading.odd is not None:
        raise InvalidInput(
            f"Column {shown(name)} is the target, and {odd_values(reading.odd, known)}: "
            "write every class as a number, or every one as a name."
        )
    # Marks of a gap among numbers are no class.
    encoded = categories_of(reading.values if reading.marks or reading.how else column)
    if len(encoded.levels) > MOST_CLASSES:
        advice = (
            "for a quantity ask for task regression"
            if reading.kind == "number"
            else "merge the rare ones into one, or name another target"
        )
        raise InvalidInput(
            f"Column {shown(name)} is the target and has {len(encoded.levels):,} classes, and at most "
            f"{MOST_CLASSES} can be told apart: {advice}."
        )
    if len(encoded.levels) < 2:
        only = shown(encoded.levels[0]) if encoded.levels else "nothing"
        raise InvalidInput(
            f"Column {shown(name)} is the target and holds {only} only: there is nothing to tell apart."
        )
    codes = encoded.codes.astype(np.float64)
    codes[encoded.codes < 0] = np.nan
    return codes, encoded.levels


def _kind(reading: Reading) -> str:
    if reading.kind == "moment":
        return "dates"
    return "nothing" if reading.values.null_count == len(reading.values) else "text"


def _but(column: pa.ChunkedArray, reading: Reading, known: About) -> str:
    if reading.odd is not None:
        return f": {odd_values(reading.odd, known)}"
    if reading.kind == "moment":
        return ", not dates"
    first = next((value for value in column.to_pylist() if value not in (None, "")), None)
    return ", and it is empty" if first is None else f", not text such as {shown(first)}"
