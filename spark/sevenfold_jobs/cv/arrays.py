"""Arrays and other files of a data version, in a folder or in a bucket; each is there whole or not at all."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.objects import BUCKET_SCHEME, fetch_objects, read_object, write_object


def put(address: str, content: bytes) -> bool:
    """Writes the bytes, unless they are there already; says whether it wrote."""
    try:
        if read_object(address) == content:
            return False
    except FileNotFoundError:
        pass
    write_object(address, content)
    return True


def put_array(address: str, array: np.ndarray) -> bool:
    """As .npy of its own type, in C order."""
    return put(address, array_bytes(array))


def array_bytes(array: np.ndarray) -> bytes:
    """What `np.load(…, allow_pickle=False)` reads; the same array gives the same bytes."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def put_json(address: str, value: Any) -> bool:
    """Canonical JSON; ValueError for a number that JSON cannot hold."""
    return put(address, json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False).encode())


def put_folder(address: str, folder: Path, last: str) -> None:
    """Every file of a folder that has no folders; `last` is the name of the one that says it is complete."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.name == last, path.name)):
        put(f"{address}/{path.name}", path.read_bytes())


class Folders:
    """Folders below an object root as local paths; a bucket's are fetched once and kept until `close`."""

    def __init__(self, object_root: str) -> None:
        self._root = object_root.rstrip("/")
        self._kept: tempfile.TemporaryDirectory[str] | None = None
        self._fetched: dict[str, Path] = {}

    def __enter__(self) -> "Folders":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def path(self, name: str) -> Path:
        """The folder `name` ("fold_1", "all"). JobError where it is not there any more."""
        address = f"{self._root}/{name}"
        if not self._root.startswith(BUCKET_SCHEME):
            if not Path(address).is_dir():
                raise _gone(address)
            return Path(address)
        if name not in self._fetched:
            if self._kept is None:
                self._kept = tempfile.TemporaryDirectory(prefix="sevenfold-folds-")
            try:
                self._fetched[name] = fetch_objects(address, Path(self._kept.name))
            except FileNotFoundError as error:
                raise _gone(address) from error
        return self._fetched[name]

    def close(self) -> None:
        """Removes what was fetched."""
        if self._kept is not None:
            self._kept.cleanup()
            self._kept, self._fetched = None, {}


def load_array(folder: Path, name: str) -> np.ndarray:
    """`<name>.npy` of the folder, read-only, mapped from the file. JobError where it is gone or damaged."""
    path = folder / f"{name}.npy"
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise _gone(str(path)) from None
    except (ValueError, OSError) as error:
        raise JobError(f"{path} is damaged ({error}): delete it and prepare the data again.") from error


def load_json(folder: Path, name: str) -> Any:
    """`<name>` of the folder. JobError where it is gone or damaged."""
    try:
        return json.loads((folder / name).read_bytes())
    except FileNotFoundError:
        raise _gone(str(folder / name)) from None
    except ValueError as error:
        raise JobError(f"{folder / name} is damaged: delete it and prepare the data again.") from error


def _gone(address: str) -> JobError:
    return JobError(f"{address} is gone: prepare the data again.")
