"""A stored model and rows of a source as anybody has them: what the model says of each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.objects import read_object
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.cv.chain import Chain
from sevenfold_jobs.cv.columns import MISSING, Categorical, as_numbers, categories_of, read_column
from sevenfold_jobs.cv.outcomes import odd_values
from sevenfold_jobs.cv.reading import about

CHAIN = "chain.json"

# Points of the area under a survival curve.
_AREA_POINTS = 200
# Rows whose curves are held at once.
_ROWS_AT_ONCE = 20_000


def survival_columns(
    fitted: Any, X: np.ndarray, strata: np.ndarray | None, until: float, horizons: list[float]
) -> dict[str, np.ndarray]:
    """`expected_survival`, `expected_until` and `survival_prob_<h>`, each (n,), of encoded rows X (n, d).

    Expected survival is the area under S from 0 to `until`, the last training time, by the trapezoid rule
    on 200 points: months of survival within the time that training can speak of.
    """
    times = np.linspace(0.0, until, _AREA_POINTS)
    points = np.union1d(times, horizons)
    area, found = np.empty(len(X)), np.empty((len(X), len(horizons)))
    for rows in _slices(len(X)):
        curves = fitted.survival(X[rows], points, None if strata is None else strata[rows])
        area[rows] = np.trapezoid(curves[:, np.searchsorted(points, times)], times, axis=1)
        found[rows] = curves[:, np.searchsorted(points, horizons)]
    columns = {"expected_survival": area, "expected_until": np.full(len(X), until)}
    columns |= {f"survival_prob_{h:g}": found[:, place] for place, h in enumerate(horizons)}
    return columns


def boosting_columns(predicted: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """`prediction` of a number; of a class `prediction` and the probability of each, of two the second's."""
    if not classes:
        return {"prediction": predicted}
    if predicted.ndim == 1:
        chosen = (predicted > 0.5).astype(int)
        return {"prediction": [classes[code] for code in chosen], "probability": predicted}
    columns: dict[str, Any] = {"prediction": [classes[code] for code in predicted.argmax(axis=1)]}
    columns |= {f"probability_{name}": predicted[:, place] for place, name in enumerate(classes)}
    return columns


@dataclass(frozen=True)
class Scorer:
    """A model as `cv_refit` stored it; `about` is its chain.json."""

    about: dict[str, Any]
    parts: Mapping[str, bytes]

    def score(self, source: pa.Table) -> pa.Table:
        """One row a row of `source`, in its order: its id, where it has one, and the model's columns.

        Raises InvalidInput, naming it, for a column that the model needs and the source lacks.
        """
        model_of = self._survival if self.about["task"] == "survival" else self._boosting
        columns = model_of(source)
        name = self.about.get("id")
        ids = {name: source[name]} if name and name in source.column_names else {}
        return pa.table({**ids, **columns})

    def _survival(self, source: pa.Table) -> dict[str, Any]:
        from sevenfold_jobs.survival.models import load

        chain = Chain.from_json(self.about["chain"])
        numbers = {each["name"]: _numbers(source, each["name"]) for each in chain.numeric}
        categories = {each["name"]: _categories(source, each["name"]) for each in chain.categorical}
        module = load(self.about["model"])
        strata = self._strata(categories, source.num_rows) if module.needs_strata else None
        X = chain.transform(numbers, categories, np.arange(source.num_rows))
        fitted = module.from_parts(self.parts)
        return survival_columns(fitted, X, strata, self.about["until"], self.about["horizons"])

    def _strata(self, categories: dict[str, Categorical], rows: int) -> np.ndarray:
        """Codes as in training; -1 for a stratum that it had not."""
        code_of = {name: code for code, name in enumerate(self.about["strataNames"])}
        of = self.about["strataOf"]
        if not of:
            return np.zeros(rows, np.int32)
        texts = [[*categories[name].levels, MISSING] for name in of]
        codes = [categories[name].codes for name in of]
        names = (
            " / ".join(levels[code] for levels, code in zip(texts, row, strict=True))
            for row in zip(*codes, strict=True)
        )
        return np.fromiter((code_of.get(name, -1) for name in names), np.int32, rows)

    def _boosting(self, source: pa.Table) -> dict[str, Any]:
        from sevenfold_jobs.boosting import predictor

        levels: dict[str, list[str]] = self.about["levels"]
        X = np.empty((source.num_rows, len(self.about["columns"])))
        for place, name in enumerate(self.about["columns"]):
            if name not in levels:
                X[:, place] = _numbers(source, name)
                continue
            column = _categories(source, name)
            code_of = {level: code for code, level in enumerate(levels[name])}
            # A level that training has not seen counts as missing.
            codes = np.array([*(code_of.get(level, np.nan) for level in column.levels), np.nan])
            X[:, place] = codes[column.codes]
        predict = predictor(self.parts["model.txt"].decode())
        return boosting_columns(predict(X), self.about["classes"])


def load_scorer(address: str) -> Scorer:
    """From the folder (or gs:// prefix) of a stored model. FileNotFoundError where there is none."""
    about = json.loads(read_object(f"{address}/{CHAIN}"))
    return Scorer(about, {name: read_object(f"{address}/{name}") for name in about["parts"]})


def _column(source: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in source.column_names:
        raise InvalidInput(f"The model needs column {shown(name)}, which the rows lack.")
    return source[name]


def _numbers(source: pa.Table, name: str) -> np.ndarray:
    known = about(source)
    reading = read_column(_column(source, name), known.decimals)
    if reading.odd is not None:
        raise InvalidInput(
            f"The model needs numbers in column {shown(name)}, and {odd_values(reading.odd, known)}: "
            "correct them."
        )
    if reading.kind not in ("number", "flag") and reading.values.null_count < source.num_rows:
        raise InvalidInput(f"The model needs numbers in column {shown(name)}, which holds none.")
    values = as_numbers(reading)
    values[np.isinf(values)] = np.nan
    return values


def _categories(source: pa.Table, name: str) -> Categorical:
    return categories_of(_column(source, name))


def _slices(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _ROWS_AT_ONCE):
        yield slice(start, min(start + _ROWS_AT_ONCE, rows))
