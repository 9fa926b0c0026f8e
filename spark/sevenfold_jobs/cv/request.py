"""What `cv_prepare` is asked."""

from dataclasses import dataclass
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.naming import known_name

TASKS = ("survival", "classification", "regression")
#: `auto` is decided by the columns (cv/defaults.py).
SPLITTERS = ("stratified", "timeSeries", "given", "auto")


@dataclass(frozen=True)
class Request:
    """`given` is the request as it came: what is stored as the data's settings."""

    given: dict[str, Any]
    path: str
    name: str
    source: str
    source_sha256: str
    data_version: str
    object_root: str
    task: str
    time: str | None
    event: str | None
    target: str | None
    id: str | None
    date: str | None
    fold_column: str | None
    features: list[str] | None
    exclude: list[str]
    categorical: list[str] | None
    strata: list[str] | None
    complete_rows: bool
    folds: int
    splitter: str
    gap: int
    seed: int
    horizons: list[float]
    parity: bool
    lightgbm: dict[str, Any]


def read_request(given: dict[str, Any]) -> Request:
    """Raises InvalidInput for an unknown task or splitter, fewer than two folds, a negative gap."""
    task = known_name("Task", given["task"], TASKS)
    splitter = known_name("Splitter", given.get("splitter", "auto"), SPLITTERS)
    folds = int(given["folds"])
    if folds < 2:
        raise InvalidInput(f"{folds} folds leave nothing to train on: take at least 2.")
    gap = int(given.get("gap") or 0)
    if gap < 0:
        raise InvalidInput(f"A gap of {gap} rows is none: take 0 or more.")
    seed = int(given["seed"])
    if not 0 <= seed < 2**32:
        raise InvalidInput(f"Seed {seed} is outside 0..{2**32 - 1}.")
    if splitter == "given" and not given.get("foldColumn"):
        raise InvalidInput("Given folds need the column that holds them: name it as foldColumn.")
    return Request(
        given={key: value for key, value in given.items() if key != "path"},
        path=given["path"],
        name=given["name"],
        source=given["source"],
        source_sha256=given["sourceSha256"],
        data_version=given["dataVersion"],
        object_root=given["objectRoot"].rstrip("/"),
        task=task,
        time=given.get("time"),
        event=given.get("event"),
        target=given.get("target"),
        id=given.get("id"),
        date=given.get("date"),
        fold_column=given.get("foldColumn"),
        features=given.get("features") or None,
        exclude=given.get("exclude") or [],
        categorical=given.get("categorical"),
        strata=given.get("strata") or None,
        complete_rows=bool(given.get("completeRows", False)),
        folds=folds,
        splitter=splitter,
        gap=gap,
        seed=seed,
        horizons=[float(each) for each in given.get("horizons") or []],
        parity=bool(given.get("parity", False)),
        lightgbm=given.get("lightgbm") or {},
    )
