"""The survival models: one file here is one model, and has what `SurvivalModel` says.

A fit of the same input gives the same bytes. Times are above 0. Every fit runs in one thread.
"""

import difflib
import importlib
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, cast

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.parameters import check_values, table
from sevenfold_jobs.survival.cox import Baseline, breslow_baseline

NAMES = ("cox_ph", "coxnet", "weibull_aft", "cox_stratified", "gbsa", "xgb_cox", "lgb_cox", "rsf")
"""In order of simplicity: of models that are equally good, the first is kept."""

Parts = dict[str, bytes]


class Fitted(ABC):
    """A fitted model. `notes` are sentences about the fit that a reader of its figures should know."""

    def __init__(self, notes: Sequence[str] = ()) -> None:
        self.notes: list[str] = list(notes)

    @abstractmethod
    def risk(self, X: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        """(n,): higher where the event is expected sooner."""

    @abstractmethod
    def survival(self, X: np.ndarray, grid: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        """(n, m): the probability of no event up to each time of the grid (m,)."""

    @abstractmethod
    def parts(self) -> Parts:
        """The model by file name, in formats that run no code when they are read."""


class SurvivalModel(Protocol):
    """What the file of a model has; a test holds every file against it."""

    NAME: str
    #: The names of its parameters.
    PARAMETERS: tuple[str, ...]
    #: Whether it is to be given strata.
    needs_strata: bool

    def fit(
        self,
        X: np.ndarray,
        time: np.ndarray,
        event: np.ndarray,
        params: Mapping[str, Any],
        seed: int,
        strata: np.ndarray | None = None,
        strata_columns: np.ndarray | None = None,
    ) -> Fitted:
        """X (n, d) float64 without gaps, encoded; `params` holds exactly the parameters named.

        `strata` (n,) int codes and `strata_columns` (positions of the columns of X that are dummies of the
        strata, which the model leaves out by itself) matter only where `needs_strata`.
        """

    def from_parts(self, parts: Mapping[str, bytes]) -> Fitted:
        """The model of what `Fitted.parts()` gave."""


class Scored(Fitted):
    """A model of proportional hazards: a log-risk score and Breslow's baseline."""

    def __init__(self, baseline: Baseline, notes: Sequence[str] = ()) -> None:
        super().__init__(notes)
        self.baseline = baseline

    @abstractmethod
    def score(self, X: np.ndarray) -> np.ndarray:
        """The log-risk (n,)."""

    def risk(self, X: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        return self.score(X)

    def survival(self, X: np.ndarray, grid: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        return self.baseline.survival(self.score(X), grid)


class Linear(Scored):
    """A log-risk that is linear in X (n, d): X @ `coef`."""

    def __init__(self, coef: np.ndarray, baseline: Baseline, notes: Sequence[str] = ()) -> None:
        super().__init__(baseline, notes)
        self.coef = coef

    def score(self, X: np.ndarray) -> np.ndarray:
        return X @ self.coef

    def parts(self) -> Parts:
        return {
            "model.json": to_json({"notes": self.notes}),
            "model.npz": to_npz(coef=self.coef, **self.baseline.arrays()),
        }

    @staticmethod
    def from_parts(parts: Mapping[str, bytes]) -> "Linear":
        arrays = from_npz(parts["model.npz"])
        return Linear(arrays["coef"], Baseline.from_arrays(arrays), from_json(parts["model.json"])["notes"])


class Boosted(Scored):
    """A log-risk that a library's booster predicts; the baseline is fitted on its scores."""

    #: The part that holds the booster, in the library's own text.
    booster_file: str

    def __init__(self, booster: Any, baseline: Baseline, notes: Sequence[str] = ()) -> None:
        super().__init__(baseline, notes)
        self.booster = booster

    @abstractmethod
    def booster_bytes(self) -> bytes:
        """What the library reads again."""

    def parts(self) -> Parts:
        return {
            "model.json": to_json({"notes": self.notes}),
            "model.npz": to_npz(**self.baseline.arrays()),
            self.booster_file: self.booster_bytes(),
        }

    @classmethod
    def with_baseline(cls, booster: Any, X: np.ndarray, time: np.ndarray, event: np.ndarray) -> Self:
        """The booster with Breslow's baseline of the rows it was fitted on."""
        fitted = cls(booster, Baseline.empty())
        fitted.baseline = breslow_baseline(time, event, fitted.score(X))
        return fitted

    @classmethod
    def of_parts(cls, booster: Any, parts: Mapping[str, bytes]) -> Self:
        """The booster, read already, with its baseline and notes."""
        baseline = Baseline.from_arrays(from_npz(parts["model.npz"]))
        return cls(booster, baseline, from_json(parts["model.json"])["notes"])


def load(name: str) -> SurvivalModel:
    """The model. InvalidInput, with the nearest name, for one that is not there."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InvalidInput(f'Model "{name}" is unknown: {hint}The models are {", ".join(NAMES)}.')
    return cast(SurvivalModel, importlib.import_module(f"{__name__}.{name}"))


def check_params(name: str, params: Mapping[str, Any]) -> None:
    """InvalidInput unless `params` holds exactly the model's parameters, each within its range; the nearest
    name for a stranger."""
    known = load(name).PARAMETERS
    for given in params:
        if given not in known:
            near = difflib.get_close_matches(given, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InvalidInput(
                f'Parameter "{given}" of {name} is unknown: {hint}It has {", ".join(known) or "none"}.'
            )
    missing = [wanted for wanted in known if wanted not in params]
    if missing:
        raise InvalidInput(f"{name} lacks {', '.join(missing)}: its parameters are {', '.join(known)}.")
    check_values(table()["survival"][name], params, f"{name}.")


def require_events(event: np.ndarray) -> None:
    """ValueError where no row has the event."""
    if not event.any():
        raise ValueError("a Cox model needs at least one event")


def not_converged(name: str, iterations: int, penalty: str, given: float) -> str:
    """A note for a likelihood without a maximum, or far from it: the columns tell events apart too well."""
    larger = max(0.01, 10 * given)
    return (
        f"not converged after {iterations} iterations: a small penalty holds it, "
        f"--params {name}.{penalty}={larger:g}"
    )


def to_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def from_json(value: bytes) -> Any:
    return json.loads(value)


def to_npz(**arrays: np.ndarray) -> bytes:
    """Arrays as one npz; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def from_npz(value: bytes) -> dict[str, np.ndarray]:
    """ValueError for an array that would need code to read."""
    with np.load(io.BytesIO(value), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
