"""One file as a table whose rows know where they stand, and its columns as checked Arrow arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common import headers, utc
from sevenfold_jobs.common.bounds import Bound, Days, plain
from sevenfold_jobs.common.door.places import find_file
from sevenfold_jobs.common.door.reading import Rows, read_rows
from sevenfold_jobs.common.door.types import Unusable
from sevenfold_jobs.common.door.values import GAPS, MARKS, USUAL, Decimals, parse_numbers
from sevenfold_jobs.common.printable import CONTROLS
from sevenfold_jobs.common.problems import Problems, shown


@dataclass
class Table:
    """A file's columns by name. `lines` are the rows' CSV lines (header = 1); Parquet rows count from 1.

    `decimals` is how the file writes its numbers; `unusable` are columns from which nothing can be read, with
    the reason; `remarks` say how it was read where that is not plain.
    """

    name: str
    columns: dict[str, pa.Array]
    rows: int
    problems: Problems
    lines: np.ndarray | None = None
    decimals: Decimals = USUAL
    unusable: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def where(self, row: int, column: str | None = None) -> str:
        """File, line and column as a person counts them."""
        place = f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"
        return f"{self.name} {place}" + (f", column {column}" if column else "")

    def text(self, column: str, *, required: bool) -> pa.Array:
        """Trimmed text; an empty field is null, and a fault where the column is required."""
        values = self.columns[column]
        if not _is_text(values):
            values = pc.cast(values, pa.string())
        values = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
        values = pc.if_else(pc.equal(values, ""), None, values)
        strange = pc.match_substring_regex(values, f"[{CONTROLS}]")
        self._refuse(strange, column, values, "holds a control character", "write it without")
        if required:
            self._refuse(pc.is_null(values), column, values, "is empty", "give a value or remove the row")
        return values

    def numbers(
        self,
        column: str,
        *,
        required: bool = True,
        above: float | None = None,
        within: Bound | None = None,
    ) -> pa.Array:
        """Finite double precision; null only where the column is not required and the field is empty."""
        given = self.columns[column]
        if _is_text(given):
            text = self.text(column, required=required)
            values, how = parse_numbers(text, self.decimals)
            wrong = pc.and_(pc.is_valid(text), pc.is_null(values))
            if not required:
                wrong = pc.and_(wrong, pc.invert(_is_gap(text)))
            self._refuse(wrong, column, text, "is not a finite number", "write a plain number such as 1234.5")
            if how is not None:
                self.remarks.append(f"{self.name}, column {column}: read as numbers with {how}")
        elif pa.types.is_boolean(given.type) or not (
            pa.types.is_floating(given.type)
            or pa.types.is_integer(given.type)
            or pa.types.is_decimal(given.type)
        ):
            self.problems.add(
                f"{self.name}, column {column}", f"holds {given.type}, not numbers", "store it as numbers"
            )
            return pa.nulls(self.rows, pa.float64())
        else:
            values = pc.cast(given, pa.float64())
            if required:
                self._refuse(pc.is_null(given), column, given, "is empty", "give a number or remove the row")
        # an overflow of the text (1e999) becomes infinite only here
        finite = pc.is_finite(values)
        self._refuse(
            pc.invert(finite), column, given, "is not a finite number", "correct it or remove the row"
        )
        if above is not None:
            low = pc.and_(finite, pc.less_equal(values, above))
            self._refuse(low, column, given, f"is not above {above:g}", "correct it or remove the row")
            finite = pc.and_(finite, pc.invert(low))
        if within is not None:
            self.refuse_outside(column, pc.if_else(finite, values, None), within)
        return values

    def refuse_outside(
        self, column: str, values: pa.Array, bound: Bound, only: pa.Array | None = None
    ) -> None:
        """Numbers of a column have to lie within a bound; `only` are the rows it speaks of."""
        given = self.columns[column]
        for wrong, fault in (
            (pc.less(values, bound.low), f"is less than {plain(bound.low)}"),
            (pc.greater(values, bound.high), f"is more than {plain(bound.high)}"),
        ):
            chosen = wrong if only is None else pc.and_(wrong, only)
            remedy = f"{bound.text()} are allowed; {bound.hint}, or remove the row"
            self._refuse(chosen, column, given, fault, remedy)

    def days(self, column: str, allowed: Days, *, required: bool = True) -> pa.Array:
        """UTC days (date32) from ISO text, dates or stamps; null only where not required and empty.

        A stamp counts for its day of UTC, whatever its zone; stamps that are not at midnight are remarked on.
        """
        given = self.columns[column]
        if pa.types.is_date(given.type) or pa.types.is_timestamp(given.type):
            if required:
                self._refuse(pc.is_null(given), column, given, "is empty", "give a day such as 2025-06-30")
            stamps = utc.stamps_in_utc(given)
        else:
            given = self.text(column, required=required)
            stamps = utc.stamps_of_text(given)
            wrong = pc.and_(pc.is_valid(given), pc.is_null(stamps))
            self._refuse(wrong, column, given, "is not a day", "write it as YYYY-MM-DD")
        self._remark_on_hours(column, stamps)
        values = utc.days_of_stamps(stamps)
        for wrong, is_late in (
            (pc.less(values, allowed.first), False),
            (pc.greater(values, allowed.last), True),
        ):
            for row in np.flatnonzero(pc.fill_null(wrong, False).to_numpy(zero_copy_only=False)):
                said = given[int(row)] if _is_text(given) else _day_text(values[int(row)])
                fault = f"{shown(said)} {allowed.fault(is_late=is_late)}"
                self.problems.add(self.where(int(row), column), fault, "correct it or remove the row")
        return values

    def _remark_on_hours(self, column: str, stamps: pa.Array) -> None:
        off = np.flatnonzero(utc.off_midnight(stamps).to_numpy(zero_copy_only=False))
        if off.size:
            first = int(off[0])
            day = _day_text(utc.days_of_stamps(stamps)[first])
            hour = utc.hour_of(stamps[first])
            self.remarks.append(
                f"{self.where(first, column)}: the stamp is {day} {hour} UTC and counts for {day} "
                f"({off.size:,} of {self.rows:,} are not at midnight of UTC): "
                "write days where days of another zone are meant"
            )

    def one_of(self, column: str, allowed: Sequence[str]) -> pa.Array:
        """Text that is one of `allowed`."""
        values = self.text(column, required=True)
        known = pc.is_in(values, value_set=pa.array(allowed, pa.string()))
        wrong = pc.and_(pc.is_valid(values), pc.invert(known))
        self._refuse(wrong, column, values, f"is not one of {', '.join(allowed)}", "correct it")
        return values

    def refuse_repeats(self, keys: dict[str, pa.Array]) -> None:
        """The key columns together may not repeat; rows with an empty key were refused already."""
        code = np.zeros(self.rows, np.int64)
        usable = np.ones(self.rows, bool)
        for values in keys.values():
            usable &= pc.is_valid(values).to_numpy(zero_copy_only=False)
            encoded = values.dictionary_encode()
            indices = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
            code = code * (len(encoded.dictionary) + 1) + indices
        rows = np.flatnonzero(usable)
        order = rows[np.argsort(code[rows], kind="stable")]
        repeated = np.flatnonzero(code[order][1:] == code[order][:-1]) + 1
        for position in np.sort(repeated):
            row, earlier = int(order[position]), int(order[position - 1])
            what = ", ".join(f"{name} {shown(values[row].as_py())}" for name, values in keys.items())
            place = self.where(earlier).removeprefix(f"{self.name} ")
            self.problems.add(self.where(row), f"{what} stands already in {place}", "keep one of them")

    def refuse_unknown(self, column: str, values: pa.Array, known: pa.Array, listed_in: str) -> None:
        """Every value has to be listed in another file; each unknown one is named once."""
        missing = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=known)))
        seen: set[str] = set()
        for row in np.flatnonzero(missing.to_numpy(zero_copy_only=False)):
            value = values[int(row)].as_py()
            if value not in seen:
                seen.add(value)
                self.problems.add(
                    self.where(int(row), column),
                    f"{shown(value)} is not listed in {listed_in}",
                    "list it there or remove its rows",
                )

    def _refuse(self, wrong: pa.Array, column: str, values: pa.Array, fault: str, remedy: str) -> None:
        # a null verdict belongs to an empty field, which has a fault of its own where it is one
        for row in np.flatnonzero(pc.fill_null(wrong, False).to_numpy(zero_copy_only=False)):
            value = values[int(row)].as_py()
            said = fault if value is None else f"{shown(value)} {fault}"
            self.problems.add(self.where(int(row), column), said, remedy)


def read_table(
    folder: Path,
    name: str,
    columns: Sequence[str],
    problems: Problems,
    *,
    optional_columns: Sequence[str] = (),
    others_allowed: bool = True,
    may_be_empty: bool = False,
) -> Table | None:
    """The named columns of one file, or None with the reason among the problems."""
    try:
        paths = find_file(folder, name)
    except OSError as error:
        reason = error.strerror or error
        problems.add(str(folder), f"cannot be read ({reason})", "check the path and its rights")
        return None
    if not paths:
        problems.add(name, f"is missing in {folder}", "put it there")
        return None
    if len(paths) > 1:
        problems.add(name, f"is there as {' and as '.join(path.name for path in paths)}", "keep one of them")
        return None
    rows = read_rows(paths[0], problems)
    if rows is None:
        return None
    table = _table(rows, problems, kept=[*columns, *optional_columns])
    found = list(table.columns)
    complete = True
    for column in [*columns, *optional_columns]:
        if column in table.unusable:
            place = f"{table.name}, column {column}"
            problems.add(place, table.unusable[column], "store it as text or as numbers")
            complete = False
    for column in columns:
        if column not in table.columns and column not in table.unusable:
            problems.add(table.name, f"column {column} is missing", headers.hint(column, found))
            complete = False
    if not others_allowed:
        for column in found:
            if column not in columns and column not in optional_columns:
                allowed = ", ".join(columns)
                problems.add(table.name, f"column {shown(column)} is unknown", f"it may have {allowed}")
                complete = False
    if complete and table.rows == 0 and not may_be_empty:
        problems.add(table.name, "has no rows", "fill it")
        complete = False
    return table if complete else None


def _table(rows: Rows, problems: Problems, kept: Sequence[str]) -> Table:
    """Without the columns that are a frame's index, unless they are `kept` by name."""
    table = Table(rows.name, {}, rows.rows, problems, rows.lines, rows.decimals)
    for name, column in rows.columns.items():
        if name in rows.index and name not in kept:
            table.remarks.append(f"{rows.name}, column {name}: is left out, it {rows.index[name]}")
        elif isinstance(column, Unusable):
            table.unusable[name] = column.reason
        else:
            # A column that holds nothing has no type in Parquet; as text it is read like empty fields.
            given = column.cast(pa.string()) if pa.types.is_null(column.type) else column
            table.columns[name] = given.combine_chunks()
    return table


def _is_gap(text: pa.Array) -> pa.Array:
    """Marks of a missing value, where one may be missing."""
    marks = pc.is_in(pc.utf8_lower(text), value_set=pa.array(MARKS))
    return pc.or_(pc.is_in(text, value_set=pa.array(GAPS)), marks)


def _is_text(values: pa.Array) -> bool:
    return pa.types.is_string(values.type) or pa.types.is_large_string(values.type)


def _day_text(day: pa.Date32Scalar) -> str:
    """YYYY-MM-DD, of years that Python has no date for too."""
    return str(np.datetime64(day.value, "D"))
