"""A day's rows, in one transaction: whatever stood there of the day before is replaced."""

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.rounding import round_half_away
from sevenfold_jobs.pool_forecast.forecast import DayForecast
from sevenfold_jobs.pool_forecast.gas import GasForecast
from sevenfold_jobs.pool_forecast.models import Learnt
from sevenfold_jobs.pool_forecast.reading import as_date
from sevenfold_jobs.pool_forecast.rules import FILL_LIMIT_DAYS, GAS_DECIMALS, HORIZONS

PASSING = """
    select m.pool_id
      from pool_daily_metrics m
      join pools p on p.dataset = m.dataset and p.pool_id = m.pool_id and p.is_active
     where m.dataset = %(dataset)s and m.date = %(date)s and m.prefilter_reason is null"""

# Pools that pass, have two days of history, and were seen within the days for which a value is repeated.
DUE = f"""{PASSING}
       and (select count(*) >= 2 and max(h.date) >= %(date)s::date - 1 - {FILL_LIMIT_DAYS}
              from pool_history h
             where h.dataset = m.dataset and h.pool_id = m.pool_id and h.date < %(date)s)
     order by m.pool_id"""

_NUMBERS = (
    "asof_apy",
    "asof_tvl",
    "mean_apy_7d",
    "forecasted_apy",
    "forecasted_tvl",
    "tvl_q10",
    "tvl_q90",
)


def due_pools(connection: psycopg.Connection, key: dict[str, Any]) -> list[str]:
    """Pools that must have a forecast on the day; `key` has dataset and date."""
    return [pool_id for (pool_id,) in connection.execute(DUE, key)]


def passing_pools(connection: psycopg.Connection, key: dict[str, Any]) -> set[str]:
    """Active pools that passed the pre-filter on the day."""
    return {pool_id for (pool_id,) in connection.execute(PASSING, key)}


def write_forecasts(
    batch: Batch, connection: psycopg.Connection, key: dict[str, Any], forecast: DayForecast, asof: int
) -> None:
    """Replaces the day's forecasts and quantiles, and the forecasts on the metrics' rows of the day."""
    for table in ("pool_forecasts", "pool_forecast_quantiles"):
        connection.execute(f"delete from {table} where dataset = %(dataset)s and date = %(date)s", key)
    pools = forecast.pools
    count = len(pools)
    same = _same(key, count)
    rows = pa.record_batch(
        {
            **same,
            "pool_id": pa.array(pools["pool_id"], pa.string()),
            "asof": pa.array([as_date(asof)] * count, pa.date32()),
            "method": pa.array(pools["method"], pa.string()),
            **{name: pa.array(pools[name], pa.float64()) for name in _NUMBERS},
        }
    )
    batch.copy(connection, "pool_forecasts", rows.schema.names, [rows])
    fans = pa.record_batch(
        {
            **_same(key, count * len(HORIZONS)),
            "pool_id": pa.array(np.repeat(pools["pool_id"].to_numpy(), len(HORIZONS)), pa.string()),
            "horizon_days": pa.array(np.tile(HORIZONS, count), pa.int32()),
            "apy_q10": pa.array(forecast.low.ravel(), pa.float64()),
            "apy_q50": pa.array(np.repeat(pools["forecasted_apy"].to_numpy(), len(HORIZONS)), pa.float64()),
            "apy_q90": pa.array(forecast.high.ravel(), pa.float64()),
        }
    )
    batch.copy(connection, "pool_forecast_quantiles", fans.schema.names, [fans])
    connection.execute(
        """
        update pool_daily_metrics m
           set forecasted_apy = f.forecasted_apy, forecasted_tvl = f.forecasted_tvl
          from pool_daily_metrics o
          left join pool_forecasts f using (dataset, pool_id, date)
         where o.dataset = %(dataset)s and o.date = %(date)s
           and m.dataset = o.dataset and m.pool_id = o.pool_id and m.date = o.date
           and (m.forecasted_apy, m.forecasted_tvl) is distinct from (f.forecasted_apy, f.forecasted_tvl)
        """,
        key,
    )


def write_models(
    connection: psycopg.Connection, key: dict[str, Any], learnt: list[Learnt | GasForecast]
) -> None:
    """Replaces what is on record about the day's models."""
    connection.execute(
        "delete from pool_forecast_models where dataset = %(dataset)s and date = %(date)s", key
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into pool_forecast_models (dataset, date, target, model, model_hash, shrink, rows,
                                              features, first_asof, last_asof, mae_model, mae_persistence,
                                              detail)
            values (%(dataset)s, %(date)s, %(target)s, %(model)s, %(model_hash)s, %(shrink)s, %(rows)s,
                    %(features)s, %(first_asof)s, %(last_asof)s, %(mae_model)s, %(mae_persistence)s,
                    %(detail)s)
            """,
            [{**key, **_on_record(one)} for one in learnt],
        )


def write_gas(connection: psycopg.Connection, key: dict[str, Any], gas: list[GasForecast]) -> None:
    """Sets the day's gas forecast, on a row of its own where the day has none."""
    by_target = {forecast.target: forecast for forecast in gas}
    values = {}
    for target, name in (("gas_avg", "avg"), ("gas_max", "max")):
        forecast = by_target.get(target)
        figures = (forecast.value, forecast.q10, forecast.q90) if forecast else (np.nan,) * 3
        for suffix, figure in zip(
            ("", "_q10", "_q90"), round_half_away(np.array(figures), GAS_DECIMALS), strict=True
        ):
            values[f"{name}{suffix}"] = None if np.isnan(figure) else float(figure)
    # Without a change number of its own: no fingerprint of what is ingested may move because of a forecast.
    insert = """
        insert into gas_fees_daily as g (dataset, date, forecasted_avg_gas_gwei, forecasted_avg_gas_q10_gwei,
               forecasted_avg_gas_q90_gwei, forecasted_max_gas_gwei, forecasted_max_gas_q10_gwei,
               forecasted_max_gas_q90_gwei, change_seq)
        values (%(dataset)s, %(date)s, %(avg)s, %(avg_q10)s, %(avg_q90)s, %(max)s, %(max_q10)s,
                %(max_q90)s, 0)
            on conflict (dataset, date) do"""
    update = """
        update set (forecasted_avg_gas_gwei, forecasted_avg_gas_q10_gwei, forecasted_avg_gas_q90_gwei,
                    forecasted_max_gas_gwei, forecasted_max_gas_q10_gwei, forecasted_max_gas_q90_gwei)
                 = (excluded.forecasted_avg_gas_gwei, excluded.forecasted_avg_gas_q10_gwei,
                    excluded.forecasted_avg_gas_q90_gwei, excluded.forecasted_max_gas_gwei,
                    excluded.forecasted_max_gas_q10_gwei, excluded.forecasted_max_gas_q90_gwei)"""
    if gas:
        connection.execute(insert + update, {**key, **values})
    else:
        connection.execute(
            """
            update gas_fees_daily
               set forecasted_avg_gas_gwei = null, forecasted_avg_gas_q10_gwei = null,
                   forecasted_avg_gas_q90_gwei = null, forecasted_max_gas_gwei = null,
                   forecasted_max_gas_q10_gwei = null, forecasted_max_gas_q90_gwei = null
             where dataset = %(dataset)s and date = %(date)s
            """,
            key,
        )


def only(forecast: DayForecast, pool_ids: list[str]) -> DayForecast:
    """The forecasts of these pools."""
    kept = forecast.pools["pool_id"].isin(pool_ids).to_numpy()
    return DayForecast(
        pd.DataFrame(forecast.pools[kept]).reset_index(drop=True), forecast.low[kept], forecast.high[kept]
    )


def _same(key: dict[str, Any], count: int) -> dict[str, pa.Array]:
    day: date = key["date"]
    return {
        "dataset": pa.array([key["dataset"]] * count, pa.string()),
        "date": pa.array([day] * count, pa.date32()),
    }


def _on_record(one: Learnt | GasForecast) -> dict[str, Any]:
    shrink = one.shrink
    return {
        "target": one.target,
        "model": one.model,
        "model_hash": getattr(one, "model_hash", None),
        "shrink": shrink and shrink.share,
        "rows": one.rows,
        "features": one.features,
        "first_asof": as_date(one.first_asof),
        "last_asof": as_date(one.last_asof),
        "mae_model": shrink and shrink.mae_model,
        "mae_persistence": shrink and shrink.mae_persistence,
        "detail": json.dumps(one.detail),
    }
