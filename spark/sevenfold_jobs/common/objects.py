"""Files by name, in a folder or in a bucket: `/data/x`, `gs://bucket/x`."""

import os
from pathlib import Path

from pyarrow import fs

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.files import write_whole

BUCKET_SCHEME = "gs://"
_TIMES_ASKED = 5


def read_object(address: str) -> bytes:
    """All bytes. FileNotFoundError where there is none."""
    if not address.startswith(BUCKET_SCHEME):
        return Path(address).read_bytes()
    filesystem, path = _in_bucket(address)
    with filesystem.open_input_stream(path) as stream:
        return stream.read()


def write_object(address: str, content: bytes) -> None:
    """Whoever finds it finds all of it, after a power cut too."""
    if address.startswith(BUCKET_SCHEME):
        filesystem, path = _in_bucket(address)
        # An object is there when the stream is closed and not before.
        with filesystem.open_output_stream(path) as stream:
            stream.write(content)
        return
    target = Path(address)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, lambda path: path.write_bytes(content))


def fetch_objects(address: str, folder: Path) -> Path:
    """Copies an object, or all below a prefix, into `folder`; answers where it lies now.

    Raises InvalidInput for a name that would lead out of the folder: a bucket takes any, `x/../../y` too.
    """
    filesystem, path = _in_bucket(address)
    target = _inside(folder, path.rstrip("/").rpartition("/")[2], path)
    info = filesystem.get_file_info(path)
    if info.type == fs.FileType.NotFound:
        raise FileNotFoundError(f"there is nothing at {address}")
    if info.type == fs.FileType.File:
        target.write_bytes(read_object(address))
        return target
    for found in filesystem.get_file_info(fs.FileSelector(path, recursive=True)):
        if found.type == fs.FileType.File:
            copy = _inside(target, os.path.relpath(found.path, path), found.path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(read_object(BUCKET_SCHEME + found.path))
    return target


def _inside(folder: Path, name: str, address: str) -> Path:
    parts = name.split("/")
    if not name or name.startswith("/") or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise InvalidInput(
            f"The object {address[-120:]!r} cannot be a file below {folder}: rename or remove it."
        )
    return folder / name


def _in_bucket(address: str) -> tuple[fs.GcsFileSystem, str]:
    return bucket_file_system(), address.removeprefix(BUCKET_SCHEME)


def emulator_address() -> str | None:
    """`http://127.0.0.1:port` of the object store of tests; None for the real one."""
    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    if emulator is None:
        return None
    scheme, _, host = emulator.rpartition("://")
    return f"{scheme or 'http'}://{host.partition('/')[0]}"


def bucket_file_system() -> fs.GcsFileSystem:
    """Files of buckets by `bucket/name`."""
    from datetime import timedelta

    patience = timedelta(seconds=10 * _TIMES_ASKED)
    emulator = emulator_address()
    if emulator is None:
        return fs.GcsFileSystem(retry_time_limit=patience)
    scheme, _, host = emulator.partition("://")
    return fs.GcsFileSystem(anonymous=True, scheme=scheme, endpoint_override=host, retry_time_limit=patience)
