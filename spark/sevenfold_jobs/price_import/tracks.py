"""What was known of a daily figure on a day: values, each of a date and of the day it became known."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Track:
    """Values in the order of (date, known_at); days are numbered as NumPy's datetime64[D] numbers them.

    `dates` and `known` are int64, `values` float64 without NaN, all of shape (n,).
    """

    dates: np.ndarray
    known: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, dates: np.ndarray, known: np.ndarray, values: np.ndarray) -> "Track":
        """From values in any order; NaN is no value."""
        order = np.lexsort((known, dates))
        order = order[~np.isnan(values[order])]
        return cls(dates[order], known[order], values[order])

    @property
    def is_plain(self) -> bool:
        """Every value was known on its own day."""
        return bool((self.known == self.dates).all())

    def at(self, days: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The newest value up to each day that was known by the day in the same row; NaN before the first."""
        if self.is_plain:
            index = np.searchsorted(self.dates, days, side="right") - 1
            found = np.append(self.values, np.nan)
            return found[index]
        dates, since, values = self.dates.tolist(), self.known.tolist(), self.values.tolist()
        found = []
        for day, limit in zip(days.tolist(), known.tolist(), strict=True):
            position = bisect_right(dates, day) - 1
            # of one date the newest version stands last, so the first that fits is the one
            while position >= 0 and since[position] > limit:
                position -= 1
            found.append(values[position] if position >= 0 else np.nan)
        return np.array(found, np.float64)

    def versions(self, day: int) -> list[int]:
        """When the newest date up to `day` became known, and when it was revised."""
        end = bisect_right(self.dates, day)
        if end == 0:
            return []
        start = int(np.searchsorted(self.dates, self.dates[end - 1], side="left"))
        return self.known[start:end].tolist()
