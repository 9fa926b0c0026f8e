"""What is worth telling of a series: it stops nothing, but a person should have seen it."""

import itertools

import numpy as np

from sevenfold_jobs.common.lone import lone_rows
from sevenfold_jobs.price_import.days import as_text, is_weekend
from sevenfold_jobs.price_import.files import Prices
from sevenfold_jobs.price_import.wording import listing

# Easter and Christmas close a market for up to five days.
LONGEST_HOLIDAY = 5


def remarks(prices: Prices, commodity: str) -> list[str]:
    """Lone days, closes at or below 0, long gaps, and weekdays that look lost, each in one line."""
    own = prices.of(commodity)
    lone = lone_rows(np.zeros(len(own.date), np.int64), own.date)
    trading = np.unique(own.date[own.is_trading_day])
    low = np.flatnonzero(own.is_trading_day & (own.close <= 0))
    found = {
        "years from every other day, is the year right": [as_text(own.date[row]) for row in lone],
        "close not above 0, kept and forecast like any other": [
            f"{as_text(own.date[row])} {own.close[row]:g}" for row in low
        ],
        f"no price for more than {LONGEST_HOLIDAY} days": [
            f"{as_text(before + 1)} to {as_text(after - 1)}"
            for before, after in itertools.pairwise(trading)
            if after - before > LONGEST_HOLIDAY
        ],
        "weekdays without a price that are no holiday of other years": [
            as_text(day) for day in unusual_holidays(trading)
        ],
    }
    return [
        f"{commodity}: {what} ({len(items):,}): {listing(items)}" for what, items in found.items() if items
    ]


def unusual_holidays(trading: np.ndarray) -> np.ndarray:
    """Weekdays inside a series without a price, where less than three other years miss one within three days.

    A holiday comes back every year on about the same day; a row that was lost does not. `trading` are days as
    int64; nothing is said of a series that misses a fifth of its weekdays: it is no daily one.
    """
    days = np.arange(trading[0], trading[-1] + 1) if len(trading) > 0 else trading
    weekdays = days[~is_weekend(days)]
    missing = np.setdiff1d(weekdays, trading)
    if len(missing) == 0 or len(missing) > len(weekdays) / 5:
        return missing[:0]
    dates = missing.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    day_of_year = (dates - years.astype("datetime64[D]")).astype(np.int64)
    first, last = trading[[0, -1]].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    needed = min(3, max(1, last - first))
    unusual = []
    for day, year in zip(day_of_year, years, strict=True):
        apart = np.abs(day_of_year - day)
        like_it = (np.minimum(apart, 365 - apart) <= 3) & (years != year)
        unusual.append(len(np.unique(years[like_it])) < needed)
    return missing[np.array(unusual)]


def missing_days(prices: Prices, commodity: str) -> list[str]:
    """Days that a source which lists its closed days leaves out: nobody can say whether they were closed.

    Weekends count only where some of them are listed.
    """
    own = prices.of(commodity)
    closed = own.date[~own.is_trading_day]
    if len(closed) == 0:
        return []
    due = np.arange(own.date.min(), own.date.max() + 1)
    if not is_weekend(closed).any():
        due = due[~is_weekend(due)]
    return [f"{commodity} {as_text(day)}" for day in np.setdiff1d(due, own.date)]
