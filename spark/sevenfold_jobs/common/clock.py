"""Seconds by stage, for results and benchmarks."""

import time


class Clock:
    """Each stage lasts from the end of the one before."""

    def __init__(self, digits: int = 3) -> None:
        self.seconds: dict[str, float] = {}
        self._digits = digits
        self._since = time.monotonic()

    def lap(self, stage: str) -> None:
        """Ends a stage."""
        now = time.monotonic()
        self.seconds[stage] = round(now - self._since, self._digits)
        self._since = now
