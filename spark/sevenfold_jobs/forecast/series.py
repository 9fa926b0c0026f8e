"""Daily prices as they were known at the end of a day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import psycopg
from psycopg import sql

from sevenfold_jobs.common.copy_reading import days_of, read_fixed_rows
from sevenfold_jobs.common.failures import InvalidInput

_DAY = np.timedelta64(1, "D")

CALENDARS = ("trading", "calendar")


@dataclass(frozen=True)
class Series:
    """What could be read on one day: one row a date, oldest first.

    `dates` datetime64[D]; `close` float64 in the commodity's unit; `covariates` float64 by name in the
    commodity's order, carried forward over empty cells and NaN before their first value; `trading` False
    where the row itself was carried forward (never in a series of trading days).
    """

    commodity: str
    dates: np.ndarray
    close: np.ndarray
    covariates: dict[str, np.ndarray]
    trading: np.ndarray

    def __len__(self) -> int:
        return len(self.dates)

    def before(self, day: np.datetime64) -> "Series":
        """The rows dated before `day`."""
        return self.first(int(np.searchsorted(self.dates, day)))

    def first(self, rows: int) -> "Series":
        """The oldest `rows` rows, as views."""
        return Series(
            self.commodity,
            self.dates[:rows],
            self.close[:rows],
            {name: values[:rows] for name, values in self.covariates.items()},
            self.trading[:rows],
        )


@dataclass(frozen=True)
class Cutoffs:
    """Forecast dates that share one series: date `starts[i]` is made from `series.first(positions[i] + 1)`.

    `indices` are the places of these dates in the list that was asked for.
    """

    series: Series
    starts: np.ndarray
    positions: np.ndarray
    indices: np.ndarray


@dataclass(frozen=True)
class Prices:
    """Every version of every price row, by date and then by the day it became known.

    `calendar` is `trading` (closed days are left out) or `calendar` (their carried rows count as days).
    `digest_days, digest_rows, digest_sums` are the rows of price_digests, in order of their days.
    """

    commodity: str
    calendar: str
    dates: np.ndarray
    known_at: np.ndarray
    trading: np.ndarray
    close: np.ndarray
    covariates: dict[str, np.ndarray]
    digest_days: np.ndarray = field(default_factory=lambda: np.empty(0, "datetime64[D]"))
    digest_rows: tuple[int, ...] = ()
    digest_sums: tuple[int, ...] = ()

    @cached_property
    def is_plain(self) -> bool:
        """Whether every row was known on its own day: what is visible on a day is then a prefix."""
        return bool((self.known_at == self.dates).all())

    def as_of(self, day: np.datetime64) -> Series:
        """The newest version of each row dated and known up to `day`."""
        if self.is_plain:
            rows = int(np.searchsorted(self.newest.dates, day, side="right"))
            return self.newest.first(rows)
        return self._visible((self.dates <= day) & (self.known_at <= day))

    @cached_property
    def newest(self) -> Series:
        """The newest version of each row, whenever it became known: for calendars and scores alone."""
        return self._visible(np.ones(len(self.dates), bool))

    def _visible(self, rows: np.ndarray) -> Series:
        found = np.flatnonzero(rows)
        dates = self.dates[found]
        last_of_its_date = np.append(dates[1:] != dates[:-1], True)[: len(dates)]
        found = found[last_of_its_date]
        # Carried forward before closed days are left out: a market may be open while this one is not.
        covariates = {name: _carried(values[found]) for name, values in self.covariates.items()}
        kept = np.ones(len(found), bool) if self.calendar == "calendar" else self.trading[found]
        found = found[kept]
        return Series(
            self.commodity,
            self.dates[found],
            self.close[found],
            {name: values[kept] for name, values in covariates.items()},
            self.trading[found],
        )

    @cached_property
    def trading_days(self) -> np.ndarray:
        """Dates of trading days, by their newest versions."""
        return self.newest.dates[self.newest.trading]

    def rows_before(self, day: np.datetime64) -> int:
        """Dates before `day` that have a row known before it, closed days among them."""
        return len(np.unique(self.dates[(self.dates < day) & (self.known_at < day)]))

    def as_of_day(self, start: np.datetime64) -> np.datetime64:
        """The last day before `start`: a trading day, or any in calendar mode. InvalidInput where none is."""
        days = self.newest.dates
        place = int(np.searchsorted(days, start))
        if place == 0:
            raise InvalidInput(f"{self.commodity} has no price before {start}.")
        return days[place - 1]

    def cutoffs(self, starts: Sequence[np.datetime64] | np.ndarray) -> Iterator[Cutoffs]:
        """The forecast dates with what each was made from: one group, or one for each date where rows were
        revised or published late."""
        starts = np.asarray(starts, "datetime64[D]")
        if self.is_plain:
            last = [self.as_of_day(start) for start in starts]
            positions = np.searchsorted(self.newest.dates, np.array(last, "datetime64[D]"))
            yield Cutoffs(self.newest, starts, positions, np.arange(len(starts)))
            return
        for index, start in enumerate(starts):
            series = self.as_of(self.as_of_day(start))
            if len(series) == 0:
                raise InvalidInput(f"{self.commodity} has no price that was known before {start}.")
            yield Cutoffs(series, starts[index : index + 1], np.array([len(series) - 1]), np.array([index]))

    def target_days(self, cutoff: np.datetime64, start: np.datetime64, horizon: int) -> np.ndarray:
        """Dates of days 1..horizon after the cutoff: those that have a price row since, then weekdays.

        datetime64[D]; labels of a forecast, never an input of it.
        """
        days = self.newest.dates
        known = days[np.searchsorted(days, cutoff, side="right") :][:horizon]
        if len(known) == horizon:
            return known
        last = known[-1] if len(known) else cutoff
        rest = self._days_from(max(last + _DAY, start), horizon - len(known))
        return np.concatenate([known, rest])

    def projected_days(self, starts: np.ndarray, cutoffs: np.ndarray, horizon: int) -> np.ndarray:
        """Days 1..horizon after each cutoff as they can be known on it: shape (dates, horizon).

        datetime64[D]. The forecast date itself, then weekdays (every day in calendar mode): no holiday is
        foreseen. Where rows come late, the weekdays between the cutoff and the last day before `start` come
        first.
        """
        starts = np.asarray(starts, "datetime64[D]")
        cutoffs = np.asarray(cutoffs, "datetime64[D]")
        days = np.empty((len(starts), horizon), "datetime64[D]")
        for row, (start, cutoff) in enumerate(zip(starts, cutoffs, strict=True)):
            late = self._days_between(cutoff, self.as_of_day(start))[:horizon]
            days[row, : len(late)] = late
            rest = horizon - len(late)
            if rest > 0:
                days[row, len(late)] = start
                days[row, len(late) + 1 :] = self._days_from(start + _DAY, rest - 1)
        return days

    def _days_from(self, first: np.datetime64, count: int) -> np.ndarray:
        if self.calendar == "calendar":
            return first + np.arange(count) * _DAY
        return np.busday_offset(first, np.arange(count), roll="forward")

    def _days_between(self, after: np.datetime64, last: np.datetime64) -> np.ndarray:
        days = np.arange(after + _DAY, last + _DAY)
        return days if self.calendar == "calendar" else days[np.is_busday(days)]

    def actuals(self, cutoff: np.datetime64, horizon: int) -> np.ndarray:
        """Closes of days 1..horizon after the cutoff by today's knowledge, NaN where unknown or carried.

        Shape (horizon,), float64. For scores alone.
        """
        newest = self.newest
        first = int(np.searchsorted(newest.dates, cutoff, side="right"))
        close = newest.close[first : first + horizon]
        found = np.full(horizon, np.nan)
        found[: len(close)] = np.where(newest.trading[first : first + horizon], close, np.nan)
        return found

    def digest(self, as_of: np.datetime64) -> tuple[int, int]:
        """Number of rows known by the end of the day and the sum of their hashes (price_digests)."""
        place = int(np.searchsorted(self.digest_days, as_of, side="right")) - 1
        return (0, 0) if place < 0 else (self.digest_rows[place], self.digest_sums[place])


def read_series(connection: psycopg.Connection, commodity: str, calendar: str) -> Prices:
    """Every price row of the commodity, with its digests, as of one moment.

    Begins a transaction of its own kind (repeatable read) and ends it. Raises InvalidInput for an unknown
    commodity or calendar, and where there is no row.
    """
    if calendar not in CALENDARS:
        raise InvalidInput(f"Calendar {calendar!r} is unknown: it is {' or '.join(CALENDARS)}.")
    level = connection.isolation_level
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        return _read(connection, commodity, calendar)
    finally:
        connection.rollback()
        connection.isolation_level = level


def _read(connection: psycopg.Connection, commodity: str, calendar: str) -> Prices:
    known = connection.execute(
        "select covariates from commodities where commodity = %s", [commodity]
    ).fetchone()
    if known is None:
        raise InvalidInput(f"Commodity {commodity} is unknown: import its prices first.")
    names: list[str] = known[0]
    # A cell that is empty or missing is NaN, so that every row has the same bytes on the wire.
    cells = [
        sql.SQL(", coalesce((covariates ->> {})::float8, 'NaN')").format(sql.Literal(name)) for name in names
    ]
    statement = sql.SQL(
        """
        copy (select date, known_at, is_trading_day, close{}
                from prices where commodity = {} order by date, known_at)
          to stdout (format binary)
        """
    ).format(sql.Composed(cells), sql.Literal(commodity))
    fields = [("date", ">i4"), ("known_at", ">i4"), ("trading", "?"), ("close", ">f8")]
    fields += [(f"of {name}", ">f8") for name in names]
    rows = read_fixed_rows(connection, statement, None, fields)
    if len(rows) == 0:
        raise InvalidInput(f"{commodity} has no prices: import them first.")
    digests = connection.execute(
        "select as_of, rows, digest from price_digests(%s) order by as_of", [commodity]
    ).fetchall()
    return Prices(
        commodity,
        calendar,
        days_of(rows["date"]),
        days_of(rows["known_at"]),
        rows["trading"].copy(),
        rows["close"].astype(np.float64),
        {name: rows[f"of {name}"].astype(np.float64) for name in names},
        np.array([day for day, _, _ in digests], "datetime64[D]"),
        tuple(int(count) for _, count, _ in digests),
        tuple(int(total) for _, _, total in digests),
    )


def _carried(values: np.ndarray) -> np.ndarray:
    """Each NaN replaced by the last value before it."""
    places = np.where(np.isnan(values), -1, np.arange(len(values)))
    newest = np.maximum.accumulate(places) if len(values) else places
    return np.where(newest >= 0, values[newest], np.nan)
