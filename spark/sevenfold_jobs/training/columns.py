"""What every part of the library takes: the columns of some rows, numbers and categories apart."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sevenfold_jobs.cv.columns import Categorical


@dataclass(frozen=True)
class Columns:
    """`numbers` are (rows,) float64 with NaN for gaps; `categories` have codes (rows,) int32, -1 for gaps.

    No name is in both. Every column of one source has the same rows in the same order.
    """

    rows: int
    numbers: dict[str, np.ndarray]
    categories: dict[str, Categorical]

    @property
    def names(self) -> list[str]:
        """Numbers first, then categories, each in the order given."""
        return [*self.numbers, *self.categories]

    def take(self, rows: np.ndarray) -> "Columns":
        """These rows (numbers of rows, or a mask) in this order; levels stay as they are."""
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        return Columns(
            len(rows),
            {name: values[rows] for name, values in self.numbers.items()},
            {name: column.take(rows) for name, column in self.categories.items()},
        )

    def only(self, names: Iterable[str]) -> "Columns":
        """These columns, in this source's order; names that it does not have are passed over."""
        wanted = set(names)
        return Columns(
            self.rows,
            {name: values for name, values in self.numbers.items() if name in wanted},
            {name: column for name, column in self.categories.items() if name in wanted},
        )
