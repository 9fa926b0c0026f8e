"""How columns of a file become features: decided once, by what training saw, and the same for every later
file.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.door.values import MARKS, Reading
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.columns import Categorical, as_numbers, categories_of, read_column
from sevenfold_jobs.cv.outcomes import odd_values
from sevenfold_jobs.cv.reading import about
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.written_dates import written_dates

#: Parts of a moment that are features, in their order; `hour` only where the hours differ.
DATE_PARTS = ("days", "month", "weekday", "hour")


@dataclass(frozen=True)
class Feature:
    """`kind` is number or category; `source` the column it is read from; `part` one of DATE_PARTS, of
    dates.
    """

    name: str
    source: str
    kind: str
    part: str | None = None
    #: `number` of a column some of whose values are none: they count as gaps because somebody said so.
    lenient: bool = False
    #: Whether the day stands before the month in dates as people write them; None for ISO dates and types.
    day_first: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """What a model stores; `from_json` is its inverse."""
        return {
            "name": self.name,
            "from": self.source,
            "kind": self.kind,
            "part": self.part,
            "lenient": self.lenient,
            **({} if self.day_first is None else {"dayFirst": self.day_first}),
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Feature":
        """From what `as_json` gave."""
        names = ("name", "from", "kind", "part", "lenient")
        return cls(*(given[name] for name in names), given.get("dayFirst"))


def read_features(table: pa.Table, features: list[Feature], name: str, threads: int = 1) -> Columns:
    """The features of a later file, by the names and kinds that training had; columns that it had not are
    left.

    Raises InvalidInput for a column that is missing, all of them named, or that holds something else.
    """
    missing = sorted({feature.source for feature in features} - set(table.column_names))
    if missing:
        named = ", ".join(map(shown, missing[:5])) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        raise InvalidInput(f"{name} has no column {named}, which the model needs.")
    of_source: dict[str, list[Feature]] = {}
    for feature in features:
        of_source.setdefault(feature.source, []).append(feature)
    # Arrow leaves Python's lock while it works. The first column that is wrong is the one that is named.
    with ThreadPoolExecutor(threads) as pool:
        read = dict(
            each
            for found in pool.map(lambda mine: _read(table, mine, name), of_source.values())
            for each in found
        )
    numbers, categories = {}, {}
    for feature in features:
        values = read[feature.name]
        if isinstance(values, Categorical):
            categories[feature.name] = values
        else:
            numbers[feature.name] = values
    return Columns(table.num_rows, numbers, categories)


def _read(table: pa.Table, features: list[Feature], name: str) -> list[tuple[str, np.ndarray | Categorical]]:
    """The features of one column."""
    source, known = features[0].source, about(table)
    if source in known.unusable:
        raise InvalidInput(f"Column {shown(source)} of {name} {known.unusable[source]}.")
    if features[0].day_first is not None:
        moments, _ = written_dates(table, source, name, features[0].day_first)
        return [(feature.name, date_part(moments, feature.part)) for feature in features]
    found: list[tuple[str, np.ndarray | Categorical]] = []
    reading = None
    for feature in features:
        if feature.kind == "category":
            found.append((feature.name, categories_of(table[source], as_written=True)))
            continue
        reading = reading or read_column(table[source], known.decimals)
        if feature.part is not None:
            found.append((feature.name, _part(reading, feature, name)))
        else:
            found.append((feature.name, _numbers(table, reading, feature, name)))
    return found


def lenient_numbers(reading: Reading, column: pa.ChunkedArray) -> np.ndarray:
    """(rows,) float64; whatever is no number is a gap."""
    if reading.kind in ("number", "flag"):
        return finite(as_numbers(reading))
    from sevenfold_jobs.common.door.values import parse_numbers, trimmed

    parsed, _ = parse_numbers(trimmed(column.cast(pa.string())))
    return finite(np.array(parsed.to_numpy(), np.float64))


def finite(values: np.ndarray) -> np.ndarray:
    """Infinite values as gaps."""
    values[np.isinf(values)] = np.nan
    return values


def date_part(reading: Reading, part: str | None) -> np.ndarray:
    """(rows,) float64 of a column of moments: days since 1970-01-01 (fractions of a day of moments), month
    1..12, weekday 1 (Monday)..7, hour 0..23; NaN in gaps."""
    moments = reading.values.cast(pa.timestamp("us"))
    if part == "days":
        micros = np.array(moments.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy())
        return micros / 86_400e6
    of = {
        "month": pc.month,
        "weekday": lambda each: pc.day_of_week(each, count_from_zero=False),
        "hour": pc.hour,
    }
    assert part is not None
    return np.array(of[part](moments).cast(pa.float64()).to_numpy())


def _part(reading: Reading, feature: Feature, name: str) -> np.ndarray:
    if reading.values.null_count == len(reading.values):
        return np.full(len(reading.values), np.nan)
    if reading.kind != "moment":
        raise InvalidInput(
            f"Column {shown(feature.source)} of {name} holds {_what(reading)}, and the model was fitted "
            f"on dates."
        )
    return date_part(reading, feature.part)


def _numbers(table: pa.Table, reading: Reading, feature: Feature, name: str) -> np.ndarray:
    if reading.kind in ("number", "flag"):
        return finite(as_numbers(reading))
    if reading.values.null_count == len(reading.values):
        return np.full(len(reading.values), np.nan)
    if pc.all(pc.is_in(pc.utf8_lower(reading.values.drop_null()), value_set=pa.array(MARKS))).as_py():
        return np.full(len(reading.values), np.nan)
    if feature.lenient:
        return lenient_numbers(reading, table[feature.source])
    if reading.odd is not None:
        raise InvalidInput(
            f"Column {shown(feature.source)} of {name}: {odd_values(reading.odd, about(table))}; "
            "the model was fitted on numbers."
        )
    raise InvalidInput(
        f"Column {shown(feature.source)} of {name} holds {_what(reading)}, and the model was fitted on "
        f"numbers."
    )


def _what(reading: Reading) -> str:
    if reading.kind == "moment":
        return "dates"
    if reading.kind in ("number", "flag"):
        return "numbers"
    first = next((value for value in reading.values.to_pylist() if value is not None), "")
    return f"text such as {shown(first)}"
