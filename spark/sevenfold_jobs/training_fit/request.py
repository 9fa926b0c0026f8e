"""What `training_fit` is asked."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fit:
    """A trial of a model on a fold; its parameters follow from the trials before it."""

    unit: str
    model: str
    trial: int
    fold: int

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.model}, trial {self.trial}, fold {self.fold}"


@dataclass(frozen=True)
class Request:
    """`params` are fixed values and `{low, high}` ranges by model; `memory_mb` is what one fit may hold."""

    run_id: str
    attempt: int
    data_version: str
    object_root: str
    task: str
    metric: str
    folds: int
    parallel: int
    params: dict[str, dict[str, Any]]
    max_features: int | None
    seed: int
    processes: int
    memory_mb: float
    fits: list[Fit]
    #: How many tasks of Spark share the rows of a fit on the distributed path; None on any other.
    tasks: int | None = None


def read_request(given: dict[str, Any], fence: dict[str, Any]) -> Request:
    """From the batch's input and fence."""
    return Request(
        run_id=fence["runId"],
        attempt=fence["attempt"],
        data_version=given["dataVersion"],
        object_root=given["objectRoot"].rstrip("/"),
        task=given["task"],
        metric=given["metric"],
        folds=given["folds"],
        parallel=given["parallel"],
        params=given["params"],
        max_features=given["maxFeatures"],
        seed=given["seed"],
        processes=max(1, given["processes"]),
        memory_mb=given["memoryMb"],
        tasks=given.get("tasks"),
        fits=[Fit(each["unit"], each["model"], each["trial"], each["fold"]) for each in given["fits"]],
    )
