"""The preprocessing chain: fitted on training rows, applied whole to any others, kept as JSON."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.cv.columns import MISSING, Categorical

_SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Chain:
    """Numeric columns, then their indicators, then the dummies of categorical ones.

    A numeric column: median in its gaps, with a 0/1 indicator where training rows have gaps; both
    standardised to mean 0 and variance 1 (population's). A categorical one: one column a level of the
    training rows, the first left out; a gap is a level of its own, the last; a level that training has not
    seen is all zeros. Of all these, columns whose training variance is not above 1e-12 are left out.
    """

    numeric: list[dict[str, Any]]  # {name, median, mean, deviation}
    indicators: list[dict[str, Any]]  # {name, mean, deviation}
    categorical: list[dict[str, Any]]  # {name, levels: the first is left out}
    kept: list[int]  # of the columns that the above give

    @classmethod
    def fit(
        cls, numbers: dict[str, np.ndarray], categories: dict[str, Categorical], rows: np.ndarray
    ) -> "Chain":
        """From the training rows of columns that are named in the order they shall have."""
        numeric, indicators = [], []
        for name, column in numbers.items():
            values = column[rows]
            gaps = np.isnan(values)
            known = values[~gaps]
            median = float(np.median(known)) if len(known) else 0.0
            values[gaps] = median
            numeric.append({"name": name, "median": median, **_scale(values)})
            if gaps.any():
                indicators.append({"name": name, **_scale(gaps.astype(np.float64))})
        categorical = []
        for name, column in categories.items():
            codes = column.codes[rows]
            present = np.bincount(codes[codes >= 0], minlength=len(column.levels)) > 0
            levels = [level for level, there in zip(column.levels, present, strict=True) if there]
            if (codes < 0).any():
                levels.append(MISSING)
            categorical.append({"name": name, "levels": levels})
        chain = cls(numeric, indicators, categorical, [])
        encoded = chain._encode(numbers, categories, rows)
        kept = np.flatnonzero(encoded.var(axis=0) > _SMALLEST_VARIANCE)
        return cls(numeric, indicators, categorical, kept.tolist())

    def transform(
        self, numbers: dict[str, np.ndarray], categories: dict[str, Categorical], rows: np.ndarray
    ) -> np.ndarray:
        """(rows, columns) float64 in C order, no gaps."""
        encoded = self._encode(numbers, categories, rows)
        if len(self.kept) == encoded.shape[1]:
            return encoded
        return np.ascontiguousarray(encoded[:, self.kept])

    @property
    def columns(self) -> list[dict[str, str]]:
        """What each column of `transform` is: `{name, of}`, `of` being the source's column."""
        every = [{"name": each["name"], "of": each["name"]} for each in self.numeric]
        every += [{"name": f"{each['name']} is missing", "of": each["name"]} for each in self.indicators]
        every += [
            {"name": f"{each['name']} = {level}", "of": each["name"]}
            for each in self.categorical
            for level in each["levels"][1:]
        ]
        return [every[place] for place in self.kept]

    def dummies_of(self, names: list[str]) -> list[int]:
        """The places, among the columns of `transform`, of the dummies of these categorical columns."""
        first_dummy = len(self.numeric) + len(self.indicators)
        wanted = set(names)
        return [
            place
            for place, (kept, column) in enumerate(zip(self.kept, self.columns, strict=True))
            if kept >= first_dummy and column["of"] in wanted
        ]

    def as_json(self) -> dict[str, Any]:
        """Plain values; `from_json` is its inverse."""
        return {
            "numeric": self.numeric,
            "indicators": self.indicators,
            "categorical": self.categorical,
            "kept": self.kept,
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Chain":
        """From what `as_json` gave."""
        return cls(given["numeric"], given["indicators"], given["categorical"], given["kept"])

    def _encode(
        self, numbers: dict[str, np.ndarray], categories: dict[str, Categorical], rows: np.ndarray
    ) -> np.ndarray:
        width = len(self.numeric) + len(self.indicators)
        width += sum(max(len(each["levels"]) - 1, 0) for each in self.categorical)
        encoded = np.zeros((len(rows), width))
        place = 0
        for each in self.numeric:
            values = numbers[each["name"]][rows]
            values[np.isnan(values)] = each["median"]
            encoded[:, place] = (values - each["mean"]) / each["deviation"]
            place += 1
        for each in self.indicators:
            gaps = np.isnan(numbers[each["name"]][rows])
            encoded[:, place] = (gaps - each["mean"]) / each["deviation"]
            place += 1
        for each in self.categorical:
            column = categories[each["name"]]
            # A code of -1, a gap, finds the last entry.
            named = [*column.levels, MISSING]
            dummy = {level: number - 1 for number, level in enumerate(each["levels"])}
            place_of = np.array([dummy.get(level, -1) for level in named])
            found = place_of[column.codes[rows]]
            there = np.flatnonzero(found >= 0)
            encoded[there, place + found[there]] = 1.0
            place += max(len(each["levels"]) - 1, 0)
        return encoded


def _scale(values: np.ndarray) -> dict[str, float]:
    """Mean and deviation; a column that does not vary keeps its unit."""
    mean, deviation = float(values.mean()), float(values.std())
    # The deviation of a constant is what rounding its mean leaves.
    varies = deviation > 1e-12 * abs(mean)
    return {"mean": mean, "deviation": deviation if varies else 1.0}
