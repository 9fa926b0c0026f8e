"""A Delta table as its newest version: its files, the newest commit of ours, and whether it is one of ours.

The Delta library must not be used before a fork, so it is imported only where a driver or a reader of its own
comes to use it.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.sinks.delta.place import (
    COMMODITY,
    LOG,
    PARTITION,
    VERSION,
    empty_entry,
    in_bucket,
    refuse_new_place,
    storage_options,
    trouble_at,
    uri_of,
)

if TYPE_CHECKING:
    from deltalake import DeltaTable

DAYS = [f"day_{day}" for day in range(1, MOST_DAYS + 1)]

#: The columns of a file; a table has those of its partition beside them. Days are single precision, as they
#: are drawn: a wider type would store no other number.
FILE_SCHEMA = pa.schema(
    [
        pa.field("path_id", pa.int32(), nullable=False),
        pa.field("forecast_start_date", pa.date32(), nullable=False),
        pa.field("data_cutoff_date", pa.date32(), nullable=False),
        pa.field("generation_timestamp", pa.timestamp("us", "UTC"), nullable=False),
        *(pa.field(day, pa.float32()) for day in DAYS),
        pa.field("is_actuals", pa.bool_(), nullable=False),
        pa.field("has_data_leakage", pa.bool_(), nullable=False),
    ]
)
TABLE_SCHEMA = pa.schema(
    [*list(FILE_SCHEMA)[:4], *(pa.field(name, pa.string()) for name in PARTITION), *list(FILE_SCHEMA)[4:]]
)

# A checkpoint would forget removed files, and old logs are what a reader of an older version needs.
_CONFIGURATION = {"delta.enableExpiredLogCleanup": "false"}


@dataclass(frozen=True)
class DataFile:
    """A file of the table. `path` is relative to it; `first` and `last` are the days (since 1970) that it may
    hold, all days where its writer left no statistics; `rows` are 0 where it left no count."""

    path: str
    size: int
    first: int
    last: int
    rows: int = 0


class Snapshot:
    """The table at its newest version when this was made."""

    def __init__(self, table: "DeltaTable", path: str) -> None:
        self.table = table
        self.path = path
        self.version: int = table.version()
        _refuse_foreign(table, path)

    @cached_property
    def table_id(self) -> str:
        return str(self.table.metadata().id)

    def followed(self) -> "Snapshot":
        """The newest version, by the log entries since this one alone."""
        self.table.update_incremental()
        return Snapshot(self.table, self.path)

    def recorded(self, application: str) -> int:
        """The newest number of ours that is recorded under the name; 0 where there is none."""
        return self.table.transaction_version(application) or 0

    def files(self, commodity: str, version: str) -> list[DataFile]:
        """The files of a partition, by their statistics: another writer may have renamed them."""
        rows = self._rows
        found = [
            place
            for place, (of_version, of_commodity) in enumerate(
                zip(rows[VERSION], rows[COMMODITY], strict=True)
            )
            if of_version == version and of_commodity == commodity
        ]
        files = []
        for place in found:
            first, last = rows["first"][place], rows["last"][place]
            everything = first is None or last is None
            files.append(
                DataFile(
                    unquote(rows["path"][place]),
                    rows["size"][place],
                    -(2**31) if everything else _day(first),
                    2**31 - 1 if everything else _day(last),
                    rows["rows"][place] or 0,
                )
            )
        return sorted(files, key=lambda file: (file.first, file.path))

    def versions(self, commodity: str) -> list[str]:
        """The model versions that have a file of the commodity."""
        pairs = zip(self._rows[VERSION], self._rows[COMMODITY], strict=True)
        return sorted({version for version, of_commodity in pairs if of_commodity == commodity})

    def foreign_writes(self, newest: int) -> list[str]:
        """Which of the `newest` versions somebody else has made, in words: `version 7 OPTIMIZE by
        Apache-Spark/3.5`."""
        found = []
        for entry in self.table.history(newest):
            operation = str(entry.get("operation", "?"))
            if not _is_ours(entry.get("userMetadata")) and operation not in _OF_MAINTENANCE:
                who = str(entry.get("engineInfo") or entry.get("clientVersion") or "somebody")
                found.append(f"version {entry.get('version')} {operation[:40]} by {who[:60]}")
        return found

    @cached_property
    def _rows(self) -> dict[str, list[Any]]:
        actions = pa.table(self.table.get_add_actions(flatten=True))
        names = actions.column_names

        def column(name: str) -> list[Any]:
            return actions[name].to_pylist() if name in names else [None] * actions.num_rows

        return {
            "path": column("path"),
            "size": column("size_bytes"),
            "first": column("min.forecast_start_date"),
            "last": column("max.forecast_start_date"),
            "rows": column("num_records"),
            VERSION: column(f"partition.{VERSION}"),
            COMMODITY: column(f"partition.{COMMODITY}"),
        }


def find_snapshot(path: str) -> Snapshot | None:
    """The newest version; None where nothing is there. InvalidInput for a table that is not one of ours."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    if not in_bucket(path) and not Path(path, LOG).is_dir():
        return None
    try:
        table = DeltaTable(uri_of(path), storage_options=storage_options(path))
        empty = empty_entry(path, table.version())
        if empty is None:
            return Snapshot(table, path)
    except TableNotFoundError:
        return None
    except (DeltaError, OSError) as error:
        raise trouble_at(path, error) from error
    raise InvalidInput(
        f"The log of the Delta table at {path} is damaged: its entry {empty} is empty. Put {LOG} back from "
        "a copy, or name another folder with --sink-path."
    )


def make_table(path: str) -> Snapshot:
    """Begins the table; the caller holds its lock."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    refuse_new_place(path)
    try:
        table = DeltaTable.create(
            uri_of(path),
            TABLE_SCHEMA,
            partition_by=list(PARTITION),
            name="distributions",
            description="sevenfold: paths of forecasts, one row a path",
            configuration=_CONFIGURATION,
            storage_options=storage_options(path),
        )
    except (DeltaError, OSError) as error:
        raise trouble_at(path, error) from error
    return Snapshot(table, path)


def overlapping(files: list[DataFile], days: np.ndarray) -> list[DataFile]:
    """Those that may hold one of the days (ascending, since 1970)."""
    lows = np.searchsorted(days, [file.first for file in files], side="left")
    highs = np.searchsorted(days, [file.last for file in files], side="right")
    return [file for file, low, high in zip(files, lows, highs, strict=True) if high > low]


def _refuse_foreign(table: "DeltaTable", path: str) -> None:
    protocol = table.protocol()
    versions = (protocol.min_reader_version, protocol.min_writer_version)
    if versions != (1, 2):
        raise InvalidInput(
            f"The Delta table at {path} has protocol reader {versions[0]}, writer {versions[1]}, and only "
            f"reader 1, writer 2 is written here: somebody has raised it{_features(protocol)}. Name another "
            "folder with --sink-path; other programs read this one on."
        )
    if table.metadata().configuration.get("delta.appendOnly", "false").lower() == "true":
        raise InvalidInput(
            f"The Delta table at {path} is append-only: no date can be replaced in it. Take its property "
            "delta.appendOnly back, or name another folder with --sink-path."
        )
    there = {field.name: field.type for field in pa.schema(table.schema())}
    wanted = {field.name: field.type for field in TABLE_SCHEMA}
    for name in [*wanted, *there]:
        if str(there.get(name)) != str(wanted.get(name)):
            raise InvalidInput(
                f"The Delta table at {path} is not one of forecasts: its column {name[:80]} is "
                f"{there.get(name, 'missing')}, not {wanted.get(name, 'known')}. Name another folder with "
                "--sink-path."
            )
    if tuple(table.metadata().partition_columns) != PARTITION:
        raise InvalidInput(
            f"The Delta table at {path} is not partitioned by {', '.join(PARTITION)}. Name another folder "
            "with --sink-path."
        )


def _day(day: Any) -> int:
    return int(np.datetime64(day, "D").astype(int))


def _features(protocol: Any) -> str:
    """`, for deletionVectors, timestampNtz`: what it names, if it names anything."""
    named = [*(protocol.reader_features or []), *(protocol.writer_features or [])]
    return f", for {', '.join(sorted(set(named)))}" if named else ""


# Neither changes a row.
_OF_MAINTENANCE = ("CREATE TABLE", "VACUUM START", "VACUUM END")


def _is_ours(note: Any) -> bool:
    """Whether a version's `userMetadata` is a note of ours: run, copy or drop."""
    try:
        said = json.loads(note) if isinstance(note, str) else None
    except ValueError:
        return False
    return isinstance(said, dict) and not said.keys().isdisjoint(("run", "copy", "drop"))
