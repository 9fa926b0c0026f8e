"""What a sink is: the place of the paths. Points, quantiles, metadata and the ledger are PostgreSQL's always.

A sink writes the dates of a task (`write`), commits those of a batch behind the fence (`commit`), and reads
dates back (`read_paths`). It is opened once in the driver of a batch and then sent to its tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:  # a reader of a table needs none of these
    import psycopg

    from sevenfold_jobs.common.batch import Batch
    from sevenfold_jobs.common.clock import Clock
    from sevenfold_jobs.common.task import Task
    from sevenfold_jobs.forecast_infer.forecasts import Forecasts
    from sevenfold_jobs.forecast_infer.request import Request

Fence = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class StoredPaths:
    """Rows of paths in the order of date and path: `dates` (n,) datetime64[D], `ids` (n,) int32,
    `cutoffs` (n,) datetime64[D], `days` (n, h) float32 with NaN for null, `beyond` (n,) how many later
    days have a value. `lost` names files of which something could not be read, and then rows are missing."""

    dates: np.ndarray
    ids: np.ndarray
    cutoffs: np.ndarray
    days: np.ndarray
    beyond: np.ndarray
    lost: tuple[str, ...] = ()


class Sink(Protocol):
    """One place of paths. Instances are small and can be pickled."""

    name: str

    @property
    def id(self) -> str:
        """What `path_fingerprints.sink` calls it, once it is opened."""

    def opened(self, connection: psycopg.Connection, commodity: str, version: str) -> Sink:
        """In the driver, before the first task: makes what is not there yet. InvalidInput where the place
        cannot be used, with what to do."""

    def to_read(self, connection: psycopg.Connection, commodity: str, version: str) -> Sink:
        """As `opened`, for somebody who only reads: makes nothing."""

    def write(
        self, connection: psycopg.Connection, task: Task, fence: Fence, forecasts: Forecasts, watch: Clock
    ) -> Answer:
        """In a task: writes the rows of its dates and checks them as they are stored. What it answers goes
        to `commit`. Raises whatever is wrong, and then nothing of it is ever visible."""

    def commit(self, batch: Batch, request: Request, answers: Sequence[Answer]) -> dict[str, float]:
        """In the driver, after the last task: makes visible what the tasks wrote, with the ledger, behind the
        fence. Answers seconds by stage. Raises Fenced where a newer attempt has a unit."""

    def made(self, connection: psycopg.Connection, request: Request, fence: Fence) -> int:
        """How many dates this attempt has made so far: for progress alone."""

    def read_paths(
        self,
        connection: psycopg.Connection,
        commodity: str,
        version: str,
        dates: Sequence[date],
        horizon: int,
        paths: int | None = None,
    ) -> StoredPaths:
        """The paths of the dates, up to number `paths` where that is given; the caller bounds the dates."""

    def extra_paths(
        self, connection: psycopg.Connection, commodity: str, version: str, dates: Sequence[date], paths: int
    ) -> dict[date, tuple[int, int]]:
        """For dates with more than `paths` paths: how many there are beyond them, and the first."""

    def put(
        self,
        connection: psycopg.Connection,
        commodity: str,
        version: str,
        rows: StoredPaths,
        fingerprints: Mapping[date, str],
    ) -> None:
        """Replaces the dates of the rows (all of them, with all days of a path) by the rows, as another
        sink holds them, with what they were made of. Commits. The sink was `opened`, and no run writes
        these dates."""
