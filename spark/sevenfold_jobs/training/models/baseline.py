"""What can be said without looking at a row: the shares of the classes, or the mean."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import pack, unpack

encoding = "linear"


@dataclass(frozen=True)
class Baseline:
    """`values` (classes,) shares, or (1,) the mean."""

    values: np.ndarray
    of_classes: bool

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The same for every row."""
        if self.of_classes:
            return np.tile(self.values, (len(X), 1))
        return np.full(len(X), self.values[0])

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack({"of_classes": self.of_classes}, values=self.values)


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Baseline:
    """As `models.Model` has it."""
    if task == "regression":
        return Baseline(np.array([y.mean()]), False)
    return Baseline(np.bincount(y, minlength=classes) / len(y), True)


def read(parts: dict[str, bytes]) -> Baseline:
    """As `models.Model` has it."""
    about, arrays = unpack(parts)
    return Baseline(arrays["values"], about["of_classes"])
