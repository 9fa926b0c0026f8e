"""Prices and forecasts in the tables as the jobs leave them, made of random walks."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import psycopg

from sevenfold_jobs.forecast.scores import LEVEL_COLUMNS, quantiles, sort_paths

FIRST_DAY = date(2024, 1, 1)  # a Monday
PATHS = 30


def weekday(number: int) -> date:
    """The weekdays from the first day on, by number."""
    return FIRST_DAY + timedelta(days=number // 5 * 7 + number % 5)


@dataclass
class Forecasts:
    starts: list[date]
    cutoffs: list[date]
    paths: np.ndarray  # (dates, PATHS, h) float32


def write_prices(url: str, commodity: str, days: list[date], closes, trading=None, known_at=None) -> None:
    """Rows of `prices`; the commodity is made where it is missing."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into commodities (commodity, name, unit, source) values (%s, 'Test', 'USD', 'test')"
            " on conflict do nothing",
            [commodity],
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into prices (commodity, date, known_at, is_trading_day, close)"
                " values (%s, %s, %s, %s, %s)",
                [
                    (commodity, day, known_at or day, trading is None or trading[row], float(closes[row]))
                    for row, day in enumerate(days)
                ],
            )


def write_forecasts(
    url: str, commodity: str, version: str, cutoffs: list[tuple[date, date]], horizon: int = 14, seed: int = 0
) -> Forecasts:
    """Stores forecasts of (start, cutoff) that nobody has scored yet."""
    paths = np.random.default_rng(seed).standard_normal((len(cutoffs), PATHS, horizon)).cumsum(axis=-1)
    paths = (60 + paths).astype(np.float32)
    predicted = quantiles(sort_paths(paths))
    days = [f"day_{day}" for day in range(1, horizon + 1)]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        leaf = cursor.execute("select distributions_leaf(%s, %s)", [commodity, version]).fetchone()[0]
        for row, (start, cutoff) in enumerate(cutoffs):
            cursor.executemany(
                f"insert into {leaf} (path_id, forecast_start_date, data_cutoff_date, {', '.join(days)})"
                f" values (%s, %s, %s, {', '.join(['%s'] * horizon)})",
                [(path + 1, start, cutoff, *paths[row, path].tolist()) for path in range(PATHS)],
            )
            cursor.executemany(
                f"insert into forecast_quantiles (commodity, model_version, forecast_start_date, day_ahead,"
                f" {', '.join(LEVEL_COLUMNS)}) values (%s, %s, %s, %s, {', '.join(['%s'] * 7)})",
                [
                    (commodity, version, start, day + 1, *predicted[row, day].tolist())
                    for day in range(horizon)
                ],
            )
            cursor.executemany(
                "insert into point_forecasts (commodity, model_version, forecast_start_date,"
                " data_cutoff_date, forecast_date, day_ahead, forecast_mean, forecast_std, lower_95,"
                " upper_95)"
                " values (%s, %s, %s, %s, %s, %s, 60, 1, 58, 62)",
                [
                    (commodity, version, start, cutoff, start + timedelta(days=day), day + 1)
                    for day in range(horizon)
                ],
            )
            cursor.execute(
                "insert into forecast_metadata (forecast_id, commodity, model_version, forecast_start_date,"
                " data_cutoff_date, training_date, training_cutoff_date, fingerprint, model_sha256, paths,"
                " horizon, seed, unusual_origin, training_days) values (%s, %s, %s, %s, %s, %s, %s, 'f', 's',"
                " %s, %s, 0, false, 100)",
                [
                    *(f"{version}_{commodity}_{start}", commodity, version, start, cutoff),
                    *(date(2024, 1, 1), date(2023, 12, 29), PATHS, horizon),
                ],
            )
    return Forecasts([start for start, _ in cutoffs], [cutoff for _, cutoff in cutoffs], paths)
