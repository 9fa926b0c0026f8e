"""The profile of rows that no process holds: a task a column, by the code of any profile."""

import hashlib
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.door.content import parts_of
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.arrays import put_array
from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.training.distributed.hashing import content_hashes
from sevenfold_jobs.training.distributed.source import Source, open_source
from sevenfold_jobs.training.distributed.tasks import Tasks, ranges
from sevenfold_jobs.training.features import Feature
from sevenfold_jobs.training.looks import Look, look_at
from sevenfold_jobs.training.prepared import HASHES, read_prepared, write_prepared
from sevenfold_jobs.training.profile import Profile, profile_by

_ROWS = "rows"
_ROWS_A_RANGE = 500_000
_READ_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Profiled:
    """`table` has the columns with a role, and what the file says of itself."""

    found: Profile
    table: pa.Table
    file_rows: int
    file_columns: int


def prepare(
    tasks: Tasks, source: str, sha256: str, name: str, settings: dict[str, Any], address: str
) -> Profiled:
    """Reads the source and writes the prepared data below `address`, a folder that all tasks see.

    Raises InvalidInput as any profile does, and for a source whose bytes are not those of `sha256`.
    """
    path, folder = Path(source), Path(address)
    scratch = folder / ".text"
    digest = _Digest(path)
    try:
        opened = open_source(path, path.name, scratch, tasks.map)
        roles = [settings[role] for role in ("target", "id", "date")]
        table = opened.table([each for each in dict.fromkeys(roles) if each in opened.columns])
        columns: dict[str, str] = {}
        looks = partial(_looks, tasks, opened, name, settings, folder, columns)
        found = profile_by(table, opened.columns, name, settings, looks)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if digest.result() != sha256:
        raise InvalidInput(f"{path.name} was altered after the run was planned: start the run again.")
    ids = pa.array(found.rows + 1) if found.ids is None else found.ids
    id_name = "row" if settings["id"] is None else settings["id"]
    files = {feature.name: columns[_key(feature)] for feature in found.features}
    write_prepared(
        address,
        found.features,
        found.columns,
        found.target,
        found.classes,
        ids,
        id_name,
        found.dates,
        files,
    )
    parts = ranges(found.columns.rows, -(-found.columns.rows // _ROWS_A_RANGE))
    hashes = tasks.map(partial(_hashes, address), parts)
    put_array(f"{address}/{HASHES}.npy", np.concatenate(hashes))
    return Profiled(found, table, opened.rows, len(opened.columns))


def _looks(
    tasks: Tasks,
    source: Source,
    name: str,
    settings: dict[str, Any],
    folder: Path,
    files: dict[str, str],
    columns: list[str],
    rows: np.ndarray,
) -> Iterable[Look]:
    """Looks whose values are mapped from the files that tasks wrote; `files` gets their names."""
    some = None
    if len(rows) < source.rows:
        some = str(folder / f"{_ROWS}.npy")
        put_array(some, rows)
    folder.mkdir(parents=True, exist_ok=True)
    for look in tasks.map(partial(_look, source, name, settings, str(folder), some), columns):
        made = []
        for feature, (file, levels) in look.made:
            files[_key(feature)] = file
            values = np.load(folder / f"{file}.npy", mmap_mode="r", allow_pickle=False)
            made.append((feature, values if levels is None else Categorical(values, levels)))
        yield replace(look, made=made)


def _look(
    source: Source, name: str, settings: dict[str, Any], folder: str, some: str | None, column: str
) -> Look:
    """In a task: the look at a column of all rows, whose values go into files of their own."""
    rows = np.arange(source.rows) if some is None else np.load(some, allow_pickle=False)
    look = look_at(source.table([column]), column, name, settings, rows)
    if look.fault is not None and settings["features"] is None and column not in settings["types"]:
        return replace(look, made=[])
    made = []
    for place, (feature, values) in enumerate(look.made):
        file = f"column_{source.columns.index(column)}_{place}"
        is_category = isinstance(values, Categorical)
        array = np.asarray(values.codes, np.int32) if is_category else np.asarray(values, np.float64)
        put_array(f"{folder}/{file}.npy", array)
        made.append((feature, (file, values.levels if is_category else None)))
    return replace(look, made=made)


def _key(feature: Feature) -> str:
    """The same for a feature that got another name, because another column's has it."""
    return f"{feature.part or ''} {feature.source}"


def _hashes(address: str, rows: tuple[int, int]) -> np.ndarray:
    data = read_prepared(Path(address))
    return content_hashes(data.columns.take(np.arange(*rows)))


class _Digest:
    """SHA-256 of a source as it was planned (`common/door/content`), while tasks read it."""

    def __init__(self, path: Path) -> None:
        self._whole = hashlib.sha256()
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._read, args=(path,), daemon=True)
        self._thread.start()

    def result(self) -> str:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._whole.hexdigest()

    def _read(self, path: Path) -> None:
        try:
            if not path.is_dir():
                return self._add(path)
            for part in parts_of(path):
                self._whole.update(str(part.relative_to(path)).encode() + b"\0")
                self._add(part)
        except OSError as error:
            self._error = error

    def _add(self, path: Path) -> None:
        with path.open("rb") as file:
            while piece := file.read(_READ_AT_ONCE):
                self._whole.update(piece)
