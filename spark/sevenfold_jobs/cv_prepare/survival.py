"""Folds of event times: encoded once, with the grid on which every model of the fold is compared."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.arrays import put, put_array, put_json
from sevenfold_jobs.cv.chain import Chain
from sevenfold_jobs.cv.request import Request
from sevenfold_jobs.cv.roles import Table, strata_of
from sevenfold_jobs.cv.splits import Split, range_of
from sevenfold_jobs.cv_prepare.writing import FoldRow, ids_bytes
from sevenfold_jobs.survival.grid import horizons_for, time_grid
from sevenfold_jobs.survival.hazards import proportional_hazards_test

Progress = Callable[[int, str], None]


def prepare(
    request: Request, table: Table, splits: list[Split], progress: Progress
) -> tuple[list[FoldRow], dict[str, Any], list[dict[str, Any]] | None]:
    """Writes `fold_<k>/` and `all/`; returns the folds' rows, the summary and the hazards test."""
    strata, names = strata_of(table, table.strata)
    every = np.arange(len(table.rows))
    folds = []
    for each in splits:
        progress(each.fold - 1, f"fold {each.fold} of {len(splits)}")
        folds.append(_write_fold(request, table, each, strata, names))
    progress(len(splits), "all rows and the hazards test")
    _write_all(request, table, every, strata, names)
    summary = {
        "events": int(table.event.sum()),
        "strata": _strata_summary(table, strata, names),
        "strataColumns": table.strata,
        "horizons": request.horizons,
    }
    return folds, summary, _hazards(table, strata)


def _write_fold(request: Request, table: Table, fold: Split, strata: np.ndarray, names: list[str]) -> FoldRow:
    chain = _chain(request, table, fold.train)
    address = f"{request.object_root}/fold_{fold.fold}"
    for part, rows in (("train", fold.train), ("test", fold.test)):
        put_array(f"{address}/X_{part}.npy", chain.transform(table.numbers, table.categories, rows))
        put_array(f"{address}/time_{part}.npy", table.time[rows])
        put_array(f"{address}/event_{part}.npy", table.event[rows])
        put_array(f"{address}/strata_{part}.npy", strata[rows])
    put_array(f"{address}/test_rows.npy", table.rows[fold.test])
    train_time, test_time = table.time[fold.train], table.time[fold.test]
    grid = time_grid(train_time, table.event[fold.train], test_time)
    horizons = horizons_for(request.horizons, grid)
    put_json(
        f"{address}/fold.json",
        {
            "fold": fold.fold,
            "grid": _grid_json(grid),
            "horizons": horizons,
            "strataNames": names,
            "strataColumns": chain.dummies_of(table.strata),
            "columns": [each["name"] for each in chain.columns],
            "chain": chain.as_json(),
        },
    )
    return FoldRow(
        fold=fold.fold,
        train_rows=len(fold.train),
        test_rows=len(fold.test),
        train_events=int(table.event[fold.train].sum()),
        test_events=int(table.event[fold.test].sum()),
        columns=len(chain.columns),
        detail={"grid": grid.points.tolist(), "tau": grid.tau, "horizons": horizons} | _ranges(fold),
    )


def _ranges(fold: Split) -> dict[str, list[int]]:
    """First and last row of each part, where both are ranges."""
    ranges = {"train": range_of(fold.train), "test": range_of(fold.test)}
    return {} if None in ranges.values() else ranges


def _write_all(
    request: Request, table: Table, every: np.ndarray, strata: np.ndarray, names: list[str]
) -> None:
    chain = _chain(request, table, every)
    address = f"{request.object_root}/all"
    put_array(f"{address}/X.npy", chain.transform(table.numbers, table.categories, every))
    put_array(f"{address}/time.npy", table.time)
    put_array(f"{address}/event.npy", table.event)
    put_array(f"{address}/strata.npy", strata)
    put(f"{address}/ids.parquet", ids_bytes(table))
    grid = time_grid(table.time, table.event, table.time)
    put_json(
        f"{address}/fold.json",
        {
            "grid": _grid_json(grid),
            "horizons": horizons_for(request.horizons, grid),
            "strataNames": names,
            "strataColumns": chain.dummies_of(table.strata),
            "strataOf": table.strata,
            "columns": [each["name"] for each in chain.columns],
            "chain": chain.as_json(),
            "id": table.id_name,
        },
    )


def _chain(request: Request, table: Table, rows: np.ndarray) -> Chain:
    chain = Chain.fit(table.numbers, table.categories, rows)
    if not chain.kept:
        raise InvalidInput(f"{request.name}: no feature varies among {len(rows):,} training rows.")
    return chain


def _grid_json(grid: Any) -> dict[str, Any]:
    return {**vars(grid), "points": grid.points.tolist()}


def _strata_summary(table: Table, strata: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """Largest first; of equal size in the order of their names' codes."""
    rows = np.bincount(strata, minlength=len(names))
    summary = []
    for code in np.argsort(-rows, kind="stable"):
        time, event = table.time[strata == code], table.event[strata == code]
        summary.append(
            {
                "stratum": names[code],
                "rows": len(time),
                "events": int(event.sum()),
                "eventRate": round(float(event.mean()), 6),
                "meanTime": round(float(time.mean()), 6),
                "medianTime": round(float(np.median(time)), 6),
                "minTime": float(time.min()),
                "maxTime": float(time.max()),
            }
        )
    return summary


def _hazards(table: Table, strata: np.ndarray) -> list[dict[str, Any]] | None:
    """On rows without gaps; None, and a warning, where it cannot be computed: it never fails the run."""
    if not table.numbers:
        return None
    try:
        X = np.column_stack(list(table.numbers.values()))
        whole = ~np.isnan(X).any(axis=1)
        for name in table.strata:
            whole &= table.categories[name].codes >= 0
        found = proportional_hazards_test(
            X[whole], list(table.numbers), strata[whole], table.time[whole], table.event[whole]
        )
        return [{key: _plain(value) for key, value in each.items()} for each in found]
    except Exception as error:
        print(f"the hazards test failed: {error!r}", file=sys.stderr)
        why = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        table.warnings.append(f"Proportional hazards could not be tested: {why}.")
        return None


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
