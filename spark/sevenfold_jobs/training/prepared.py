"""The prepared data of a version, as files below its object root: what every fit, wherever it runs, reads."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.objects import BUCKET_SCHEME, fetch_objects, read_object
from sevenfold_jobs.cv.arrays import load_array, load_json, put, put_array, put_json
from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.features import Feature

#: Values of `part.npy`, which says what a row is for. Train rows validate in the fold of their number;
#: 0 validates in none.
TRAIN, TEST = 0, 1
#: Array next to columns of a file each: what rows hold, as a number (distributed/hashing.py).
HASHES = "hashes"


@dataclass(frozen=True)
class Prepared:
    """`target` (rows,) int64 codes of `classes`, or float64; `ids` one value a row."""

    features: list[Feature]
    columns: Columns
    target: np.ndarray | None
    classes: list[str]
    ids: pa.ChunkedArray
    id_name: str


def write_prepared(
    address: str,
    features: list[Feature],
    columns: Columns,
    target: np.ndarray | None,
    classes: list[str],
    ids: pa.Array,
    id_name: str,
    dates: np.ndarray | None = None,
    files: dict[str, str] | None = None,
) -> None:
    """`columns.json` comes last: where it is, everything is.

    `files` says by feature which array next to it holds its column; without, all columns are written here.
    """
    numbers, categories = list(columns.numbers), list(columns.categories)
    if files is None:
        values = [columns.numbers[name] for name in numbers]
        put_array(f"{address}/numbers.npy", _matrix(values, columns.rows, np.float64))
        codes = [columns.categories[name].codes for name in categories]
        put_array(f"{address}/codes.npy", _matrix(codes, columns.rows, np.int32))
    if target is not None:
        put_array(f"{address}/y.npy", target)
    if dates is not None:
        put_array(f"{address}/dates.npy", dates)
    sink = io.BytesIO()
    pq.write_table(pa.table({id_name: ids}), sink, compression="zstd")
    put(f"{address}/ids.parquet", sink.getvalue())
    put_json(
        f"{address}/columns.json",
        {
            "features": [feature.as_json() for feature in features],
            "numbers": numbers,
            "categories": categories,
            "levels": {name: columns.categories[name].levels for name in categories},
            "classes": classes,
            "id": id_name,
            "rows": columns.rows,
        }
        | ({} if files is None else {"files": files}),
    )


def read_prepared(folder: Path) -> Prepared:
    """What `write_prepared` wrote; columns with files of their own are mapped from these, not read.

    JobError where files are gone or damaged.
    """
    about = load_json(folder, "columns.json")
    if "files" in about:
        arrays = {name: load_array(folder, file) for name, file in about["files"].items()}
    else:
        numbers, codes = load_array(folder, "numbers"), load_array(folder, "codes")
        arrays = {name: np.array(numbers[place]) for place, name in enumerate(about["numbers"])}
        arrays |= {name: np.array(codes[place]) for place, name in enumerate(about["categories"])}
    columns = Columns(
        about["rows"],
        {name: arrays[name] for name in about["numbers"]},
        {name: Categorical(arrays[name], about["levels"][name]) for name in about["categories"]},
    )
    target = np.array(load_array(folder, "y")) if (folder / "y.npy").exists() else None
    ids = pq.read_table(folder / "ids.parquet").column(0)
    features = [Feature.from_json(each) for each in about["features"]]
    return Prepared(features, columns, target, about["classes"], ids, about["id"])


@dataclass(frozen=True)
class Split:
    """`part` (rows,) int8 TRAIN or TEST; `fold` (rows,) int8: in which fold a train row validates, 0 in
    none. Rows are handed out in `order` (rows,), an own one (`splits.own_order`) or the file's.
    """

    part: np.ndarray
    fold: np.ndarray
    order: np.ndarray | None = None

    def train(self, fold: int) -> np.ndarray:
        """Rows that a fit of the fold learns from."""
        return self._rows((self.part == TRAIN) & (self.fold != fold))

    def validation(self, fold: int) -> np.ndarray:
        """Rows that a fit of the fold is judged by."""
        return self._rows((self.part == TRAIN) & (self.fold == fold))

    @property
    def all_train(self) -> np.ndarray:
        """What the chosen model is fitted on."""
        return self._rows(self.part == TRAIN)

    @property
    def test(self) -> np.ndarray:
        """What nobody looks at before the choice is made."""
        return self._rows(self.part == TEST)

    def _rows(self, which: np.ndarray) -> np.ndarray:
        return np.flatnonzero(which) if self.order is None else self.order[which[self.order]]


def write_split(address: str, split: Split, about: dict[str, Any]) -> None:
    """`split.json` comes last."""
    put_array(f"{address}/part.npy", split.part)
    put_array(f"{address}/fold.npy", split.fold)
    put_array(f"{address}/order.npy", np.arange(len(split.part)) if split.order is None else split.order)
    put_json(f"{address}/split.json", about)


def read_split(folder: Path) -> Split:
    """What `write_split` wrote."""
    load_json(folder, "split.json")
    return Split(*(np.array(load_array(folder, name)) for name in ("part", "fold", "order")))


class Place:
    """The files of a data version as a local folder; a bucket's are fetched once and kept until `close`."""

    def __init__(self, object_root: str) -> None:
        self._root = object_root.rstrip("/")
        self._kept: Any = None

    def __enter__(self) -> Path:
        if not self._root.startswith(BUCKET_SCHEME):
            return Path(self._root)
        import tempfile

        self._kept = tempfile.TemporaryDirectory(prefix="sevenfold-training-")
        return fetch_objects(self._root, Path(self._kept.name))

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.cleanup()


def load_predictions(address: str) -> np.ndarray:
    """The predictions of a fit, as it stored them."""
    return np.load(io.BytesIO(read_object(address)), allow_pickle=False)


def _matrix(columns: list[np.ndarray], rows: int, kind: type) -> np.ndarray:
    """(columns, rows): a column is one piece, and is mapped without a copy."""
    return np.stack([np.asarray(each, kind) for each in columns]) if columns else np.zeros((0, rows), kind)
