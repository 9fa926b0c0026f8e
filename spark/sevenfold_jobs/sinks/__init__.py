"""Where the paths of forecasts lie: one interface (sink.py), one module or folder a sink.

The TypeScript twin is src/kinds/backfill/sinks.
"""

from collections.abc import Callable
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.sinks.sink import Sink

Place = dict[str, Any]


def _postgres(place: Place) -> Sink:
    from sevenfold_jobs.sinks.postgres import PostgresSink

    return PostgresSink()


def _delta(place: Place) -> Sink:
    from sevenfold_jobs.sinks.delta.sink import DeltaSink

    return DeltaSink(place["path"])


SINKS: dict[str, Callable[[Place], Sink]] = {"postgres": _postgres, "delta": _delta}


def sink_at(place: Place | None) -> Sink:
    """The sink of a request's `sink`: `{name, path?}`. Requests from before there were several have none."""
    name = (place or {"name": "postgres"})["name"]
    if name not in SINKS:
        raise InvalidInput(f"sink is {name!r}: it is {' or '.join(SINKS)}.")
    return SINKS[name](place or {})
