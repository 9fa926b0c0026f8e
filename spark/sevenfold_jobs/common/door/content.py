"""The bytes of a source, unpacked, and whether they are Parquet or text; nothing is run by being read."""

import gzip
import hashlib
import io
import pickletools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from sevenfold_jobs.common.door.limits import SMALLER, too_large
from sevenfold_jobs.common.problems import Problems

PARQUET, TEXT = "parquet", "text"

_PICKLE_ENDINGS = (".pkl", ".pickle", ".joblib", ".p", ".pck", ".dill")
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_GZIP = b"\x1f\x8b"
# What else begins so that it is known, and what helps; a pickle of protocol 2 and later begins with 0x80.
_WRITE = "write it as Parquet or CSV"
_OTHERS = {
    b"PK\x03\x04": ("is a ZIP archive (or a workbook)", f"unpack it, or {_WRITE}"),
    b"PK\x05\x06": ("is an empty ZIP archive", _WRITE),
    b"\xd0\xcf\x11\xe0": ("is a workbook of the older kind", _WRITE),
    b"\x28\xb5\x2f\xfd": ("is packed by zstd", "unpack it (zstd -d), or pack it by gzip"),
    b"BZh": ("is packed by bzip2", "unpack it (bunzip2), or pack it by gzip"),
    b"\xfd7zXZ": ("is packed by xz", "unpack it (unxz), or pack it by gzip"),
    b"\x89HDF": ("is an HDF5 file", _WRITE),
    b"\x93NUMPY": ("is a NumPy array", _WRITE),
    b"ARROW1": ("is an Arrow file", _WRITE),
    b"FEA1": ("is a Feather file", _WRITE),
    b"Obj\x01": ("is an Avro file", _WRITE),
    b"ORC": ("is an ORC file", _WRITE),
    b"SQLite format 3": ("is an SQLite database", _WRITE),
    b"%PDF": ("is a PDF", _WRITE),
    b"{\\rtf": ("is a document (RTF)", "save it as plain CSV"),
}
_PIECE = 1 << 20
# Hive's name of a partition without a value.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Part:
    """One file: its bytes, and what its folders (`date=2025-01-01`) say of all its rows."""

    name: str
    content: bytes
    partition: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """A source's files, all of one `kind`. `sha256` is over what lies on the disk, before it is unpacked."""

    name: str
    kind: str
    parts: list[Part]
    sha256: str


def read_content(path: Path, name: str, problems: Problems, most: int) -> Content | None:
    """The bytes of a file or of the part files of a folder, or None with the reason among the problems.

    At most `most` bytes, unpacked. A folder's digest is that over path, zero byte and bytes of each part.
    """
    try:
        if path.is_dir():
            return _read_folder(path, name, problems, most)
        size = path.stat().st_size
        if not path.is_file():
            # A pipe or a device would be read for ever.
            problems.add(name, "is neither a file nor a folder", "put the data there")
            return None
        if size > most:
            problems.add(name, too_large(size, most), SMALLER)
            return None
        stored = path.read_bytes()
    except OSError as error:
        problems.add(name, f"cannot be read ({error.strerror or error})", "check the path and its rights")
        return None
    content = _unpacked(name, stored, problems, most)
    kind = None if content is None else kind_of(name, path.suffix, content, problems)
    if kind is None:
        return None
    return Content(name, kind, [Part(name, content)], hashlib.sha256(stored).hexdigest())


def parts_of(folder: Path) -> list[Path]:
    """The data files below a folder as Spark writes one, in the order of their paths: what begins with `_` or
    `.` is none."""

    def walk(place: Path) -> Iterator[Path]:
        for entry in place.iterdir():
            if entry.name.startswith(("_", ".")):
                continue
            if entry.is_dir():
                yield from walk(entry)
            elif entry.is_file() or entry.is_symlink():
                yield entry

    return sorted(walk(folder), key=lambda each: str(each.relative_to(folder)).encode())


def _read_folder(folder: Path, name: str, problems: Problems, most: int) -> Content | None:
    parts: list[Part] = []
    kinds: dict[str, str] = {}
    digest, left = hashlib.sha256(), most
    for path in parts_of(folder):
        inside = str(path.relative_to(folder))
        size = path.stat().st_size
        if size > left:
            problems.add(name, too_large(most - left + size, most), SMALLER)
            return None
        stored = path.read_bytes()
        digest.update(inside.encode() + b"\0" + stored)
        if not stored:
            continue  # Spark writes an empty file of text for a partition without rows
        content = _unpacked(f"{name}/{inside}", stored, problems, left)
        kind = None if content is None else kind_of(f"{name}/{inside}", path.suffix, content, problems)
        if kind is None:
            return None
        kinds.setdefault(kind, inside)
        left -= len(content)
        parts.append(Part(f"{name}/{inside}", content, _partition(inside)))
    if not parts:
        problems.add(name, "is a folder without data files", "give the folder of the part files, or a file")
        return None
    if len(kinds) > 1:
        files = " and ".join(sorted(kinds.values()))
        problems.add(name, f"mixes Parquet and text ({files})", "keep the files of one kind in it")
        return None
    return Content(name, next(iter(kinds)), parts, digest.hexdigest())


def _partition(inside: str) -> dict[str, str | None]:
    named = (part.partition("=") for part in inside.split("/")[:-1] if "=" in part)
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, _, value in named}


def _unpacked(name: str, stored: bytes, problems: Problems, most: int) -> bytes | None:
    if not stored.startswith(_GZIP):
        return stored
    pieces, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(stored)) as packed:
            while piece := packed.read(_PIECE):
                size += len(piece)
                if size > most:
                    problems.add(name, too_large(size, most), SMALLER)
                    return None
                pieces.append(piece)
    except (OSError, EOFError, zlib.error):
        problems.add(name, "is a damaged gzip archive", "pack it again, or give it unpacked")
        return None
    return b"".join(pieces)


def kind_of(name: str, suffix: str, content: bytes, problems: Problems) -> str | None:
    """PARQUET or TEXT by how the content begins (and ends), or None with the reason among the problems."""
    if _is_pickle(suffix, content):
        problems.add(name, "is a pickle, which runs code when it is read", "write it as Parquet or CSV")
        return None
    if content.startswith(_MAGIC):
        return PARQUET
    if content.startswith(_ENCRYPTED):
        problems.add(name, "is encrypted Parquet", "write it without encryption")
        return None
    if content.startswith(_GZIP):
        problems.add(name, "is packed by gzip twice", "unpack it once")
        return None
    for beginning, (what, remedy) in _OTHERS.items():
        if content.startswith(beginning):
            problems.add(name, what, remedy)
            return None
    if suffix.lower() == ".parquet":
        problems.add(name, "is not a Parquet file, although its name says so", "write it again")
        return None
    return TEXT


def _is_pickle(suffix: str, content: bytes) -> bool:
    if suffix.lower() in _PICKLE_ENDINGS:
        return True
    if len(content) > 1 and content[0] == 0x80 and 2 <= content[1] <= 5:
        return True
    # Protocols 0 and 1 have no such beginning; they end with the instruction to stop. Nothing is run here.
    if not content.endswith(b"."):
        return False
    try:
        return all(True for _ in pickletools.genops(content))
    except Exception:
        return False
