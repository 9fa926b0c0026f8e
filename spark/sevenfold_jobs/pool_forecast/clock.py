"""Seconds by stage, for results and benchmarks."""

import time


class Clock:
    """Each stage lasts from the end of the one before."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def lap(self, stage: str) -> None:
        """Ends a stage."""
        now = time.monotonic()
        self.seconds[stage] = round(now - self._since, 3)
        self._since = now
