"""Files below a run's result root, with what is needed to tell whether they are the same again."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from sevenfold_jobs.common.objects import BUCKET_SCHEME, read_object
from sevenfold_jobs.cv.arrays import put


class Results:
    """What was written, by path below `root`."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._written: dict[str, str] = {}

    def put(self, path: str, content: bytes) -> None:
        """Whole or not at all."""
        put(f"{self._root}/{path}", content)
        self._written[path] = hashlib.sha256(content).hexdigest()

    def put_csv(self, path: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """None is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        self.put(path, text.getvalue().encode())

    def put_table(self, path: str, table: pa.Table) -> None:
        """As CSV."""
        sink = pa.BufferOutputStream()
        pa.csv.write_csv(table, sink)
        self.put(path, sink.getvalue().to_pybytes())

    def put_copy(self, path: str, address: str) -> None:
        """Puts a copy of an object that is only ever replaced, never written to: in a folder, a hard link."""
        target = f"{self._root}/{path}"
        if target.startswith(BUCKET_SCHEME) or address.startswith(BUCKET_SCHEME):
            self.put(path, read_object(address))
            return
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        unfinished = f"{target}.{os.getpid()}.tmp"
        try:
            Path(unfinished).unlink(missing_ok=True)
            os.link(address, unfinished)
            os.replace(unfinished, target)
            # Nothing is renamed where both are names of one file already.
            Path(unfinished).unlink(missing_ok=True)
        except FileNotFoundError:
            raise
        except OSError:
            self.put(path, read_object(address))
            return
        self._written[path] = ""

    def of(self, folder: str) -> list[str]:
        """Paths below a folder, in order."""
        return sorted(path for path in self._written if path.startswith(f"{folder}/"))

    def digest(self) -> str:
        """SHA-256 over names and contents of model and predictions."""
        whole = hashlib.sha256()
        for path in self.of("models") + self.of("predictions"):
            whole.update(f"{path} {self._written[path]}\n".encode())
        return whole.hexdigest()
