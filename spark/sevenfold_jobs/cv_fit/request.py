"""What `cv_fit` is asked."""

from dataclasses import dataclass
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.naming import known_name
from sevenfold_jobs.cv.request import TASKS

MODES = ("pandas", "mp", "spark")


@dataclass(frozen=True)
class Fit:
    """One model on one fold; `unit` is its unit of the ledger."""

    unit: str
    fit_key: str
    model: str
    fold: int
    params: dict[str, Any]
    params_hash: str
    seed: int
    threads: int
    estimate_mb: float

    @property
    def name(self) -> str:
        """As messages say it."""
        return f"{self.model} on fold {self.fold}"


@dataclass(frozen=True)
class Request:
    """`fits` come in the order in which they should start; `memory_mb` is for all that run at once."""

    data_version: str
    object_root: str
    task: str
    mode: str
    processes: int
    memory_mb: float
    run_type: str
    parity: bool
    horizons: list[float]
    fits: list[Fit]


def read_request(given: dict[str, Any]) -> Request:
    """Raises InvalidInput for an unknown task, mode or model, and for no process or no thread."""
    task = known_name("Task", given["task"], TASKS)
    fits = [_read_fit(each, task) for each in given["fits"]]
    processes = int(given.get("processes", 1))
    if processes < 1:
        raise InvalidInput(f"{processes} processes fit nothing: ask for at least 1.")
    return Request(
        data_version=given["dataVersion"],
        object_root=given["objectRoot"].rstrip("/"),
        task=task,
        mode=known_name("Mode", given["mode"], MODES),
        processes=processes,
        memory_mb=float(given["memoryMb"]),
        run_type=given["runType"],
        parity=bool(given.get("parity", False)),
        horizons=[float(each) for each in given.get("horizons") or []],
        fits=fits,
    )


def _read_fit(given: dict[str, Any], task: str) -> Fit:
    fit = Fit(
        unit=given["unit"],
        fit_key=given["fitKey"],
        model=given["model"],
        fold=int(given["fold"]),
        params=given["params"],
        params_hash=given["paramsHash"],
        seed=int(given["seed"]),
        threads=int(given["threads"]),
        estimate_mb=float(given.get("estimateMb") or 0.0),
    )
    if fit.threads < 1:
        raise InvalidInput(f"{fit.name} was given {fit.threads} threads: give at least 1.")
    if task == "survival":
        from sevenfold_jobs.survival.models import NAMES

        known_name("Model", fit.model, NAMES)
    else:
        known_name("Model", fit.model, ("lightgbm",))
    return fit
