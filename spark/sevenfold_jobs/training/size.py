"""How much a training holds in memory, estimated before anything is fitted."""

from typing import Any

from sevenfold_jobs.common.door.limits import most_bytes
from sevenfold_jobs.common.failures import InvalidInput

# A value as Arrow reads it, as float64 of the encoded rows, as a bin of a booster, and what lies between.
BYTES_A_CELL = 20
_GB = 2**30


def needed_bytes(rows: int, columns: int) -> int:
    """What fits of such a table hold."""
    return rows * columns * BYTES_A_CELL


def settled_columns(columns: int, settings: dict[str, Any]) -> int:
    """How many columns of a file may become features, the target among them."""
    if settings["features"] is not None:
        return len(settings["features"]) + 1
    return columns - len(settings["exclude"])


def refuse_too_large(name: str, rows: int, columns: int) -> None:
    """InvalidInput, with the estimate, for a table whose fits would hold more than half of the memory."""
    needed, most = needed_bytes(rows, columns), most_bytes()
    if needed > most:
        estimate, allowed = f"{needed / _GB:,.1f} GB", f"{most / _GB:,.1f} GB"
        raise InvalidInput(
            f"{name} has {rows:,} rows of {columns:,} columns, for which fits hold about {estimate}, "
            f"and half of the memory here is {allowed}: name fewer columns (--features), give a sample of "
            "the rows, or let the tasks of a cluster share them (--engine standalone --path distributed)."
        )
