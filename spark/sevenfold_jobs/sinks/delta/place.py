"""Where a Delta table lies, a folder or `gs://bucket/folder`, and its files as tasks see them: by pyarrow
alone.
"""

import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pyarrow as pa
from pyarrow import fs

from sevenfold_jobs.common.failures import Infrastructure, InvalidInput
from sevenfold_jobs.common.objects import BUCKET_SCHEME, bucket_file_system, emulator_address

VERSION, COMMODITY = "model_version", "commodity"
PARTITION = (VERSION, COMMODITY)
LOG = "_delta_log"

# The same rules stand in src/kinds/backfill/sinks/delta.ts.
# What looks like an encoded character is decoded once by the library's writes and twice by its reads; any
# other % is one.
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_IN_BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]+(/[A-Za-z0-9=_@. +-]+)+")
_NO_RIGHTS = re.compile(
    r"status code: 40[13]|PERMISSION_DENIED|UNAUTHENTICATED|lacked the necessary privileges|"
    r"valid authentication credentials"
)
# A list of a folder that nobody made is empty: only a bucket is missed.
_NO_BUCKET = re.compile(r"list request.*\b404\b|NoSuchBucket|bucket does not exist", re.IGNORECASE)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def partition_folder(commodity: str, version: str) -> str:
    """Relative to the table. Both are made of letters that no address encodes."""
    return f"{VERSION}={version}/{COMMODITY}={commodity}"


def in_bucket(path: str) -> bool:
    """Whether the table lies in a bucket, where nothing is synced and an object appears when it is whole."""
    return path.startswith(BUCKET_SCHEME)


def refuse_place(path: str) -> None:
    """InvalidInput for a place where a table cannot be kept, in one line."""
    if in_bucket(path):
        if _IN_BUCKET.fullmatch(path) is None:
            raise InvalidInput(
                f"The Delta table's place is {path[:200]!r}: it is gs://bucket/folder, the folder of "
                "letters, digits "
                "and =_@.+- or a space."
            )
    elif not os.path.isabs(path):
        raise InvalidInput(f"The Delta table's folder is {path[:200]!r}: give its path from / on.")
    elif (escape := _ESCAPE.search(path)) is not None:
        raise InvalidInput(
            f"The Delta table's folder is {path[-200:]!r}: the Delta library reads {escape.group()} in it "
            "as another "
            "character. Name another folder with --sink-path."
        )


def uri_of(path: str) -> str:
    """The address that the Delta library takes."""
    return path if in_bucket(path) else Path(path).as_uri()


def storage_options(path: str) -> dict[str, str] | None:
    """What the Delta library must know of the place: nothing, unless the bucket is an emulator's."""
    emulator = emulator_address()
    if not in_bucket(path) or emulator is None:
        return None
    account = {
        "gcs_base_url": emulator,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    return {"google_service_account_key": json.dumps(account), "allow_http": "true"}


def file_system(path: str) -> fs.FileSystem:
    """Reads and writes below the table's folder by names relative to it."""
    if in_bucket(path):
        return fs.SubTreeFileSystem(path.removeprefix(BUCKET_SCHEME), bucket_file_system())
    return fs.SubTreeFileSystem(path, fs.LocalFileSystem())


@contextmanager
def new_file(path: str, relative: str) -> Iterator[pa.NativeFile]:
    """A file below the table's folder to be written; at the end it is on the disk. Gone where that fails."""
    files = file_system(path)
    if not in_bucket(path):
        files.create_dir(relative.rpartition("/")[0], recursive=True)
    try:
        with files.open_output_stream(relative) as stream:
            yield stream
        if not in_bucket(path):
            sync(Path(path, relative))
    except BaseException:
        remove_files(path, [relative])
        raise


def remove_files(path: str, relative: Iterable[str]) -> None:
    """Removes files below the table's folder; one that is not there is removed already."""
    files = file_system(path)
    for each in relative:
        if files.get_file_info(each).type != fs.FileType.NotFound:
            files.delete_file(each)


def size_of(path: str, relative: str) -> int:
    """Bytes of a file below the table's folder."""
    return int(file_system(path).get_file_info(relative).size)


def list_files(path: str, relative: str) -> list[fs.FileInfo]:
    """The files right in a folder below the table's; none where there is no such folder."""
    selector = fs.FileSelector(relative, allow_not_found=True)
    return [info for info in file_system(path).get_file_info(selector) if info.type == fs.FileType.File]


def sync(path: Path) -> None:
    """What was written into the file, or linked in the folder, is there after a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def empty_entry(path: str, version: int) -> str | None:
    """The name of an entry of a folder's log that has no bytes, among those since the newest checkpoint. The
    library takes one for a version in which nothing happened; a power cut leaves such a file where whoever
    wrote it did not sync it."""
    if in_bucket(path):
        return None
    log = Path(path, LOG)
    try:
        first = int(json.loads((log / "_last_checkpoint").read_bytes())["version"]) + 1
    except (FileNotFoundError, ValueError, KeyError):
        first = 0
    entries = (log / f"{each:020}.json" for each in range(first, version + 1))
    return next((each.name for each in entries if each.exists() and each.stat().st_size == 0), None)


def sync_log(path: str, version: int) -> None:
    """The library links its entry of a folder's log and does not sync it."""
    if not in_bucket(path):
        log = Path(path, LOG)
        sync(log / f"{version:020}.json")
        sync(log)


def trouble_at(path: str, error: Exception) -> InvalidInput | Infrastructure:
    """What an error of the library or of the store means, in one line: a place that cannot be used, or one
    that may answer when it is asked again."""
    words = " ".join(_COLOURS.sub("", str(error)).split())
    if (damage := _damage_of_log(words)) is not None:
        return InvalidInput(
            f"The log of the Delta table at {path} is damaged: {damage}. Put {LOG} back from a copy, or name "
            "another folder with --sink-path."
        )
    if not in_bucket(path):
        return InvalidInput(f"The Delta table at {path} cannot be read: {words[:300]}.")
    if (no_rights := _NO_RIGHTS.search(words)) is not None:
        return InvalidInput(
            f"The Delta table at {path} cannot be used: the bucket refuses it ({no_rights.group()}). "
            "Give this account storage.objects get, list, create and delete, or name another place with "
            "--sink-path."
        )
    if _NO_BUCKET.search(words):
        return InvalidInput(
            f"The Delta table at {path} cannot be used: there is no such bucket. Make it, or name another "
            "place with --sink-path."
        )
    return Infrastructure(f"The Delta table at {path} did not answer: {words[:300]}.")


# The library's words, and what they mean to somebody who looks into the folder.
_DAMAGE = (
    ("found gap", "a version is missing between others"),
    ("No table metadata or protocol found", "its first version is missing"),
    ("didn't find any checkpoints", "the checkpoint that _last_checkpoint names is missing"),
    ("Json error", "an entry is no whole JSON"),
    ("Arrow error", "a checkpoint is no whole Parquet file"),
)


def _damage_of_log(words: str) -> str | None:
    if "Kernel error" not in words:
        return None
    return next((meaning for sign, meaning in _DAMAGE if sign in words), None)


def refuse_new_place(path: str) -> None:
    """InvalidInput where a new table cannot be begun: no folder, foreign files, inside another table, no hard
    links, no rights."""
    if in_bucket(path):
        try:
            _refuse_inside_a_table(path)
            _refuse_foreign_files(path)
        except OSError as error:
            raise trouble_at(path, error) from error
        return
    _refuse_inside_a_table(path)
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_foreign_files(path)
        # The library's own log entries are put in place by a link: put if absent.
        mark, twin = (folder / f".{uuid.uuid4().hex}" for _ in range(2))
        try:
            mark.touch()
            os.link(mark, twin)
        finally:
            mark.unlink(missing_ok=True)
            twin.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"A Delta table cannot be kept in {path}: {error.strerror or error}. It must be a "
            "writable folder on a file system with hard links; name another with --sink-path."
        ) from error


def _refuse_inside_a_table(path: str) -> None:
    """Whoever keeps that table clean would remove the files of this one."""
    scheme = BUCKET_SCHEME if in_bucket(path) else ""
    for above in PurePosixPath(path.removeprefix(scheme)).parents:
        around = f"{scheme}{above}"
        is_place = str(above) not in (".", "/")
        if is_place and file_system(around).get_file_info(LOG).type == fs.FileType.Directory:
            raise InvalidInput(
                f"{path} lies inside the Delta table at {around}, whose vacuum would remove its files: name "
                "another folder with --sink-path."
            )


def _refuse_foreign_files(path: str) -> None:
    there = file_system(path).get_file_info(fs.FileSelector("", allow_not_found=True))
    foreign = next((info.base_name for info in there if info.base_name != LOG), None)
    if foreign is not None:
        raise InvalidInput(
            f"{path} is no Delta table and not empty ({foreign[:80]}): name an empty folder with --sink-path."
        )
