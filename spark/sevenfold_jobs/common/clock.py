"""Seconds by stage, for results and benchmarks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds by stage: `lap` for stages that follow each other, `time` for those that recur or overlap."""

    def __init__(self, digits: int = 3) -> None:
        self.seconds: dict[str, float] = {}
        self._digits = digits
        self._since = time.monotonic()

    def lap(self, stage: str) -> None:
        """Ends a stage that began at the end of the one before."""
        now = time.monotonic()
        self.seconds[stage] = round(now - self._since, self._digits)
        self._since = now

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Adds what is done inside to a stage."""
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began
