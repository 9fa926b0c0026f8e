"""The generated series of the tests of forecasts, as rows of the database."""

import json
import sys
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "forecast"))

from made_prices import made_prices


def store_prices(database_url: str, commodity: str, rows: int = 800) -> None:
    prices = made_prices(rows)
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into commodities (commodity, name, unit, covariates, source)"
            " values (%s, 'Made', 'USD', %s, 'test')",
            [commodity, list(prices.covariates)],
        )
        cursor.executemany(
            "insert into prices (commodity, date, known_at, is_trading_day, close, covariates)"
            " values (%s, %s, %s, %s, %s, %s)",
            [
                (
                    commodity,
                    *[prices.dates[row].item()] * 2,
                    bool(prices.trading[row]),
                    float(prices.close[row]),
                    json.dumps({name: float(values[row]) for name, values in prices.covariates.items()}),
                )
                for row in range(len(prices.dates))
            ],
        )
