"""Series that do not depend on the pool: one row a day, made once and joined to every pool."""

from datetime import date
from decimal import ROUND_HALF_EVEN

import pandas as pd

from sevenfold_jobs.common.rounding import round_decimal
from sevenfold_jobs.pool_metrics.rules import DECIMALS, EXOGENOUS, FILL_LIMIT_DAYS


def exogenous_days(prices: pd.DataFrame, gas: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """ETH and BTC open (USD) and gas (gwei) of each day from `first` to `last`, index `date`.

    `prices` has symbol, date, close; `gas` has date, actual_avg_gas_gwei. An open is the close of the last
    stored day before; gaps are filled forward only, from before `first` too and for seven days at most, as
    those of pools are; what nobody knew stays empty.
    """
    days = pd.date_range(first, last, freq="D")
    columns = {
        name: _every_day(_closes(prices, symbol), first, last).shift(1).reindex(days)
        for name, symbol in (("eth_open", "ETH"), ("btc_open", "BTC"))
    }
    columns["gas_price_gwei"] = _every_day(_gas(gas), first, last).reindex(days)
    return _rounded(pd.DataFrame(columns, index=days))


def exogenous_days_as_original(
    prices: pd.DataFrame, gas: pd.DataFrame, first: date, last: date, run_date: date
) -> pd.DataFrame:
    """The original's rules: an open is a lag over stored rows, with an empty row for the run date; filled
    forward from `first` on, then what is left backward over the frame of all pools.

    That frame is sorted by pool and date and every pool has every day, so a hole left at a pool's start takes
    that pool's own first value: a future one. Only a series without any value would bleed from pool to pool,
    and that one has nothing to bleed. Gas was stored with two decimals, rounded half to even.
    """
    days = pd.date_range(first, last, freq="D")
    columns = {}
    for name, symbol in (("eth_open", "ETH"), ("btc_open", "BTC")):
        closes = _closes(prices, symbol)
        stored = closes.index.union(pd.DatetimeIndex([pd.Timestamp(run_date)]))
        columns[name] = closes.reindex(stored).shift(1).reindex(days)
    columns["gas_price_gwei"] = (
        _gas(gas).map(lambda value: round_decimal(value, 2, ROUND_HALF_EVEN)).reindex(days)
    )
    return _rounded(pd.DataFrame(columns, index=days).ffill().bfill())


def _closes(prices: pd.DataFrame, symbol: str) -> pd.Series:
    return _by_day(prices[prices["symbol"] == symbol], "close")


def _gas(gas: pd.DataFrame) -> pd.Series:
    return _by_day(gas, "actual_avg_gas_gwei").dropna()


def _by_day(rows: pd.DataFrame, column: str) -> pd.Series:
    return pd.Series(
        rows[column].to_numpy(float), pd.DatetimeIndex(pd.to_datetime(rows["date"]))
    ).sort_index()


def _every_day(series: pd.Series, first: date, last: date) -> pd.Series:
    start = min(series.index.min(), pd.Timestamp(first)) if len(series) else pd.Timestamp(first)
    return series.reindex(pd.date_range(start, last, freq="D")).ffill(limit=FILL_LIMIT_DAYS)


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    rounded = {
        name: frame[name].map(lambda value, decimals=DECIMALS[name]: round_decimal(value, decimals))
        for name in EXOGENOUS
    }
    return pd.DataFrame(rounded, index=frame.index).rename_axis("date")
