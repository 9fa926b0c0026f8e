"""The source: Parquet or CSV, and nothing that would run code on being read."""

import hashlib
import io
import pickletools
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import shown

_PICKLE_ENDINGS = (".pkl", ".pickle", ".joblib", ".p", ".pck", ".dill")
_PARQUET = b"PAR1"
# What else begins so that it is known; a pickle of protocol 2 and later begins with 0x80 and its protocol.
_OTHERS = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a ZIP archive (or a workbook)",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"ARROW1": "an Arrow file",
    b"ORC": "an ORC file",
}
_NULLS = ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL"]


def read_source(path: str | Path, sha256: str | None = None) -> pa.Table:
    """All columns and rows in the order of the file.

    Raises InvalidInput for a file that is neither Parquet nor CSV, has no rows, names a column twice, or
    whose bytes are not those of `sha256`.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error.strerror or error}.") from error
    _refuse_other_formats(path, content)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise InvalidInput(f"{path.name} was altered after the run was planned: start the run again.")
    table = _read_parquet(path, content) if content.startswith(_PARQUET) else _read_csv(path, content)
    twice = [name for name in dict.fromkeys(table.column_names) if table.column_names.count(name) > 1]
    if twice:
        raise InvalidInput(f"{path.name} has column {shown(twice[0])} twice: rename one of them.")
    if table.num_rows == 0:
        raise InvalidInput(f"{path.name} has no rows.")
    return table


def _refuse_other_formats(path: Path, content: bytes) -> None:
    if _is_pickle(path, content):
        raise InvalidInput(
            f"{path.name} is a pickle, which runs code when it is read: write it as Parquet or CSV."
        )
    for beginning, name in _OTHERS.items():
        if content.startswith(beginning):
            raise InvalidInput(f"{path.name} is {name}: write it as Parquet or CSV.")
    if path.suffix.lower() == ".parquet" and not content.startswith(_PARQUET):
        raise InvalidInput(f"{path.name} is no Parquet file, although its name says so: write it again.")


def _is_pickle(path: Path, content: bytes) -> bool:
    if path.suffix.lower() in _PICKLE_ENDINGS:
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


def _read_parquet(path: Path, content: bytes) -> pa.Table:
    try:
        # Its own metadata stays with the schema: generated data says there that it is.
        return pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path.name} is a damaged Parquet file: {_first_line(error)}.") from error


def _read_csv(path: Path, content: bytes) -> pa.Table:
    header = content.split(b"\n", 1)[0]
    delimiter = max(b",", b";", b"\t", key=header.count).decode()
    try:
        return pa.csv.read_csv(
            io.BytesIO(content),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(null_values=_NULLS, strings_can_be_null=True),
        )
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{path.name} is neither Parquet nor CSV that can be read: {_first_line(error)}."
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
