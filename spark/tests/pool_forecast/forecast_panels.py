"""Small panels for the forecast's tests, and their way into the database."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import psycopg
import pytest

from sevenfold_jobs.pool_forecast import models

RUN_DATE = date(2025, 6, 30)


def panel(
    seed: int = 3, pools: int = 10, days: int = 130, last: date = RUN_DATE - timedelta(days=1)
) -> pd.DataFrame:
    """pool_id, date, apy, tvl: APYs that jump and come back, with gaps, up to `last`."""
    draw = np.random.default_rng(seed)
    calendar = [last - timedelta(days=days - 1 - number) for number in range(days)]
    rows = []
    for number in range(pools):
        level, size = draw.uniform(2, 12), draw.uniform(0.05, 1)
        value, tvl = level, draw.uniform(1e6, 1e8)
        for position, day in enumerate(calendar):
            value += 0.5 * (level - value) + size * draw.normal()
            tvl *= float(np.exp(draw.normal(0, 0.02)))
            if draw.random() > 0.04 or position in (0, days - 1):
                rows.append((f"pool-{number:02}", day, round(max(value, 0.0), 5), round(tvl)))
    return pd.DataFrame(rows, columns=["pool_id", "date", "apy", "tvl"])


def market(first: date, last: date, seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prices of ETH and BTC, and gas."""
    draw = np.random.default_rng(seed)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    prices = [
        (symbol, day, round(float(level * np.exp(draw.normal(0, 0.03))), 2))
        for symbol, level in (("ETH", 2500), ("BTC", 60000))
        for day in days
    ]
    gas = [(day, round(float(5 * np.exp(draw.normal(0, 0.3))), 4)) for day in days]
    return (
        pd.DataFrame(prices, columns=["symbol", "date", "close"]),
        pd.DataFrame(gas, columns=["date", "actual_avg_gas_gwei"]),
    )


def store(database_url: str, dataset: str, history: pd.DataFrame, prices=None, gas=None) -> None:
    """With every pool active, of one of three protocols."""
    if prices is None or gas is None:
        made = market(history["date"].min(), RUN_DATE)
        prices, gas = (made[0] if prices is None else prices), (made[1] if gas is None else gas)
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into pools (dataset, pool_id, protocol, chain, change_seq)"
            " values (%s, %s, %s, 'Ethereum', 1)",
            [
                (dataset, pool, f"protocol-{int(pool[-2:]) % 3}")
                for pool in sorted(history["pool_id"].unique())
            ],
        )
        cursor.executemany(
            "insert into pool_history values (%s, %s, %s, %s, %s, 1)",
            [(dataset, *row) for row in history.itertuples(index=False)],
        )
        cursor.executemany(
            "insert into token_prices_daily (dataset, symbol, date, close, change_seq)"
            " values (%s, %s, %s, %s, 1)",
            [(dataset, *row) for row in prices.itertuples(index=False)],
        )
        cursor.executemany(
            "insert into gas_fees_daily (dataset, date, actual_avg_gas_gwei, change_seq)"
            " values (%s, %s, %s, 1)",
            [(dataset, *row) for row in gas.itertuples(index=False)],
        )


def judge(database_url: str, dataset: str, day: date, rejected: tuple[str, ...] = ()) -> None:
    """The pre-filter's rows of the day: all pools but the rejected pass."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            insert into pool_daily_metrics (dataset, pool_id, date, prefilter_reason)
            select dataset, pool_id, %(day)s,
                   case when pool_id = any(%(rejected)s) then 'chain: Base' end
              from pools where dataset = %(dataset)s
                on conflict (dataset, pool_id, date)
                do update set prefilter_reason = excluded.prefilter_reason
            """,
            {"dataset": dataset, "day": day, "rejected": list(rejected)},
        )


@pytest.fixture(scope="module", autouse=True)
def plans_that_are_not_compiled(spark):
    """Each day makes a hundred plans anew: compiling them took a third of these tests, and rows are few."""
    setting = "spark.sql.codegen.wholeStage"
    before = spark.conf.get(setting)
    spark.conf.set(setting, "false")
    yield
    spark.conf.set(setting, before)


def few_trees(monkeypatch: pytest.MonkeyPatch, count: int = 12) -> None:
    """Boosters that are quick to fit and still say something."""
    settings = {kind: {**one, "numIterations": count} for kind, one in models._KINDS.items()}
    monkeypatch.setattr(models, "_KINDS", settings)


def rows_of(database_url: str, dataset: str, day: date) -> dict[str, list[tuple]]:
    """What the job wrote of the day, without the data set's name."""
    tables = {
        "pool_forecasts": "pool_id",
        "pool_forecast_quantiles": "pool_id, horizon_days",
        "pool_forecast_models": "target",
        "gas_fees_daily": "date",
    }
    with psycopg.connect(database_url) as connection:
        found = {}
        for table, order in tables.items():
            cursor = connection.execute(
                f"select * from {table} where dataset = %s and date = %s order by {order}", [dataset, day]
            )
            found[table] = [row[1:] for row in cursor.fetchall()]
        return found
