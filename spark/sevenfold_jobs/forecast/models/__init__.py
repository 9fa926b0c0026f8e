"""The registry of models: one file here is one model, and has what `ForecastModel` says."""

import difflib
import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, cast

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.series import Series

State = dict[str, Any]

# A move beyond so many standard deviations of the pool makes an unusual origin.
UNUSUAL_MOVE = 6.0

USES = ("level", "spread")


@dataclass(frozen=True)
class Forecast:
    """Points (dates × horizon, float64) and for each date the pool of one-day errors, its mean 0."""

    points: np.ndarray
    pools: Sequence[np.ndarray]


@dataclass(frozen=True)
class Covariate:
    """A column of the prices and its use as a feature: its `level`, or the close's `spread` over it."""

    name: str
    use: str = "level"


class ForecastModel(Protocol):
    """What the file of a model has, and optionally `ALIASES`; a test holds every file against it."""

    #: Its name in tables and requests, and its name on pages.
    KEY: str
    NAME: str
    #: What is refreshed for each date.
    NOTES: str
    #: What is fixed, as JSON.
    PARAMETERS: dict[str, Any]

    def train(self, series: Series, settings: dict[str, Any]) -> State:
        """The state, plain JSON, from the rows before the training date.

        It has at least `model` (the key), `start` (ISO date of the first row used) and `samples` (rows).
        """

    def forecast(
        self, state: State, series: Series, positions: np.ndarray, horizon: int, days: np.ndarray
    ) -> Forecast:
        """Many dates, each from the rows up to its position alone. `days` are `Prices.projected_days`."""


def load(key: str) -> ForecastModel:
    """The model. InvalidInput, with the nearest name, for one that is not there."""
    module = _modules().get(key)
    if module is None:
        names = keys()
        near = difflib.get_close_matches(key, _modules(), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InvalidInput(f'Model "{key}" is unknown: {hint}The models are {", ".join(names)}.')
    return module


def keys() -> list[str]:
    """Keys of all models, sorted."""
    return sorted({module.KEY for module in _modules().values()})


@cache
def _modules() -> dict[str, ForecastModel]:
    """By key and by alias. A module imports what is large (XGBoost, statsmodels) when it first needs it."""
    found: dict[str, ForecastModel] = {}
    for file in pkgutil.iter_modules(__path__):
        module = cast(ForecastModel, importlib.import_module(f"{__name__}.{file.name}"))
        for name in (module.KEY, *getattr(module, "ALIASES", ())):
            if name in found:
                raise RuntimeError(f"{module.KEY} and {found[name].KEY} both call themselves {name}")
            found[name] = module
    return found


def read_covariates(settings: dict[str, Any], series: Series) -> list[Covariate]:
    """The covariates of the settings; where they name none, all of the series as levels.

    InvalidInput for one that is not in the data or has no known use.
    """
    named = settings.get("covariates", [{"name": name} for name in series.covariates])
    chosen = [Covariate(given["name"], given.get("use", "level")) for given in named]
    for covariate in chosen:
        if covariate.use not in USES:
            raise InvalidInput(
                f"Covariate {covariate.name} of {series.commodity} has use {covariate.use!r}: "
                f"it is {' or '.join(USES)}."
            )
    refuse_missing(chosen, series)
    return chosen


def refuse_missing(covariates: Sequence[Covariate], series: Series) -> None:
    """InvalidInput for a covariate without a column, or without a value anywhere."""
    for covariate in covariates:
        values = series.covariates.get(covariate.name)
        if values is None or np.isnan(values).all():
            there = ", ".join(series.covariates) or "none"
            raise InvalidInput(
                f"{series.commodity} has no values of covariate {covariate.name} "
                f"up to {series.dates[-1] if len(series) else 'that day'} (its covariates: {there})."
            )


def refuse_short(series: Series, rows: int, what: str) -> None:
    """InvalidInput where the series is too short for `what`."""
    if len(series) < rows:
        raise InvalidInput(f"{series.commodity} has {len(series)} rows, {what} needs {rows}.")


def recent_moves(series: Series, position: int, count: int) -> np.ndarray:
    """The newest `count` one-day differences up to the position, less their mean."""
    return centred(np.diff(series.close[max(position - count, 0) : position + 1]))


def centred(errors: np.ndarray) -> np.ndarray:
    """The errors less their mean."""
    return errors - errors.mean()


def unusual_origins(series: Series, positions: np.ndarray, pools: Sequence[np.ndarray]) -> np.ndarray:
    """Whether the last move before each cutoff lies beyond 6 standard deviations of the date's pool."""
    moves = np.abs(series.close[positions] - series.close[np.maximum(positions - 1, 0)])
    return moves > UNUSUAL_MOVE * np.array([pool.std() for pool in pools])
