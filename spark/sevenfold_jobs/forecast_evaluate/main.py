"""Job `forecast_evaluate`: `{commodity, modelVersions, startDate, endDate, horizon, calendar, sink?}`.

Brings what is known of each forecast's days up to today's prices, and pools the scores of the range.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.scores import HORIZONS, as_stored, crps, score_forecasts, sort_paths
from sevenfold_jobs.forecast.series import Prices, read_series
from sevenfold_jobs.forecast_evaluate import reading, writing
from sevenfold_jobs.forecast_evaluate.pooled import pooled_scores
from sevenfold_jobs.forecast_evaluate.reading import Stored
from sevenfold_jobs.sinks import sink_at
from sevenfold_jobs.sinks.sink import Sink

#: Columns day_1 … day_14 of `distributions`: the actual path is as long as they let it be.
_LONGEST = 14


def run(batch: Batch) -> dict[str, Any]:
    """Scores the stored forecasts of a range.

    Each day whose close became known, or was revised, since its forecast was scored last: `actual_close`,
    `crps` (the paths of its date are read, no others) and the scores in forecast_metadata. Then
    forecast_actuals, the actual paths, and one row of forecast_evaluation a model and horizon (1, 7, 14 and
    not beyond `horizon`). A model without forecasts in the range gets no row and is named in `without`.

    Returns `{models, forecasts, rows, rescored, actualPaths, without, seconds}`, `rescored` counting days.
    Raises InvalidInput for a range that is none and unknown commodities, Fenced when a newer attempt owns
    the unit.
    """
    clock = Clock()
    commodity: str = batch.input["commodity"]
    versions: list[str] = batch.input["modelVersions"]
    first, last = date.fromisoformat(batch.input["startDate"]), date.fromisoformat(batch.input["endDate"])
    horizon = int(batch.input.get("horizon", _LONGEST))
    if first > last:
        raise InvalidInput(f"The first date {first} lies after the last date {last}: exchange them.")
    with batch.connect() as connection:
        # Committed on its own: making a leaf locks the table that all leaves hang on.
        leaf = connection.execute("select distributions_leaf(%s, 'actuals')", [commodity]).fetchone()[0]
        sink = sink_at(batch.input.get("sink"))
        sinks = {version: sink.opened(connection, commodity, version) for version in versions}
        connection.commit()
        prices = read_series(connection, commodity, batch.input.get("calendar", "trading"))
        clock.lap("prices")
        stored: dict[str, Stored] = {}
        rescored = 0
        writing.write_known_closes(connection, prices, first)
        for number, version in enumerate(versions):
            batch.progress(number, len(versions), f"scoring {version}")
            found = reading.read_stored(connection, commodity, version, first, last, horizon)
            stored[version], days = _rescore(
                batch, connection, sinks[version], prices, version, found, horizon
            )
            rescored += days
        actual_paths = _write_actual_paths(
            batch, connection, prices, leaf, list(stored.values()), first, last
        )
        clock.lap("score")
        rows = 0
        for version, forecasts in stored.items():
            naive = _naive(connection, commodity, version, stored, (first, last, horizon))
            scores = _pooled(prices, forecasts, naive, horizon)
            key = {
                "commodity": commodity,
                "model_version": version,
                "start_date": first,
                "end_date": last,
            }
            writing.write_evaluation(connection, key, scores)
            rows += len(scores)
        result = {
            "models": len(versions),
            "forecasts": sum(len(forecasts.starts) for forecasts in stored.values()),
            "rows": rows,
            "rescored": rescored,
            "actualPaths": actual_paths,
            "without": [version for version, forecasts in stored.items() if len(forecasts.starts) == 0],
        }
        clock.lap("pool")
        batch.commit(connection, rows, result)
    batch.progress(len(versions), len(versions), "done")
    return {**result, "seconds": clock.seconds}


def _rescore(
    batch: Batch,
    connection: psycopg.Connection,
    sink: Sink,
    prices: Prices,
    version: str,
    stored: Stored,
    horizon: int,
) -> tuple[Stored, int]:
    """The forecasts as today's closes score them, and the number of days for which that was news."""
    actuals = reading.closes_after(prices, stored.cutoffs, horizon)
    known = np.isfinite(actuals)
    revised = ~_same(actuals, stored.noted)
    changed = revised | (known != np.isfinite(stored.crps))
    scores = np.where(changed, np.nan, stored.crps)
    dates = np.flatnonzero((changed & known).any(axis=1))
    for place, paths in reading.read_paths(
        connection, sink, prices.commodity, version, stored.starts[dates], horizon
    ):
        row = dates[place]
        days = np.flatnonzero(changed[row] & known[row])
        scores[row, days] = crps(sort_paths(paths[:, days]), actuals[row, days])
    available = known.sum(axis=1)
    if changed.any():
        of = (prices.commodity, version)
        writing.write_days(batch, connection, of, stored.starts, changed, actuals, scores)
    forecasts = np.flatnonzero(changed.any(axis=1) | (available != stored.available))
    if len(forecasts):
        writing.write_forecasts(
            batch,
            connection,
            (prices.commodity, version),
            stored.starts[forecasts],
            available[forecasts],
            score_forecasts(stored.quantiles[forecasts], scores[forecasts], actuals[forecasts]),
        )
    return replace(stored, crps=scores, noted=actuals, available=available), int(changed.sum())


def _write_actual_paths(
    batch: Batch,
    connection: psycopg.Connection,
    prices: Prices,
    leaf: str,
    stored: list[Stored],
    first: date,
    last: date,
) -> int:
    """One row for each forecast date, whatever models forecast it, on trading days whatever the calendar."""
    starts, places = np.unique(np.concatenate([each.starts for each in stored]), return_index=True)
    if len(starts) == 0:
        return 0
    trading = prices if prices.calendar == "trading" else replace(prices, calendar="trading")
    days = trading.trading_days
    # The cutoff of a forecast by the calendar may be a carried day: the path begins after the trading day
    # before it.
    cutoffs = np.concatenate([each.cutoffs for each in stored])[places]
    cutoffs = days[np.maximum(np.searchsorted(days, cutoffs, side="right") - 1, 0)]
    closes = as_stored(reading.closes_after(trading, cutoffs, _LONGEST))
    there = reading.read_actual_paths(connection, prices.commodity, first, last, _LONGEST)
    differ = np.array(
        [
            start not in there
            or there[start][0] != cutoff
            or not np.array_equal(there[start][1], path, equal_nan=True)
            for start, cutoff, path in zip(starts, cutoffs, closes, strict=True)
        ]
    )
    if differ.any():
        writing.write_actual_paths(batch, connection, leaf, starts[differ], cutoffs[differ], closes[differ])
    return int(differ.sum())


def _naive(
    connection: psycopg.Connection,
    commodity: str,
    version: str,
    stored: dict[str, Stored],
    of: tuple[date, date, int],
) -> Stored | None:
    """The naive forecasts of the same options: a version's options are what follows its model's key."""
    key = version.split("@")[0]
    naive = "naive" + version[len(key) :]
    return stored.get(naive) or reading.read_stored(connection, commodity, naive, *of)


def _pooled(prices: Prices, stored: Stored, naive: Stored | None, horizon: int) -> list[dict[str, Any]]:
    if len(stored.starts) == 0:
        return []
    origins = reading.closes_at(prices, stored.starts, stored.cutoffs)
    places = np.searchsorted(prices.newest.dates, stored.cutoffs)
    rows = []
    for days in (each for each in HORIZONS if each <= horizon):
        scores = pooled_scores(stored.quantiles, stored.crps, stored.noted, origins, places, days)
        naive_crps = _crps_over_the_same(stored, naive, days)
        rows.append(
            {
                **scores,
                "horizon": days,
                "calibration": Jsonb(scores["calibration"]),
                "naive_crps": naive_crps,
                "skill_crps": 1 - scores["crps"] / naive_crps
                if naive_crps and scores["crps"] is not None
                else None,
            }
        )
    return rows


def _crps_over_the_same(stored: Stored, naive: Stored | None, days: int) -> float | None:
    """Mean CRPS of naive over the days that are known of `stored`; None where it lacks one of the dates."""
    if naive is None:
        return None
    _, place, theirs = np.intersect1d(stored.starts, naive.starts, return_indices=True)
    if len(place) < len(stored.starts):
        return None
    scores = naive.crps[theirs, :days][np.isfinite(stored.noted[:, :days])]
    return float(scores.mean()) if len(scores) and np.isfinite(scores).all() else None


def _same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left == right) | (np.isnan(left) & np.isnan(right))
