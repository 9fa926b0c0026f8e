"""What does not depend on the pool, one row a day: the moves of ETH and BTC."""

import numpy as np
import pandas as pd

from sevenfold_jobs.pool_forecast.rules import FILL_LIMIT_DAYS

MARKET_FEATURES = (("ETH", 1), ("ETH", 7), ("BTC", 1))


def market_days(prices: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Day (from 1970-01-01) and the log change of the closes over 1 or 7 days, filled forward seven days.

    `prices` has symbol, day, close. A price of 0 is none.
    """
    days = np.arange(first, last + 1)
    columns = {"day": days.astype(np.int32)}
    for symbol, lag in MARKET_FEATURES:
        found = prices[(prices["symbol"] == symbol) & (prices["close"] > 0)]
        closes = pd.Series(found["close"].to_numpy(float), found["day"].to_numpy(int)).sort_index()
        log_close = np.log(
            closes.reindex(range(min([first, *closes.index[:1]]), last + 1)).ffill(limit=FILL_LIMIT_DAYS)
        )
        columns[f"{symbol.lower()}_change_{lag}d"] = (
            (log_close - log_close.shift(lag)).reindex(days).to_numpy()
        )
    return pd.DataFrame(columns)
