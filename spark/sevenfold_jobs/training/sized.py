"""How large a training of a file would be: a request on standard input, one JSON object on standard output.

Not a batch: it reads of Parquet what the files say of themselves, and counts the lines of text.
"""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.asked import answer_request
from sevenfold_jobs.common.door.content import parts_of
from sevenfold_jobs.common.door.layout import layout_of
from sevenfold_jobs.common.door.limits import most_bytes
from sevenfold_jobs.training.size import needed_bytes, settled_columns
from sevenfold_jobs.training.splits import how

_HEAD = 1 << 20
_READ_AT_ONCE = 1 << 24


def main() -> int:
    """`{source, name, settings}` in; what `sized` gives, or `{errorType, message}`, out."""
    return answer_request(lambda request: sized(Path(request["source"]), request["settings"]))


def sized(source: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """`{rows, columns, bytes, roomBytes, validation, folds}`.

    What is neither Parquet nor text counts as text, and is refused when it is read.
    """
    rows, columns = 0, 0
    for part in parts_of(source) if source.is_dir() else [source]:
        try:
            with pq.ParquetFile(part) as file:
                rows, columns = rows + file.metadata.num_rows, len(file.schema_arrow)
        except (pa.ArrowException, OSError):
            lines, columns = _lines_and_fields(part)
            rows += max(lines - 1, 0)
    needed = needed_bytes(rows, settled_columns(columns, settings))
    validation, folds = how(rows, settings["validation"], settings["folds"], settings["date"] is not None)
    return {
        **{"rows": rows, "columns": columns, "bytes": needed, "roomBytes": most_bytes()},
        **{"validation": validation, "folds": folds},
    }


def _lines_and_fields(part: Path) -> tuple[int, int]:
    lines, last = 0, b""
    with part.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(0)
        while piece := file.read(_READ_AT_ONCE):
            lines, last = lines + (piece.count(b"\n") or piece.count(b"\r")), piece[-1:]
    layout = layout_of(head)
    header = head[layout.start :].splitlines()[:1] or [b""]
    fields = layout.names(header[0].decode("utf-8", "replace").split(layout.separator))
    return lines + (last not in (b"\n", b"\r", b"")), len(fields)


if __name__ == "__main__":
    sys.exit(main())
