"""Job `pool_forecast`: `{dataset, date}` → forecasts of `date`, from what was known the day before."""

from typing import Any

import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.failures import Infrastructure
from sevenfold_jobs.pool_forecast import days, sink
from sevenfold_jobs.pool_forecast.forecast import forecast_day
from sevenfold_jobs.pool_forecast.gas import forecast_gas
from sevenfold_jobs.pool_forecast.models import Models
from sevenfold_jobs.pool_forecast.reading import as_day, day_of, read_known
from sevenfold_jobs.pool_forecast.stored import StoredBoosters


def run(batch: Batch) -> dict[str, Any]:
    """Reads, builds the features, fits, asks, and replaces the day's rows in one transaction.

    Returns `{pools, coldStart, skipped, trainingRows, shrink, seconds}`, seconds by stage. Raises
    InvalidInput for a date that is none or a data set without history before it, Infrastructure when the
    history moved meanwhile, Fenced when a newer attempt owns the unit.
    """
    key = {"dataset": batch.input["dataset"], "date": day_of(batch.input["date"])}
    asof = as_day(key["date"]) - 1
    clock = Clock()
    with batch.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        first = days.first_day_needed(asof)
        known = read_known(connection, key["dataset"], first, asof)
        stored = StoredBoosters.read(connection, key["dataset"], first, asof)
        connection.commit()
        connection.isolation_level = None
        clock.lap("read")
        batch.progress(1, 4, "building the features")
        models = Models(batch.spark(), known, asof, stored)
        clock.lap("features")
        try:
            batch.progress(2, 4, "fitting the models")
            forecast, predicted = forecast_day(models, known, asof)
        finally:
            models.close()
        gas = forecast_gas(known.gas, asof)
        batch.failpoint("forecast-fitted")
        clock.lap("fits")
        batch.progress(3, 4, "writing the forecasts")
        due = sink.due_pools(connection, key)
        passing = sink.passing_pools(connection, key)
        forecast = sink.only(forecast, due)
        if len(forecast.pools) != len(due):
            raise Infrastructure(
                f"{len(due)} pools of {key['dataset']} are due on {key['date']}, {len(forecast.pools)} have "
                "a forecast: the history moved while it was made. Try again."
            )
        sink.write_forecasts(batch, connection, key, forecast, asof)
        sink.write_models(connection, key, [predicted.apy, predicted.tvl, *gas])
        sink.write_gas(connection, key, gas)
        stored.write(connection, key["dataset"])
        cold = int((forecast.pools["method"] == "cold_start").sum())
        detail = {
            "model": len(due) - cold,
            "coldStart": cold,
            "skipped": len(passing) - len(due),
            "shrink": predicted.apy.shrink.share,
            # 0 where the TVL is forecast to stay as it is, because no change was ever nearer
            "tvlShrink": predicted.tvl.shrink.share,
            "maeModel": predicted.apy.shrink.mae_model,
            "maePersistence": predicted.apy.shrink.mae_persistence,
            "features": predicted.apy.features,
            "trainingRows": predicted.apy.rows,
            "storedModels": stored.taken,
        }
        batch.commit(connection, len(due), detail)
        clock.lap("write")
    batch.progress(4, 4, "done")
    return {
        "pools": len(due),
        "coldStart": cold,
        "skipped": detail["skipped"],
        "trainingRows": predicted.apy.rows,
        "shrink": predicted.apy.shrink.share,
        "seconds": clock.seconds,
    }
