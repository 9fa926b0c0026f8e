"""What `forecast_train` is asked."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast import models
from sevenfold_jobs.forecast.store import Window


@dataclass(frozen=True)
class Work:
    """One training window: `model_version` is its unit's, `train_version` the one it is stored under (they
    differ where only options of the forecasts do)."""

    model: str
    model_version: str
    train_version: str
    training_date: date

    def described(self) -> dict[str, str]:
        """As results name it."""
        return {
            "model": self.model,
            "modelVersion": self.model_version,
            "trainingDate": self.training_date.isoformat(),
        }


@dataclass(frozen=True)
class Request:
    """All windows are of one commodity and one calendar. `settings` holds its covariates."""

    commodity: str
    calendar: str
    train_frequency: str
    replace: bool
    object_folder: str
    minimum_rows: int
    settings: dict[str, Any]
    works: list[Work]

    def window(self, work: Work) -> Window:
        """The key of the work's model."""
        key = models.load(work.model).KEY
        return Window(self.commodity, key, work.train_version, self.train_frequency, work.training_date)


def read_request(given: dict[str, Any]) -> Request:
    """Raises InvalidInput for an unknown model or a date that is none."""
    works = [_read_work(window) for window in given["windows"]]
    for work in works:
        models.load(work.model)
    return Request(
        commodity=given["commodity"],
        calendar=given["calendar"],
        train_frequency=given["trainFrequency"],
        replace=given.get("replace", False),
        object_folder=given["objectFolder"],
        minimum_rows=given["minimumRows"],
        settings=given.get("settings", {}),
        works=works,
    )


def _read_work(window: dict[str, Any]) -> Work:
    text = window["trainingDate"]
    try:
        training_date = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"Training date {text!r} is not a date: write it as YYYY-MM-DD.") from None
    version = window["modelVersion"]
    return Work(window["model"], version, window.get("trainVersion", version), training_date)
