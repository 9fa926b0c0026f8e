"""Job `pool_evaluate`: `{dataset, date, firstDay, lastDay}` → what the forecasts of past days were worth."""

from datetime import date, timedelta
from typing import Any

import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_evaluate.scores import score_day
from sevenfold_jobs.pool_forecast import days, sink
from sevenfold_jobs.pool_forecast.forecast import forecast_day
from sevenfold_jobs.pool_forecast.models import Models
from sevenfold_jobs.pool_forecast.reading import as_day, day_of, read_known
from sevenfold_jobs.pool_forecast.stored import StoredBoosters

_INSERT = """
    insert into forecast_evaluation_days (run_id, date, population, pools, mae_model, mae_persistence,
           mae_mean_7d, coverage_80, shrink, tvl_mdape_model, tvl_mdape_persistence)
    values (%(run_id)s, %(date)s, %(population)s, %(pools)s, %(mae_model)s, %(mae_persistence)s,
            %(mae_mean_7d)s, %(coverage_80)s, %(shrink)s, %(tvl_mdape_model)s, %(tvl_mdape_persistence)s)"""


def run(batch: Batch) -> dict[str, Any]:
    """Forecasts each day as its run would have, from what was known the day before, and scores it.

    Population `all` is every pool that has a forecast, `passing` those that the pre-filter let through on
    `date`. Returns `{days, rows, withoutObservation, seconds}`. Raises InvalidInput for a range that is none
    or in which nothing was observed, Fenced when a newer attempt owns the unit.
    """
    dataset = batch.input["dataset"]
    first, last = day_of(batch.input["firstDay"]), day_of(batch.input["lastDay"])
    if first > last:
        raise InvalidInput(f"The first day {first} lies after the last day {last}: exchange them.")
    clock = Clock()
    with batch.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        first_asof = as_day(first) - 1
        needed = days.first_day_needed(first_asof)
        known = read_known(connection, dataset, needed, as_day(last))
        stored = StoredBoosters.read(connection, dataset, needed, as_day(last))
        passing = sink.passing_pools(connection, {"dataset": dataset, "date": day_of(batch.input["date"])})
        connection.commit()
        connection.isolation_level = None
        observed = {day: rows for day, rows in known.history.groupby("day") if day > first_asof}
        wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        empty = [day for day in wanted if as_day(day) not in observed]
        if len(empty) == len(wanted):
            raise InvalidInput(
                f"{dataset} has no observation from {first} to {last}: evaluate days that it has."
            )
        clock.lap("read")
        models = Models(batch.spark(), known, first_asof, stored)
        clock.lap("features")
        rows: list[dict[str, Any]] = []
        try:
            for number, day in enumerate(wanted):
                batch.progress(number, len(wanted), f"forecasting {day}")
                if day not in empty:
                    rows += _evaluate(models, known, day, observed[as_day(day)], passing)
        finally:
            models.close()
        clock.lap("days")
        stored.write(connection, dataset)
        _write(batch, connection, rows, first, last)
        clock.lap("write")
    batch.progress(len(wanted), len(wanted), "done")
    return {
        "days": len({row["date"] for row in rows}),
        "rows": len(rows),
        "withoutObservation": [str(day) for day in empty],
        "seconds": clock.seconds,
    }


def _evaluate(models: Models, known: Any, day: date, actual: Any, passing: set[str]) -> list[dict[str, Any]]:
    # Only tomorrow's fan is compared with anything.
    forecast, predicted = forecast_day(models, known, as_day(day) - 1, horizons=(1,))
    rows = []
    for population, among in (("all", None), ("passing", passing)):
        score = score_day(forecast, actual[["pool_id", "apy", "tvl"]], among)
        if score is not None:
            rows.append(
                {"date": day, "population": population, "shrink": predicted.apy.shrink.share, **score}
            )
    return rows


def _write(
    batch: Batch, connection: psycopg.Connection, rows: list[dict[str, Any]], first: date, last: date
) -> None:
    run_id = batch.fence["runId"]
    connection.execute(
        "delete from forecast_evaluation_days where run_id = %s and date between %s and %s",
        [run_id, first, last],
    )
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, [{"run_id": run_id, **row} for row in rows])
    batch.commit(connection, len(rows), {"days": len({row["date"] for row in rows})})
