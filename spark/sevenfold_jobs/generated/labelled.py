"""A table that says what made it."""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

METADATA_KEY = b"sevenfold"
_START = np.datetime64("2000-01-01T00:00:00", "ms")
_HOUR = np.timedelta64(3_600_000, "ms")


def label(
    table: pa.Table, generator: str, seed: int, components: Mapping[str, str], parity: bool = False
) -> pa.Table:
    """The table with its origin in the schema's metadata. `components`: what was added to which column."""
    origin = {
        "generator": generator,
        "seed": seed,
        "parity": parity,
        "synthetic": True,
        "components": dict(components),
    }
    return table.replace_schema_metadata({METADATA_KEY: json.dumps(origin).encode()})


def hourly(features: np.ndarray, target: np.ndarray) -> pa.Table:
    """`date` (hours from 2000-01-01 00:00), `feature_0` …, `target`, from (rows, columns) and (rows,)."""
    dates = _START + np.arange(len(features)) * _HOUR
    columns = {"date": pa.array(dates, pa.timestamp("ms"))}
    for number in range(features.shape[1]):
        columns[f"feature_{number}"] = pa.array(features[:, number])
    columns["target"] = pa.array(target)
    return pa.table(columns)
