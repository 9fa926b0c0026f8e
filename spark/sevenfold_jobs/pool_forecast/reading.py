"""What was known: rows of days up to the day before the run, and nothing of later ones."""

import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
from pyarrow import csv

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_forecast.rules import FILL_LIMIT_DAYS, LOOKBACK_DAYS

DAY_ZERO = date(1970, 1, 1)

HISTORY = """
    select h.pool_id, p.protocol, h.date - '1970-01-01'::date as day, h.apy, h.tvl
      from pool_history h
      left join pools p on p.dataset = h.dataset and p.pool_id = h.pool_id
     where h.dataset = %(dataset)s and h.date between %(first)s and %(last)s
     order by h.pool_id, h.date"""

# The days on which a pool had its second and its third observation.
BEGINNINGS = """
    select pool_id, days[2] - '1970-01-01'::date as second_day, days[3] - '1970-01-01'::date as third_day
      from (select pool_id, (array_agg(date order by date))[1:3] as days
              from pool_history
             where dataset = %(dataset)s and date <= %(last)s
             group by pool_id) as beginnings
     order by pool_id"""

# Symbols as in the metrics: without regard to case, of two spellings on a day the first in the alphabet.
PRICES = """
    select distinct on (upper(symbol), date)
           upper(symbol) as symbol, date - '1970-01-01'::date as day, close
      from token_prices_daily
     where dataset = %(dataset)s and date between %(first)s and %(last)s and upper(symbol) in ('ETH', 'BTC')
     order by upper(symbol), date, symbol"""

GAS = """
    select date - '1970-01-01'::date as day, actual_avg_gas_gwei as average, actual_max_gas_gwei as maximum
      from gas_fees_daily
     where dataset = %(dataset)s and date <= %(last)s
       and (actual_avg_gas_gwei is not null or actual_max_gas_gwei is not null)
     order by date"""


@dataclass(frozen=True)
class Known:
    """History from `first` on and everything else, up to the end of `last`; frames by day from 1970-01-01."""

    history: pd.DataFrame
    beginnings: pd.DataFrame
    prices: pd.DataFrame
    gas: pd.DataFrame
    first: int
    last: int


def read_known(connection: psycopg.Connection, dataset: str, first: int, last: int) -> Known:
    """Reads in the connection's snapshot. Raises InvalidInput where there is no history at all."""
    first -= LOOKBACK_DAYS + FILL_LIMIT_DAYS
    parameters = {"dataset": dataset, "first": as_date(first), "last": as_date(last)}
    history = _history(connection, parameters)
    if history.empty:
        raise InvalidInput(
            f"{dataset} has no pool history up to {as_date(last)}: ingest an earlier day first."
        )
    return Known(
        history=history,
        beginnings=_frame(connection, BEGINNINGS, parameters),
        prices=_frame(connection, PRICES, parameters).astype({"day": np.int32, "close": float}),
        gas=_frame(connection, GAS, parameters).astype({"day": np.int32, "average": float, "maximum": float}),
        first=first,
        last=last,
    )


def day_of(text: str) -> date:
    """A date in a request. Raises InvalidInput."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidInput(f"{text!r} is not a date: write it as YYYY-MM-DD.") from None


def as_day(day: date) -> int:
    """Days from 1970-01-01."""
    return (day - DAY_ZERO).days


def as_date(day: int) -> date:
    """The inverse of `as_day`."""
    return DAY_ZERO + timedelta(days=int(day))


def _history(connection: psycopg.Connection, parameters: dict[str, Any]) -> pd.DataFrame:
    """By COPY, names as categories: eight million rows of 20,000 pools are over 2 GB as objects of Python."""
    names = pa.dictionary(pa.int32(), pa.string())
    types = {"pool_id": names, "protocol": names, "day": pa.int32(), "apy": pa.float64(), "tvl": pa.float64()}
    text = io.BytesIO()
    statement = f"copy ({HISTORY}) to stdout (format csv, header)"
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as rows:
        for piece in rows:
            text.write(piece)
    text.seek(0)
    table = csv.read_csv(
        text,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    return table.to_pandas()


def _frame(connection: psycopg.Connection, query: str, parameters: dict) -> pd.DataFrame:
    cursor = connection.execute(query, parameters)
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])
