"""A verdict for every column of a file, and what the target makes of the task."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.door.values import Reading
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.columns import as_numbers, categories_of, read_column
from sevenfold_jobs.cv.dates import order_of
from sevenfold_jobs.cv.leaks import leak_warnings
from sevenfold_jobs.cv.naming import known_name
from sevenfold_jobs.cv.outcomes import dates_of, odd_values, readable, target_of
from sevenfold_jobs.cv.reading import about
from sevenfold_jobs.cv.roles import Table
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.features import DATE_PARTS, Feature, date_part, finite, lenient_numbers

#: Whole numbers with more values than that are a quantity, not classes.
MOST_NUMBERED_CLASSES = 20
FEWEST_ROWS = 20
#: A row to test on, and some to learn from in every fold.
FEWEST_OF_A_CLASS = 5
#: Of a text in which more of the rows have a value of their own nothing can be learnt by its levels.
_MOST_DISTINCT = 0.5
# Fewer rows than that may all differ by chance.
_FEWEST_FOR_IDS = 20
_CONSPICUOUS_GAPS = 0.7


@dataclass
class Profile:
    """What became of a file. `rows` are those that take part, as numbers in the file from 0; arrays are of
    those.
    """

    task: str
    task_reason: str
    rows: np.ndarray
    features: list[Feature]
    columns: Columns
    target: np.ndarray | None
    classes: list[str]
    verdicts: list[dict[str, Any]]
    ids: pa.Array | None = None
    dates: np.ndarray | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def profile(table: pa.Table, name: str, settings: dict[str, Any]) -> Profile:
    """Columns in their roles, features with their kinds, the rows that have a target.

    `settings` is `{task, target, features, exclude, id, date, types, positive}`. Raises InvalidInput for an
    unknown column, a target that is none for its task, too few rows, and a column of numbers some of which
    are none.
    """
    known = table.column_names
    for role in ("target", "id", "date"):
        if settings[role] is not None:
            known_name("Column", settings[role], known)
    for listed in (*(settings["features"] or []), *settings["exclude"], *settings["types"]):
        known_name("Column", listed, known)
    warnings: list[str] = []
    keep = np.ones(table.num_rows, bool)
    dropped: dict[str, int] = {}
    target, classes, task, task_reason = _target(table, settings)
    if target is not None:
        _drop(keep, dropped, "no target", np.isnan(target))
    dates = None
    if settings["date"] is not None:
        dates = order_of(pa.chunked_array([dates_of(table, settings["date"])]), settings["date"])
        _drop(keep, dropped, "no date", dates < 0)
    rows = np.flatnonzero(keep)
    if len(rows) < FEWEST_ROWS:
        why = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
        raise InvalidInput(
            f"{name} has {len(rows):,} rows that can be used{f' ({why})' if why else ''}: at least "
            f"{FEWEST_ROWS} "
            "are needed."
        )
    found = Profile(
        task,
        task_reason,
        rows,
        [],
        Columns(len(rows), {}, {}),
        None,
        [],
        [],
        dropped=dropped,
        warnings=warnings,
    )
    _features(table, name, settings, rows, found)
    if target is not None:
        _take_target(found, target[rows], classes, settings)
        found.warnings += _leaks(found)
    if dates is not None:
        found.dates = dates[rows]
    if settings["id"] is not None:
        found.ids = readable(table, settings["id"], "id").combine_chunks().take(pa.array(rows))
    return found


def _drop(keep: np.ndarray, dropped: dict[str, int], reason: str, rows: np.ndarray) -> None:
    count = int((keep & rows).sum())
    if count:
        dropped[reason] = count
    keep[rows] = False


def _target(table: pa.Table, settings: dict[str, Any]) -> tuple[np.ndarray | None, list[str], str, str]:
    """(values or codes with NaN for none, classes, task, why this task)."""
    task, name = settings["task"], settings["target"]
    if task == "clustering":
        return None, [], task, "no target is named"
    reason = "asked for"
    if task == "auto":
        task, reason = task_of(read_column(readable(table, name, "target"), about(table).decimals), name)
    values, classes = target_of(table, name, task)
    return values, classes, task, reason


def task_of(reading: Reading, name: str) -> tuple[str, str]:
    """(task, the rule that decided), by the values of a target: text, flags and few whole numbers are
    classes.
    """
    if reading.kind == "flag" or reading.kind == "text":
        return "classification", f"{name} holds {'true and false' if reading.kind == 'flag' else 'names'}"
    if reading.kind == "moment":
        return "classification", f"{name} holds dates"
    values = as_numbers(reading)
    distinct = np.unique(values[~np.isnan(values)])
    whole = bool((distinct == np.round(distinct)).all())
    if len(distinct) <= 2 or (whole and len(distinct) <= MOST_NUMBERED_CLASSES):
        return (
            "classification",
            f"{name} holds {len(distinct)} distinct {'whole ' if whole else ''}numbers, which count as "
            f"classes "
            f"(at most {MOST_NUMBERED_CLASSES} do; for a quantity ask for task regression)",
        )
    return "regression", f"{name} holds {len(distinct):,} distinct numbers"


def _take_target(found: Profile, target: np.ndarray, classes: list[str], settings: dict[str, Any]) -> None:
    if found.task == "regression":
        found.target = target
        if (target == target[0]).all():
            raise InvalidInput(
                f"Column {shown(settings['target'])} is the target and is {target[0]:g} in every row."
            )
        return
    present, codes = np.unique(target.astype(np.int64), return_inverse=True)
    names = [classes[code] for code in present]
    codes = codes.reshape(-1)
    if len(names) < 2:
        raise InvalidInput(
            f"Column {shown(settings['target'])} is the target and holds {shown(names[0])} only: "
            "there is nothing to tell apart."
        )
    counts = np.bincount(codes)
    few = [
        f"{shown(name)} ({count})"
        for name, count in zip(names, counts, strict=True)
        if count < FEWEST_OF_A_CLASS
    ]
    if few:
        raise InvalidInput(
            f"Class {', '.join(few[:5])} of {shown(settings['target'])} has too few rows: every class needs "
            f"{FEWEST_OF_A_CLASS}. Leave those rows out, or merge the class with another."
        )
    positive = settings["positive"]
    if positive is not None:
        if len(names) != 2:
            raise InvalidInput(
                f"positive is for two classes, and {shown(settings['target'])} has {len(names)}."
            )
        known_name("Class", positive, names)
        if names[0] == positive:
            names, codes = names[::-1], 1 - codes
    found.target, found.classes = codes, names


def _features(table: pa.Table, name: str, settings: dict[str, Any], rows: np.ndarray, found: Profile) -> None:
    roles = {settings[role]: role for role in ("target", "id", "date") if settings[role] is not None}
    excluded, asked = set(settings["exclude"]), settings["features"]
    index = about(table).index
    numbers: dict[str, np.ndarray] = {}
    categories: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for column in table.column_names:
        verdict: dict[str, Any] = {"name": column, "kind": None, "verdict": "left out", "reason": None}
        found.verdicts.append(verdict)
        if column in roles:
            verdict |= {"verdict": roles[column]}
        elif column in excluded:
            verdict |= {"reason": "excluded"}
        elif asked is not None and column not in asked:
            verdict |= {"reason": "not asked for"}
        elif column in index and asked is None:
            verdict |= {"reason": index[column]}
        else:
            made, fault = _read(table, column, name, settings["types"].get(column), rows, found, verdict)
            wanted = asked is not None or column in settings["types"]
            if fault is None:
                key = _content(made)
                if key in seen and not wanted:
                    fault = f"is a copy of {seen[key]}"
                seen.setdefault(key, column)
            if fault is not None and not (wanted and fault in _IGNORABLE):
                verdict["reason"] = fault
                found.warnings.append(f"Column {column} is left out: it {fault}.")
                continue
            verdict["verdict"] = "used"
            for feature, values in made:
                while feature.name in numbers or feature.name in categories:
                    feature = Feature(
                        f"{feature.name}'", feature.source, feature.kind, feature.part, feature.lenient
                    )
                found.features.append(feature)
                (categories if feature.kind == "category" else numbers)[feature.name] = values
    if not found.features:
        raise InvalidInput(f"{name} has no column left that can be a feature.")
    found.columns = Columns(len(rows), numbers, categories)


_NUMBERED = "numbers the rows"
_NAMES_ROWS = "has another value in every row, as names have"
#: Who asks for such a column by name gets it.
_IGNORABLE = (_NUMBERED, _NAMES_ROWS)


def _read(
    table: pa.Table,
    column: str,
    name: str,
    wanted: str | None,
    rows: np.ndarray,
    found: Profile,
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
        raise InvalidInput(f"Column {shown(column)} of {name} shall be a date and holds none.")
    if wanted == "number" or (wanted is None and reading.kind in ("number", "flag")):
        return _numeric(table, reading, column, wanted, rows, found, verdict)
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
    if len(there) == 0:
        return made, "has no value in any row that takes part"
    if levels == 1 and len(there) == len(rows):
        return made, "is constant"
    if len(there) >= _FEWEST_FOR_IDS and levels == len(there):
        return made, _NAMES_ROWS
    if len(there) >= _FEWEST_FOR_IDS and levels > _MOST_DISTINCT * len(there):
        return made, f"has {levels:,} different texts in {len(there):,} rows"
    _remark_gaps(found, column, verdict["gaps"], len(rows))
    return made, None


def _numeric(
    table: pa.Table,
    reading: Reading,
    column: str,
    wanted: str | None,
    rows: np.ndarray,
    found: Profile,
    verdict: dict[str, Any],
) -> tuple[list[tuple[Feature, Any]], str | None]:
    lenient = wanted == "number"
    every = lenient_numbers(reading, table[column]) if lenient else as_numbers(reading)
    infinite = int(np.isinf(every[rows]).sum())
    if infinite:
        found.warnings.append(f"Column {column} has {infinite:,} infinite values, which count as missing.")
    for mark, count in reading.marks.items():
        found.warnings.append(f"Column {column} has {shown(mark)} in {count:,} rows, which count as missing.")
    if reading.how is not None:
        found.warnings.append(f"Column {column} is read as numbers with {reading.how}.")
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
    _remark_gaps(found, column, verdict["gaps"], len(rows))
    return made, None


def _dates(
    reading: Reading, column: str, rows: np.ndarray, verdict: dict[str, Any]
) -> tuple[list[tuple[Feature, Any]], str | None]:
    made = []
    for part in DATE_PARTS:
        values = date_part(reading, part)[rows]
        there = values[~np.isnan(values)]
        if part == "hour" and (len(there) == 0 or (there == there[0]).all()):
            continue
        made.append((Feature(f"{column} ({part})", column, "number", part), values))
    gaps = int(np.isnan(made[0][1]).sum())
    verdict |= {"kind": "date", "gaps": gaps, "levels": None}
    if gaps == len(rows):
        return made, "has no value in any row that takes part"
    days = made[0][1]
    return made, "is constant" if gaps == 0 and (days == days[0]).all() else None


def _remark_gaps(found: Profile, column: str, gaps: int, rows: int) -> None:
    if gaps > _CONSPICUOUS_GAPS * rows:
        found.warnings.append(f"Column {column} is empty in {gaps:,} of {rows:,} rows.")


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


def _leaks(found: Profile) -> list[str]:
    table = Table(found.rows, found.columns.numbers, found.columns.categories, [], len(found.rows))
    table.target, table.classes = found.target, found.classes
    return leak_warnings(table)
