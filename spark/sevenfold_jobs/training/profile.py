"""A verdict for every column of a file, and what the target makes of the task."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.door.values import Reading
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.columns import as_numbers, read_column
from sevenfold_jobs.cv.dates import order_of
from sevenfold_jobs.cv.leaks import leak_warnings
from sevenfold_jobs.cv.naming import known_name
from sevenfold_jobs.cv.outcomes import dates_of, readable, target_of
from sevenfold_jobs.cv.reading import about
from sevenfold_jobs.cv.roles import Table
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.distributed.hashing import content_hashes
from sevenfold_jobs.training.features import Feature
from sevenfold_jobs.training.looks import IGNORABLE, Look, look_at

#: Whole numbers with more values than that are a quantity, not classes.
MOST_NUMBERED_CLASSES = 20
FEWEST_ROWS = 20
# Where columns hold few values some rows are alike by chance.
_CONSPICUOUS_COPIES = 0.1
#: A row to test on, and some to learn from in every fold.
FEWEST_OF_A_CLASS = 5


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


#: (columns of the file that may be features, rows that take part) -> each column's look, in their order.
Looks = Callable[[list[str], np.ndarray], Iterable[Look]]


def profile(table: pa.Table, name: str, settings: dict[str, Any]) -> Profile:
    """Columns in their roles, features with their kinds, the rows that have a target.

    `settings` is `{task, target, features, exclude, id, date, types, positive}`. Raises InvalidInput for an
    unknown column, a target that is none for its task, too few rows, and a column of numbers some of which
    are none.
    """

    def looks(columns: list[str], rows: np.ndarray) -> Iterable[Look]:
        return (look_at(table, column, name, settings, rows) for column in columns)

    found = profile_by(table, table.column_names, name, settings, looks)
    if found.target is not None:
        found.warnings += _copies(found.columns, found.target)
    return found


def _copies(columns: Columns, target: np.ndarray) -> list[str]:
    """A sentence on rows that are others again, target and all: the test would know them from training."""
    together = columns.numbers | {"the target": np.asarray(target, np.float64)}
    hashes = content_hashes(Columns(columns.rows, together, columns.categories))
    copies = columns.rows - len(np.unique(hashes))
    if copies < _CONSPICUOUS_COPIES * columns.rows:
        return []
    return [
        f"{copies:,} of {columns.rows:,} rows are another row again, in every column used: where they "
        "are copies of one case, drop them, for rows that train and test at once flatter every figure."
    ]


def profile_by(
    table: pa.Table, known: list[str], name: str, settings: dict[str, Any], looks: Looks
) -> Profile:
    """As `profile`; of the columns that are `known` only those with a role have to be in `table`."""
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
    _features(known, name, settings, looks, found)
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


def _features(known: list[str], name: str, settings: dict[str, Any], looks: Looks, found: Profile) -> None:
    roles = {settings[role]: role for role in ("target", "id", "date") if settings[role] is not None}
    excluded, asked = set(settings["exclude"]), settings["features"]
    eligible = [each for each in known if each not in roles and each not in excluded]
    eligible = eligible if asked is None else [each for each in eligible if each in asked]
    looked = iter(looks(eligible, found.rows))
    numbers: dict[str, np.ndarray] = {}
    categories: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for column in known:
        verdict: dict[str, Any] = {"name": column, "kind": None, "verdict": "left out", "reason": None}
        found.verdicts.append(verdict)
        if column in roles:
            verdict |= {"verdict": roles[column]}
        elif column in excluded:
            verdict |= {"reason": "excluded"}
        elif asked is not None and column not in asked:
            verdict |= {"reason": "not asked for"}
        else:
            look = next(looked)
            if look.index is not None and asked is None:
                verdict |= {"reason": look.index}
                continue
            verdict |= look.verdict
            found.warnings += look.warnings
            if look.error is not None:
                raise InvalidInput(look.error)
            fault = look.fault
            wanted = asked is not None or column in settings["types"]
            if look.key is not None:
                if look.key in seen and not wanted:
                    fault = f"is a copy of {seen[look.key]}"
                seen.setdefault(look.key, column)
            if fault is not None and not (wanted and fault in IGNORABLE):
                verdict["reason"] = fault
                found.warnings.append(f"Column {column} is left out: it {fault}.")
                continue
            verdict["verdict"] = "used"
            for feature, values in look.made:
                while feature.name in numbers or feature.name in categories:
                    feature = replace(feature, name=f"{feature.name}'")
                found.features.append(feature)
                (categories if feature.kind == "category" else numbers)[feature.name] = values
    if not found.features:
        raise InvalidInput(f"{name} has no column left that can be a feature.")
    found.columns = Columns(len(found.rows), numbers, categories)


def _leaks(found: Profile) -> list[str]:
    table = Table(found.rows, found.columns.numbers, found.columns.categories, [], len(found.rows))
    table.target, table.classes = found.target, found.classes
    return leak_warnings(table)
