"""A few features of generated data as series, so that a person sees what was generated."""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.cv.roles import Table

_FEATURES, _POINTS = 4, 200
_KEY = b"sevenfold"


def generator_of(source: pa.Table) -> dict[str, Any] | None:
    """What the file's metadata says of the generator that made it; None for other files."""
    metadata = source.schema.metadata or {}
    try:
        found = json.loads(metadata[_KEY])
    except (KeyError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def samples_of(table: Table, generator: dict[str, Any] | None) -> dict[str, Any]:
    """`{samples: [{name, component, values}], generator}`: a feature of each component, its first rows.

    Empty for data that were not generated.
    """
    if generator is None:
        return {}
    components: dict[str, str] = generator.get("components") or {}
    chosen: dict[str, str] = {}
    for name in table.numbers:
        component = components.get(name)
        if component is not None and component not in chosen:
            chosen[component] = name
    samples = [
        {"name": name, "component": component, "values": _values(table.numbers[name])}
        for component, name in list(chosen.items())[:_FEATURES]
    ]
    return {
        "samples": samples,
        "generator": {key: value for key, value in generator.items() if key != "components"},
    }


def _values(column: np.ndarray) -> list[float | None]:
    step = max(1, len(column) // _POINTS) if len(column) > 50 * _POINTS else 1
    return [round(float(value), 4) if np.isfinite(value) else None for value in column[::step][:_POINTS]]
