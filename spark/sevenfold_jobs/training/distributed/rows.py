"""The prepared rows as Spark's tasks have them: each maps a range of them from the files of the columns."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.training import drift
from sevenfold_jobs.training.distributed.tasks import Tasks, ranges
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.model_files import StoredModel, read_model
from sevenfold_jobs.training.prepared import Prepared, Split, read_prepared, read_split

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Rows that are encoded at a time.
_ROWS_AT_ONCE = 20_000
#: Rows that a task predicts.
_ROWS_A_RANGE = 250_000
#: The "fold" that the chosen model is fitted on: all rows that train or validate.
ALL = 0


class Rows:
    """The rows of a data version, which lies in a folder that driver and tasks see.

    `parts` is how many tasks a fit has: each has the training rows of one range, in the order of the file.
    """

    def __init__(self, tasks: Tasks, folder: Path, parts: int) -> None:
        self.tasks, self.folder, self.parts = tasks, folder, parts
        self.data, self.split = read_prepared(folder), read_split(folder)
        assert self.data.target is not None
        self.target: np.ndarray = self.data.target
        self._encoders: dict[tuple[str, int], Encoder] = {}

    def training(self, fold: int) -> np.ndarray:
        """Rows that a fit of the fold, or of ALL, learns from."""
        return training_rows(self.split, fold)

    def encoder(self, kind: str, fold: int) -> Encoder:
        """What encodes the rows, learnt from the training rows of the fold: a column in each task."""
        if (kind, fold) not in self._encoders:
            columns = self.data.columns
            names = [*columns.numbers, *columns.categories]
            found = self.tasks.map(partial(_encoder, str(self.folder), kind, fold), names)
            self._encoders[kind, fold] = Encoder(kind, [each for inputs in found for each in inputs])
        return self._encoders[kind, fold]

    def frame(self, encoder: Encoder, fold: int, scale: tuple[float, float] = (0.0, 1.0)) -> "DataFrame":
        """`features`, a vector, and `label`, less the first of `scale` and divided by the second."""
        from pyspark.ml.functions import array_to_vector
        from pyspark.sql import functions as F  # noqa: N812 - the name of the field

        bounds = ranges(self.data.columns.rows, self.parts)
        make = partial(_encoded, str(self.folder), encoder.as_json(), fold, bounds, scale)
        frame = self.tasks.spark.range(0, self.parts, 1, self.parts).mapInArrow(
            self.tasks.metered(make), "features array<double>, label double"
        )
        return frame.select(array_to_vector(F.col("features")).alias("features"), "label")

    def predict(self, files: dict[str, bytes], part: str, fold: int) -> np.ndarray:
        """What a model says, as its files are read: of the `validation` rows of a fold, or of the `test`
        rows, in the order of the file."""
        rows = self.data.columns.rows
        parts = ranges(rows, -(-rows // _ROWS_A_RANGE))
        found = self.tasks.map(partial(_predicted, str(self.folder), files, part, fold), parts)
        return np.concatenate(found)

    def reference(self) -> dict[str, Any]:
        """`drift.reference` of the rows that the chosen model is fitted on, a column in each task."""
        columns = self.data.columns
        names = [*columns.numbers, *columns.categories]
        found = self.tasks.map(partial(_reference, str(self.folder)), names)
        return {name: kept for each in found for name, kept in each.items()}


def training_rows(split: Split, fold: int) -> np.ndarray:
    """Numbers of rows."""
    return split.all_train if fold == ALL else split.train(fold)


def _encoder(folder: str, kind: str, fold: int, name: str) -> list[dict[str, Any]]:
    data, split = _read(folder)
    return Encoder.fit(data.columns.only([name]), training_rows(split, fold), kind).inputs


def _reference(folder: str, name: str) -> dict[str, Any]:
    data, split = _read(folder)
    return drift.reference(data.columns.only([name]).take(split.all_train))


def _encoded(
    folder: str,
    given: dict[str, Any],
    fold: int,
    bounds: list[tuple[int, int]],
    scale: tuple[float, float],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    data, split = _read(folder)
    assert data.target is not None
    encoder, mine = Encoder.from_json(given), training_rows(split, fold)
    for number in (number for batch in batches for number in batch.column(0).to_pylist()):
        for rows in _chunks(mine, bounds[number]):
            encoded = encoder.transform(data.columns, rows)
            starts = np.arange(len(rows) + 1, dtype=np.int32) * encoded.shape[1]
            label = (data.target[rows].astype(np.float64) - scale[0]) / scale[1]
            yield pa.RecordBatch.from_arrays(
                [pa.ListArray.from_arrays(starts, encoded.reshape(-1)), pa.array(label)],
                ["features", "label"],
            )


def _predicted(
    folder: str, files: dict[str, bytes], part: str, fold: int, bounds: tuple[int, int]
) -> np.ndarray:
    data, split = _read(folder)
    model: StoredModel = read_model(files)
    mine = split.test if part == "test" else split.validation(fold)
    mine = mine[np.searchsorted(mine, bounds[0]) : np.searchsorted(mine, bounds[1])]
    return model.predict(data.columns.take(mine))


def _chunks(rows: np.ndarray, bounds: tuple[int, int]) -> Iterator[np.ndarray]:
    """Those of the rows that are within the bounds, some at a time."""
    low, high = np.searchsorted(rows, bounds[0]), np.searchsorted(rows, bounds[1])
    for start in range(low, high, _ROWS_AT_ONCE):
        yield rows[start : min(start + _ROWS_AT_ONCE, high)]


def _read(folder: str) -> tuple[Prepared, Split]:
    return read_prepared(Path(folder)), read_split(Path(folder))
