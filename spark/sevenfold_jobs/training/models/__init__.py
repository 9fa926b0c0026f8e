"""Models by name, one file each: how they are fitted, and the files that they are kept as."""

import importlib
import json
from typing import Any, Protocol

import numpy as np

from sevenfold_jobs.common.resources import text_of

#: Names, in the order of the choice: the simplest first (catalogue.json).
CATALOGUE: dict[str, dict[str, Any]] = json.loads(text_of("training/catalogue.json"))["models"]
SIMPLEST_FIRST = list(CATALOGUE)


class Fitted(Protocol):
    """A model that has learnt."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(rows, classes) float64, rows of which sum to 1; of a regression (rows,); of clusters (rows,) int64
        from 0, the largest cluster first, -1 for noise.
        """
        ...

    def parts(self) -> dict[str, bytes]:
        """Files that `read` makes the same model of, the same bytes each time; no pickle."""
        ...


class Clusters(Fitted, Protocol):
    """A model of clusters."""

    def assign(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(what `predict` gives, how far each row (rows,) is from what its cluster is known by).

        In the units of the encoded columns. Noise is as far from the nearest cluster.
        """
        ...


class Model(Protocol):
    """A module of this package. `encoding` is the kind of `Encoder` whose matrices it is given."""

    encoding: str

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        task: str,
        classes: int,
        params: dict[str, Any],
        seed: int,
        categorical: list[int],
    ) -> Fitted:
        """`y` (rows,) int64 codes below `classes`, or float64 of a regression; of clusters it is empty. One
        thread.
        """
        ...

    def read(self, parts: dict[str, bytes]) -> Fitted:
        """From what `parts` gave: predictions are equal, bit for bit."""
        ...


def load(name: str) -> Model:
    """The module of a model; what it imports is imported now."""
    if name not in CATALOGUE:
        raise KeyError(name)
    return importlib.import_module(f"sevenfold_jobs.training.models.{name}")  # type: ignore[return-value]
