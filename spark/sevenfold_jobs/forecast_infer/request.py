"""What the job is asked for, and how it is cut into tasks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast import models
from sevenfold_jobs.forecast.paths import DRAWS, MOST_DAYS
from sevenfold_jobs.forecast.store import Window

# 60 dates of 2,000 paths are 120,000 rows, 16 MB on the wire: large enough that a commit costs nothing.
DATES_IN_A_TASK = 60


@dataclass(frozen=True)
class Work:
    """Dates of one training window, in order: one task, one transaction."""

    training_date: date
    dates: tuple[date, ...]


@dataclass(frozen=True)
class Request:
    """Which forecasts: the options that decide their bytes, and the work."""

    commodity: str
    model: str
    model_version: str
    calendar: str
    train_frequency: str
    train_version: str
    paths: int
    horizon: int
    seed: int
    draw: str
    object_folder: str
    #: Where the paths go, `{name, path?}`; none: `distributions` of PostgreSQL.
    sink: dict[str, Any] | None
    works: tuple[Work, ...]

    @property
    def dates(self) -> list[date]:
        """All dates, window by window."""
        return [day for work in self.works for day in work.dates]

    def window(self, training_date: date) -> Window:
        """The stored model of a training date."""
        return Window(self.commodity, self.model, self.train_version, self.train_frequency, training_date)


def read_request(given: dict[str, Any]) -> Request:
    """The batch's input. InvalidInput for an unknown model and for options out of bounds."""
    model = models.load(given["model"])
    paths, horizon, draw = given["paths"], given["horizon"], given["draw"]
    task_dates = given.get("taskDates", DATES_IN_A_TASK)
    if not (isinstance(paths, int) and paths >= 1):
        raise InvalidInput(f"paths is {paths!r}: it is a whole number from 1 on.")
    if not (isinstance(horizon, int) and 1 <= horizon <= MOST_DAYS):
        raise InvalidInput(f"horizon is {horizon!r}: it is a whole number from 1 to {MOST_DAYS}.")
    if draw not in DRAWS:
        raise InvalidInput(f"draw is {draw!r}: it is {' or '.join(DRAWS)}.")
    if not (isinstance(task_dates, int) and task_dates >= 1):
        raise InvalidInput(f"taskDates is {task_dates!r}: it is a whole number from 1 on.")
    return Request(
        commodity=given["commodity"],
        model=model.KEY,
        model_version=given["modelVersion"],
        calendar=given["calendar"],
        train_frequency=given["trainFrequency"],
        train_version=given["trainVersion"],
        paths=paths,
        horizon=horizon,
        seed=given["seed"],
        draw=draw,
        object_folder=given["objectFolder"],
        sink=given.get("sink"),
        works=tuple(_works(given["windows"], task_dates)),
    )


def _works(windows: Iterable[dict[str, Any]], task_dates: int) -> Iterable[Work]:
    """Each window in even parts of at most `task_dates`: with 124 dates, none is left with four."""
    for window in sorted(windows, key=lambda window: window["trainingDate"]):
        training_date = date.fromisoformat(window["trainingDate"])
        dates = sorted(date.fromisoformat(day) for day in set(window["dates"]))
        parts = -(-len(dates) // task_dates)
        for part in range(parts):
            low, high = part * len(dates) // parts, (part + 1) * len(dates) // parts
            yield Work(training_date, tuple(dates[low:high]))
