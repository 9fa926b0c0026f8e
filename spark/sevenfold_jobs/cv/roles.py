"""What each column of a source is for, and which of its rows take part."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.columns import (
    MISSING,
    Categorical,
    as_numbers,
    categories_of,
    read_column,
)
from sevenfold_jobs.cv.dates import order_of
from sevenfold_jobs.cv.naming import known_name
from sevenfold_jobs.cv.outcomes import (
    ROLES,
    dates_of,
    event_of,
    holds_dates,
    numeric_role,
    odd_values,
    readable,
    target_of,
)
from sevenfold_jobs.cv.reading import about
from sevenfold_jobs.cv.request import Request

_TIME, _EVENT, _TARGET = ("survival_months", "time"), ("is_terminated", "event"), ("target",)
_ID, _DATE = ("account_entities_key", "id"), ("date", "timestamp")

#: A text column with more levels is a name, not a category.
MOST_LEVELS = 100
# With more levels than that, a column of numbers in which so many are none is one of names.
_MOST_ODD = 0.2
# Strata that are not asked for: a baseline each, so few of them.
_MOST_STRATA, _EVENTS_A_STRATUM = 40, 10


@dataclass
class Table:
    """The rows that take part, in their order; `rows` are their numbers in the file, from 0.

    Survival has `time` (float64) and `event` (bool); classification has `target` as codes (int64) into
    `classes`; regression has `target` in its own unit (float64). `folds` (int64) where they are given; of a
    time series `dates` (int64): places of the rows' dates, ascending. `together` (int64): rows of one number
    stay on one side wherever rows are parted.
    """

    rows: np.ndarray
    numbers: dict[str, np.ndarray]
    categories: dict[str, Categorical]
    strata: list[str]
    file_rows: int
    id_name: str | None = None
    ids: pa.Array | None = None
    time: np.ndarray | None = None
    event: np.ndarray | None = None
    target: np.ndarray | None = None
    classes: list[str] = field(default_factory=list)
    folds: np.ndarray | None = None
    dates: np.ndarray | None = None
    together: np.ndarray | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def features(self) -> list[str]:
        """Numeric ones first."""
        return [*self.numbers, *self.categories]

    def described_features(self) -> list[dict[str, Any]]:
        """`[{name, kind, levels?, missing}]`, missing counting rows."""
        described: list[dict[str, Any]] = [
            {"name": name, "kind": "numeric", "missing": int(np.isnan(values).sum())}
            for name, values in self.numbers.items()
        ]
        for name, column in self.categories.items():
            present = len(np.unique(column.codes[column.codes >= 0]))
            missing = int((column.codes < 0).sum())
            described.append({"name": name, "kind": "categorical", "levels": present, "missing": missing})
        return described


def read_roles(table: pa.Table, request: Request) -> Table:
    """The columns in their roles and the rows that are usable.

    Raises InvalidInput for an unknown column, an event that is not 0/1, a target that is none, and columns
    that were asked for and cannot be features. Columns that nobody asked for and cannot be are left out.
    """
    roles = roles_of(table, request)
    keep = np.ones(table.num_rows, bool)
    dropped: dict[str, int] = {}

    def drop(reason: str, rows: np.ndarray) -> None:
        count = int((keep & rows).sum())
        if count:
            dropped[reason] = count
        keep[rows] = False

    found = Table(np.empty(0, np.int64), {}, {}, [], table.num_rows, dropped=dropped)
    if request.task == "survival":
        time = numeric_role(table, roles["time"], "time")
        event = event_of(table, roles["event"])
        drop("no time", np.isnan(time))
        drop("no event", np.isnan(event))
        drop("time <= 0", time <= 0)
    else:
        target, classes = target_of(table, roles["target"], request.task)
        drop("no target", np.isnan(target))
        found.classes = classes
    if roles["fold"] is not None:
        folds = numeric_role(table, roles["fold"], "fold")
        drop("no fold", np.isnan(folds))
    dates = None
    if roles["date"] is not None and request.splitter == "timeSeries":
        dates = order_of(pa.chunked_array([dates_of(table, roles["date"])]), roles["date"])
        drop("no date", dates < 0)
    _refuse_nothing(request, keep, dropped)
    _features(table, request, roles, keep, found)
    if request.complete_rows:
        gaps = np.zeros(table.num_rows, bool)
        for values in found.numbers.values():
            gaps |= np.isnan(values)
        for column in found.categories.values():
            gaps |= column.codes < 0
        drop("incomplete", gaps)
        _refuse_nothing(request, keep, dropped)

    rows = np.flatnonzero(keep)
    if dates is not None:
        rows = _in_order(rows, dates, roles["date"], found)
        found.dates = dates[rows]
    found.rows = rows
    # One column after the other: of a wide file two copies would be too many.
    for name in found.numbers:
        found.numbers[name] = found.numbers[name][rows]
    for name in found.categories:
        found.categories[name] = found.categories[name].take(rows)
    if request.task == "survival":
        found.time, found.event = time[rows], event[rows] == 1
        found.strata = _strata(request, found)
    else:
        found.target = target[rows]
        if request.task == "classification":
            # Classes that only dropped rows had are none.
            present, codes = np.unique(target[rows].astype(np.int64), return_inverse=True)
            found.target, found.classes = codes.reshape(-1), [classes[code] for code in present]
            if len(present) < 2:
                raise InvalidInput(
                    f"{request.name} has rows of class {shown(found.classes[0])} only: nothing to tell apart."
                )
    if roles["fold"] is not None:
        found.folds = folds[rows]
    if roles["id"] is not None:
        found.id_name = roles["id"]
        # As they stand: 000001, 2E2 and twenty digits are names.
        found.ids = readable(table, roles["id"], "id").combine_chunks().take(pa.array(rows))
    return found


def _refuse_nothing(request: Request, keep: np.ndarray, dropped: dict[str, int]) -> None:
    if not keep.any():
        counted = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
        raise InvalidInput(f"{request.name}: no row is left of {len(keep):,} ({counted}).")


def roles_of(table: pa.Table, request: Request) -> dict[str, str | None]:
    """Column by role, None for a role that none has. InvalidInput for a named one that is not there."""
    names = table.column_names

    def find(what: str, given: str | None, defaults: tuple[str, ...], needed: bool) -> str | None:
        if given is not None:
            return known_name("Column", given, names)
        found = next((name for name in defaults if name in names), None)
        if found is None and needed:
            raise InvalidInput(
                f"{request.name} has no column {' or '.join(map(shown, defaults))}: "
                f"say which one is the {what}."
            )
        return found

    survival = request.task == "survival"
    roles = {
        "time": find("time", request.time, _TIME, True) if survival else None,
        "event": find("event", request.event, _EVENT, True) if survival else None,
        "target": None if survival else find("target", request.target, _TARGET, True),
        "id": find("id", request.id, _ID, False),
        "date": find("date", request.date, _DATE, False),
        "fold": find("fold", request.fold_column, (), False) if request.splitter == "given" else None,
    }
    # A column called date that holds none is a feature like others.
    if request.date is None and roles["date"] is not None and not holds_dates(table, roles["date"]):
        roles["date"] = None
    for name in [*request.exclude, *(request.features or []), *(request.categorical or [])]:
        known_name("Column", name, names)
    for name in request.strata or []:
        known_name("Column", name, names)
    return roles


def _features(
    table: pa.Table, request: Request, roles: dict[str, str | None], keep: np.ndarray, found: Table
) -> None:
    """Fills numbers, categories, left_out and warnings of `found`; columns still have all rows."""
    role_of = {name: ROLES[role] for role, name in roles.items() if name is not None}
    asked = list(dict.fromkeys([*(request.features or []), *(request.categorical or [])]))
    for name in asked:
        if name in role_of and name not in request.exclude:
            raise InvalidInput(f"Column {shown(name)} {role_of[name]} and cannot be a feature.")
    names = asked if request.features else table.column_names
    excluded = set(request.exclude)
    index = {name: why for name, why in about(table).index.items() if name not in asked}
    names = [name for name in names if name not in index]
    for name in table.column_names:
        if name in role_of:
            found.left_out.append({"name": name, "reason": role_of[name]})
        elif name in excluded:
            found.left_out.append({"name": name, "reason": "excluded"})
        elif name in index:
            _leave_out(found, name, index[name])
        elif name not in names:
            found.left_out.append({"name": name, "reason": "not asked for"})
    numbers, categories = {}, {}
    for name in dict.fromkeys(names):
        if name in role_of or name in excluded:
            continue
        kind, column, fault = _as_feature(table, name, request, keep, found.warnings)
        if fault is not None:
            if name in asked:
                raise InvalidInput(f"Column {shown(name)} was asked for as a feature and {fault}.")
            _leave_out(found, name, fault)
        elif kind == "numeric":
            numbers[name] = column
        else:
            categories[name] = column
    if not numbers and not categories:
        raise InvalidInput(f"{request.name} has no column left that can be a feature.")
    found.numbers, found.categories = numbers, categories


def _leave_out(found: Table, name: str, reason: str) -> None:
    """`reason` ends "it …"."""
    found.left_out.append({"name": name, "reason": reason})
    found.warnings.append(f"Column {name} is left out: it {reason}.")


def _as_feature(
    table: pa.Table, name: str, request: Request, keep: np.ndarray, warnings: list[str]
) -> tuple[str, Any, str | None]:
    """(kind, column, fault); a fault ends "the column …". InvalidInput for numbers some of which are none."""
    known = about(table)
    if name in known.unusable:
        return "numeric", None, known.unusable[name]
    reading = read_column(table[name], known.decimals)
    if reading.kind == "moment":
        return "numeric", None, "holds dates, neither numbers nor names"
    # Numbers kept as text are numbers in every kind of file, unless they are listed as categories.
    wanted = name in (request.categorical or [])
    if reading.kind in ("number", "flag") and not wanted:
        values = as_numbers(reading)
        infinite = np.isinf(values)
        if infinite.any():
            values[infinite] = np.nan
            warnings.append(
                f"Column {name} has {int(infinite.sum()):,} infinite values, which count as missing."
            )
        for mark, count in reading.marks.items():
            warnings.append(f"Column {name} has {shown(mark)} in {count:,} rows, which count as missing.")
        if reading.how is not None:
            warnings.append(f"Column {name} is read as numbers with {reading.how}.")
        return "numeric", values, _fault(values[keep & ~np.isnan(values)], int(keep.sum()))
    encoded = categories_of(table[name])
    codes = encoded.codes[keep]
    seen = codes[codes >= 0]
    fault = _fault(seen, len(codes))
    levels = len(np.unique(seen))
    odd = None if wanted else reading.odd
    if odd is not None and (levels <= MOST_LEVELS or odd.count <= _MOST_ODD * odd.of):
        raise InvalidInput(
            f"Column {shown(name)} of {request.name} looks like numbers, and {odd_values(odd, known)}: "
            "correct them, or list the column as categorical, or exclude it."
        )
    if fault is None and levels > MOST_LEVELS:
        fault = f"has {levels:,} levels, more than {MOST_LEVELS}"
        if odd is not None:
            fault += f" ({odd_values(odd, known)})"
    return "categorical", encoded, fault


def _fault(known: np.ndarray, rows: int) -> str | None:
    if len(known) == 0:
        return "has no value in any row that takes part"
    # One value and gaps: whether it is missing still tells rows apart.
    if len(known) == rows and (known == known[0]).all():
        return "is constant"
    return None


def _in_order(rows: np.ndarray, dates: np.ndarray, name: str, found: Table) -> np.ndarray:
    """The rows by date; rows of one date keep their order."""
    of_rows = dates[rows]
    if (np.diff(of_rows) >= 0).all():
        return rows
    found.warnings.append(f"The rows were not in order of {name} and were put in it.")
    return rows[np.argsort(of_rows, kind="stable")]


def _strata(request: Request, table: Table) -> list[str]:
    """The categorical columns that are strata: those asked for, else as many as give few strata."""
    if request.strata is not None:
        for name in request.strata:
            if name not in table.categories:
                known = ", ".join(table.categories) or "none"
                raise InvalidInput(
                    f"Stratum column {shown(name)} is no categorical feature of {request.name}: "
                    f"the categorical ones are {known}; list it as categorical."
                )
        return list(dict.fromkeys(request.strata))
    most = min(_MOST_STRATA, int(table.event.sum()) // _EVENTS_A_STRATUM)
    chosen: list[str] = []
    for name in table.categories:
        if len(strata_of(table, [*chosen, name])[1]) <= most:
            chosen.append(name)
    missed = [name for name in table.categories if name not in chosen]
    if missed:
        table.warnings.append(
            f"The strata are those of {' / '.join(chosen) or 'no column'}: with {', '.join(missed)} "
            f"there would be more than {most}."
        )
    return chosen


def strata_of(table: Table, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """Stratum of each row (n,) int32, and the strata's names ("a / b"), in the order of their levels."""
    if not names:
        return np.zeros(len(table.rows), np.int32), ["all"]
    combined = np.zeros(len(table.rows), np.int64)
    for name in names:
        column = table.categories[name]
        count = len(column.levels) + 1
        # A gap counts as the last level.
        combined = combined * count + np.where(column.codes < 0, count - 1, column.codes)
    present, codes = np.unique(combined, return_inverse=True)
    labels = []
    for each in present:
        parts = []
        for name in reversed(names):
            levels = table.categories[name].levels
            each, place = divmod(int(each), len(levels) + 1)
            parts.append(levels[place] if place < len(levels) else MISSING)
        labels.append(" / ".join(reversed(parts)))
    return codes.reshape(-1).astype(np.int32), labels
