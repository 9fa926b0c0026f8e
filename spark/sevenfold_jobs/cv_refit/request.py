"""What `cv_refit` is asked."""

import re
from dataclasses import dataclass
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.naming import known_name
from sevenfold_jobs.cv.request import TASKS


@dataclass(frozen=True)
class Request:
    """`fits` are `{model, fold, paramsHash, fitKey}` of the run; `trees` only where a booster has them."""

    data_version: str
    object_root: str
    result_root: str
    task: str
    run_type: str
    stamp: str
    run_id: str
    model: str
    params: dict[str, Any]
    params_hash: str
    trees: int | None
    fits: list[dict[str, Any]]
    seed: int
    threads: int
    horizons: list[float]
    name: str

    @property
    def model_folder(self) -> str:
        """Below the result root."""
        return f"models/{self.run_type}_{self.model}_{self.stamp}"

    def predictions(self, kind: str) -> str:
        """Below the result root."""
        return f"predictions/{kind}_predictions_{self.run_type}_{self.stamp}.csv"


def read_request(given: dict[str, Any]) -> Request:
    """Raises InvalidInput for an unknown task and a stamp that is no part of a file's name."""
    selection = given["selection"]
    stamp = given["stamp"]
    if not re.fullmatch(r"[0-9A-Za-z_-]+", stamp):
        raise InvalidInput(f"Stamp {stamp!r} is none: write it as yyyymmdd_hhmmss.")
    trees = selection.get("trees")
    return Request(
        data_version=given["dataVersion"],
        object_root=given["objectRoot"].rstrip("/"),
        result_root=given["resultRoot"].rstrip("/"),
        task=known_name("Task", given["task"], TASKS),
        run_type=given["runType"],
        stamp=stamp,
        run_id=given["runId"],
        model=selection["model"],
        params=selection["params"],
        params_hash=selection["paramsHash"],
        trees=None if trees is None else int(trees),
        fits=given["fits"],
        seed=int(given["seed"]),
        threads=int(given["threads"]),
        horizons=[float(each) for each in given.get("horizons") or []],
        name=given["name"],
    )
