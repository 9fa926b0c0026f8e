"""Where a Delta table lies, and its files as tasks see them: by pyarrow alone."""

import os
import uuid
from pathlib import Path

from pyarrow import fs

from sevenfold_jobs.common.failures import InvalidInput

VERSION, COMMODITY = "model_version", "commodity"
PARTITION = (VERSION, COMMODITY)


def partition_folder(commodity: str, version: str) -> str:
    """Relative to the table. Both are made of letters that no address encodes."""
    return f"{VERSION}={version}/{COMMODITY}={commodity}"


def refuse_place(path: str) -> None:
    """InvalidInput for a place where a table cannot be kept, in one line."""
    if path.startswith("gs://"):
        raise InvalidInput(
            f"The Delta table cannot be kept at {path} yet: name a folder with --sink-path, or use "
            "--sink postgres."
        )
    if not os.path.isabs(path):
        raise InvalidInput(f"The Delta table's folder is {path[:200]!r}: give its path from / on.")
    if "%" in path:
        raise InvalidInput(
            f"The Delta table's folder is {path[-200:]!r}: the Delta library cannot write below a folder "
            "with % in its name. Name another with --sink-path."
        )


def uri_of(path: str) -> str:
    """The address that the Delta library takes: its own reading of plain paths decodes them."""
    return Path(path).as_uri()


def file_system(path: str) -> fs.FileSystem:
    """Reads and writes below the table's folder by names relative to it."""
    return fs.SubTreeFileSystem(path, fs.LocalFileSystem())


def sync_folder(path: Path) -> None:
    """What was created or linked in the folder is there after a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_folder(path: str) -> None:
    """InvalidInput where a new table cannot be begun: no folder, foreign files, no hard links."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = next((each.name for each in folder.iterdir() if each.name != "_delta_log"), None)
        if foreign is not None:
            raise InvalidInput(
                f"{path} is no Delta table and not empty ({foreign[:80]}): name an empty folder with "
                "--sink-path."
            )
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
