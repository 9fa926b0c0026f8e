"""Columns as the numbers that a model is fitted on: learnt from training rows, kept as JSON, applied to any
others.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.cv.columns import MISSING, Categorical, plain_level
from sevenfold_jobs.training.columns import Columns

#: A category with more levels becomes how often its level was seen.
MOST_LEVELS = 100
#: Rarer levels share one column of a linear model.
FEWEST_OF_A_LEVEL = 10
RARE = "(rare)"
_SMALLEST_VARIANCE = 1e-12
_TENTHS = 10


@dataclass(frozen=True)
class Encoder:
    """`kind` is `native` (boosters and trees: gaps are NaN, categories are codes), `linear` (no gaps, one
    column a level, everything of one scale), or `clusters` (as linear, but gaps are medians and no more: rows
    would be grouped by what is missing).

    `inputs` are the features in order, each with what was learnt of it:
    `{name, type: number, median?, mean?, deviation?, indicator?: {mean, deviation} | null}`,
    `{name, type: levels, levels: [...], rare: [...]}` or `{name, type: counts, counts: {level: rows}, mean?,
    deviation?}`.
    """

    kind: str
    inputs: list[dict[str, Any]]

    @classmethod
    def fit(
        cls,
        columns: Columns,
        rows: np.ndarray,
        kind: str,
        target: np.ndarray | None = None,
        task: str | None = None,
        max_features: int | None = None,
    ) -> "Encoder":
        """From the training rows alone; of more than `max_features` columns the strongest (`strength`)."""
        chosen = None
        if max_features is not None:
            assert target is not None
            chosen = strongest(columns, rows, target, task == "classification", max_features)
        inputs = []
        for name, values in columns.numbers.items():
            if chosen is None or name in chosen:
                inputs.append({"name": name, "type": "number", **_of_numbers(values[rows], kind)})
        for name, column in columns.categories.items():
            if chosen is None or name in chosen:
                inputs.append({"name": name, **_of_categories(column, rows, kind)})
        return cls(kind, [each for each in inputs if not each.pop("flat", False)])

    def transform(self, columns: Columns, rows: np.ndarray | None = None) -> np.ndarray:
        """(rows, columns) float64 in C order; of `linear` without gaps."""
        count = columns.rows if rows is None else len(rows)
        encoded = np.zeros((count, len(self.features)))
        place = 0
        for each in self.inputs:
            width = len(self._parts(each))
            if each["type"] == "number":
                values = columns.numbers[each["name"]]
                self._numbers(each, values if rows is None else values[rows], encoded, place)
            else:
                column = columns.categories[each["name"]]
                codes = column.codes if rows is None else column.codes[rows]
                self._categories(each, codes, column.levels, encoded, place)
            place += width
        return encoded

    @property
    def features(self) -> list[dict[str, str]]:
        """What each column of `transform` is: `{name, of}`, `of` being the feature's name."""
        return [{"name": part, "of": each["name"]} for each in self.inputs for part in self._parts(each)]

    @property
    def categorical(self) -> list[int]:
        """Columns of `transform` that hold codes."""
        if self.kind != "native":
            return []
        return [place for place, each in enumerate(self.inputs) if each["type"] == "levels"]

    def unseen(self, columns: Columns) -> dict[str, int]:
        """Rows by feature whose level training had not seen."""
        found = {}
        for each in self.inputs:
            if each["type"] == "number":
                continue
            column = columns.categories[each["name"]]
            known = {*each.get("levels", ()), *each.get("rare", ()), *each.get("counts", ())}
            strange = [level not in known and plain_level(level) not in known for level in column.levels]
            strange = np.array([*strange, False])
            count = int(strange[column.codes].sum())
            if count:
                found[each["name"]] = count
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain values; `from_json` is its inverse."""
        return {"kind": self.kind, "inputs": self.inputs}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Encoder":
        """From what `as_json` gave."""
        return cls(given["kind"], given["inputs"])

    def _parts(self, each: dict[str, Any]) -> list[str]:
        name = each["name"]
        if self.kind == "native":
            return [name]
        if each["type"] == "number":
            return [name] if each["indicator"] is None else [name, f"{name} is missing"]
        if each["type"] == "counts":
            return [f"{name}, how often"]
        return [f"{name} = {level}" for level in [*each["levels"], *([RARE] if each["rare"] else [])]]

    def _numbers(self, each: dict[str, Any], values: np.ndarray, encoded: np.ndarray, place: int) -> None:
        if self.kind == "native":
            encoded[:, place] = values
            return
        gaps = np.isnan(values)
        encoded[:, place] = (np.where(gaps, each["median"], values) - each["mean"]) / each["deviation"]
        if each["indicator"] is not None:
            scale = each["indicator"]
            encoded[:, place + 1] = (gaps - scale["mean"]) / scale["deviation"]

    def _categories(
        self, each: dict[str, Any], codes: np.ndarray, levels: list[str], encoded: np.ndarray, place: int
    ) -> None:
        # A code of -1, a gap, finds the last entry.
        named = [*levels, MISSING]
        if each["type"] == "counts":
            counts = np.array([float(known_as(each["counts"], level, 0)) for level in named])
            if self.kind == "native":
                counts[-1] = np.nan
                encoded[:, place] = counts[codes]
            else:
                encoded[:, place] = (np.log1p(counts[codes]) - each["mean"]) / each["deviation"]
            return
        number = {level: code for code, level in enumerate(each["levels"])}
        if self.kind == "native":
            places = np.array([float(known_as(number, level, np.nan)) for level in named])
            places[-1] = np.nan
            encoded[:, place] = places[codes]
            return
        rare = len(each["levels"])
        number |= dict.fromkeys(each["rare"], rare)
        places = np.array([known_as(number, level, -1) for level in named])[codes]
        there = np.flatnonzero(places >= 0)
        encoded[there, place + places[there]] = 1.0


def known_as(by_level: dict[str, Any], level: str, other: Any) -> Any:
    """What stands under a level of a later file: under its text, else under that text as a number or flag."""
    return by_level[level] if level in by_level else by_level.get(plain_level(level), other)


def _of_numbers(values: np.ndarray, kind: str) -> dict[str, Any]:
    gaps = np.isnan(values)
    known = values[~gaps]
    if kind == "native":
        return {"flat": len(known) == 0 or (len(known) == len(values) and bool((known == known[0]).all()))}
    median = float(np.median(known)) if len(known) else 0.0
    filled = np.where(gaps, median, values)
    said = kind == "linear" and gaps.any() and not gaps.all()
    indicator = _scale(gaps.astype(np.float64)) if said else None
    flat = filled.var() <= _SMALLEST_VARIANCE * max(1.0, filled.mean() ** 2) and indicator is None
    return {"median": median, **_scale(filled), "indicator": indicator, "flat": bool(flat)}


def _of_categories(column: Categorical, rows: np.ndarray, kind: str) -> dict[str, Any]:
    codes = column.codes[rows]
    counts = np.bincount(codes[codes >= 0], minlength=len(column.levels))
    seen = [(level, int(count)) for level, count in zip(column.levels, counts, strict=True) if count]
    gaps = int((codes < 0).sum())
    flat = len(seen) + (gaps > 0) < 2
    if len(seen) > MOST_LEVELS:
        learnt: dict[str, Any] = {"type": "counts", "counts": dict(seen)}
        if kind != "native":
            of_rows = np.log1p(np.append(counts, 0).astype(np.float64))[codes]
            learnt |= _scale(of_rows)
        return {**learnt, "flat": flat}
    if kind == "native":
        return {"type": "levels", "levels": [level for level, _ in seen], "flat": flat}
    if gaps:
        seen.append((MISSING, gaps))
    common = [level for level, count in seen if count >= FEWEST_OF_A_LEVEL]
    rare = [level for level, count in seen if count < FEWEST_OF_A_LEVEL]
    if not common:
        common, rare = [level for level, _ in seen], []
    return {"type": "levels", "levels": common, "rare": rare, "flat": flat}


def strongest(
    columns: Columns, rows: np.ndarray, target: np.ndarray, of_classes: bool, most: int
) -> set[str]:
    """Names of the features that tell most by themselves, each cut into at most ten parts of equal size.

    Of a number the share of its variance that the parts' means explain, less what parts would explain by
    chance; of classes the mean of that over the classes. Only the given rows are looked at: chosen on all of
    them, fifty of two thousand columns of noise reach an AUC of 0.85.
    """
    y = target[rows]
    outcomes = (
        [(y == each).astype(np.float64) for each in np.unique(y)] if of_classes else [y.astype(np.float64)]
    )
    scores = []
    for place, name in enumerate([*columns.numbers, *columns.categories]):
        if name in columns.numbers:
            parts = _tenths(columns.numbers[name][rows])
        else:
            parts = columns.categories[name].codes[rows] + 1
        scores.append((-explained(parts, outcomes), place, name))
    return {name for _, _, name in sorted(scores)[:most]}


def _tenths(values: np.ndarray) -> np.ndarray:
    """Number of the part; gaps are one of their own."""
    gaps = np.isnan(values)
    if gaps.all():
        return np.zeros(len(values), np.int64)
    edges = np.unique(np.quantile(values[~gaps], np.arange(1, _TENTHS) / _TENTHS))
    parts = np.searchsorted(edges, values, side="right") + 1
    parts[gaps] = 0
    return parts


def explained(parts: np.ndarray, outcomes: list[np.ndarray]) -> float:
    """The share of an outcome's variance that the means of parts explain, less what they would by chance.

    Of several outcomes the mean.
    """
    counts = np.bincount(parts)
    there = counts > 0
    groups, rows = int(there.sum()), len(parts)
    found = []
    for outcome in outcomes:
        spread = float(((outcome - outcome.mean()) ** 2).sum())
        means = np.bincount(parts, weights=outcome)[there] / counts[there]
        between = float((counts[there] * (means - outcome.mean()) ** 2).sum())
        found.append(0.0 if spread == 0 else between / spread - (groups - 1) / max(rows - 1, 1))
    return float(np.mean(found))


def _scale(values: np.ndarray) -> dict[str, float]:
    """Mean and deviation; a column that does not vary keeps its unit."""
    mean, deviation = float(values.mean()), float(values.std())
    return {"mean": mean, "deviation": deviation if deviation > 1e-12 * abs(mean) else 1.0}
