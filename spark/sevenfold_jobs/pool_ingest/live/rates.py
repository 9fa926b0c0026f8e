"""Rates: New York Fed, Treasury, FRED. Each value belongs to a series of `SERIES`."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sevenfold_jobs.pool_ingest.live.bodies import (
    Unreadable,
    day_of,
    member,
    number,
    read_json,
    read_text,
)

#: Name and frequency by id.
SERIES: dict[str, tuple[str, str]] = {
    "BAMLH0A0HYM2EY": ("ICE BofA US High Yield Index Effective Yield", "daily"),
    "DGS1": ("1-Year Treasury Bills Yield", "daily"),
    "DGS1MO": ("1-Month Treasury Yield", "daily"),
    "DGS3MO": ("3-Month Treasury Yield", "daily"),
    "DGS6MO": ("6-Month Treasury Yield", "daily"),
    "DGS2": ("2-Year Treasury Yield", "daily"),
    "DGS10": ("10-Year Treasury Yield", "daily"),
    "DGS30": ("30-Year Treasury Yield", "daily"),
    "DTWEXBGS": ("Nominal Broad U.S. Dollar Index", "daily"),
    "FEDFUNDS": ("Federal Funds Effective Rate", "monthly"),
    "M2SL": ("M2 Seasonally Adjusted", "monthly"),
    "NASDAQ100": ("Nasdaq 100 Index", "daily"),
    "NASDAQQGLDI": ("Credit Suisse NASDAQ Gold FLOWS103 Price Index", "daily"),
    "RRPONTSYAWARD": ("Reverse Repo Yield (Overnight Reverse Repurchase Award Rate)", "daily"),
    "SOFR": ("Secured Overnight Financing Rate", "daily"),
    "SOFR30DAYAVG": ("SOFR 30-Day Average", "daily"),
    "SOFR90DAYAVG": ("SOFR 90-Day Average", "daily"),
    "SOFR180DAYAVG": ("SOFR 180-Day Average", "daily"),
    "SOFRINDEX": ("SOFR Index", "daily"),
    "SP500": ("S&P 500 Index (Daily Close)", "daily"),
    "T10Y2Y": ("10-Year Treasury Minus 2-Year Treasury Spread", "daily"),
    "T10Y3MM": ("10-Year Treasury Minus 3-Month Treasury Spread", "monthly"),
    "WM2NS": ("M2 Not Seasonally Adjusted", "weekly"),
}

_SOFR_AVERAGES = {
    "average30day": "SOFR30DAYAVG",
    "average90day": "SOFR90DAYAVG",
    "average180day": "SOFR180DAYAVG",
    "index": "SOFRINDEX",
}
_TREASURY = {
    "1 Mo": "DGS1MO",
    "3 Mo": "DGS3MO",
    "6 Mo": "DGS6MO",
    "1 Yr": "DGS1",
    "2 Yr": "DGS2",
    "10 Yr": "DGS10",
    "30 Yr": "DGS30",
}


@dataclass(frozen=True)
class Rate:
    """`value` of a series on a day; percent but for indices and amounts."""

    series_id: str
    day: date
    value: float


def read_nyfed(body: bytes) -> list[Rate]:
    """`refRates` of SOFR and of its averages; numbers or texts."""
    found = []
    for row in member(read_json(body), "refRates", list):
        day = day_of(member(row, "effectiveDate", str))
        kind = member(row, "type", str)
        if day is None or kind not in ("SOFR", "SOFRAI"):
            raise Unreadable(f"expected SOFR or SOFRAI of a day, found {str(row)!r:.80}")
        columns = {"percentRate": "SOFR"} if kind == "SOFR" else _SOFR_AVERAGES
        for name, series in columns.items():
            value = number(row.get(name))
            if value is not None:
                found.append(Rate(series, day, value))
    return _in_order(found)


def read_treasury(body: bytes, run_date: date) -> list[Rate]:
    """The yearly CSV, newest first, by the names of its columns; differences of them besides.

    T10Y3MM is the mean of a month's daily differences, of the months before the run date's.
    """
    rows = _csv(body)
    header = [name.strip() for name in rows[0]] if rows else []
    if not header or header[0] != "Date" or not any(name in header for name in _TREASURY):
        raise Unreadable(f"expected a header that begins with Date, found {str(header)!r:.80}")
    found: list[Rate] = []
    of_month: dict[date, list[float]] = {}
    for row in rows[1:]:
        if len(row) != len(header):
            raise Unreadable(f"a row has {len(row)} fields, the header {len(header)}")
        day = _us_day(row[0])
        figures = {name: number(value) for name, value in zip(header, row, strict=True)}
        for name, series in _TREASURY.items():
            if (value := figures.get(name)) is not None:
                found.append(Rate(series, day, value))
        ten, two, three_months = (figures.get(name) for name in ("10 Yr", "2 Yr", "3 Mo"))
        if ten is not None and two is not None:
            found.append(Rate("T10Y2Y", day, round(ten - two, 4)))
        if ten is not None and three_months is not None:
            of_month.setdefault(day.replace(day=1), []).append(ten - three_months)
    for month, spreads in of_month.items():
        if month >= run_date.replace(day=1):
            continue
        found.append(Rate("T10Y3MM", month, round(sum(spreads) / len(spreads), 4)))
    return _in_order(found)


def read_fred(body: bytes, series_id: str) -> list[Rate]:
    """Observations as JSON or CSV; a missing one (`.` or empty) is left out.

    Of CSV the first column is the day, whatever it is called, and the series' own column has its id.
    """
    if body.lstrip()[:1] in (b"{", b"["):
        return _fred_json(body, series_id)
    rows = _csv(body)
    if not rows or series_id not in rows[0][1:]:
        raise Unreadable(f"expected a column {series_id!r:.40}, found {str(rows[:1])!r:.80}")
    column = rows[0].index(series_id, 1)
    found = []
    for row in rows[1:]:
        if len(row) != len(rows[0]):
            raise Unreadable(f"a row has {len(row)} fields, the header {len(rows[0])}")
        found.append((row[0], row[column]))
    return _fred(found, series_id)


def _fred_json(body: bytes, series_id: str) -> list[Rate]:
    value = read_json(body)
    if isinstance(value, dict) and "error_message" in value:
        raise Unreadable(f"FRED answers {str(value['error_message'])!r:.120}")
    rows = member(value, "observations", list)
    return _fred([(member(row, "date", str), member(row, "value", str)) for row in rows], series_id)


def _fred(rows: Iterable[tuple[str, str]], series_id: str) -> list[Rate]:
    found = []
    for written, figure in rows:
        day = day_of(written.strip())
        if day is None:
            raise Unreadable(f"expected days as YYYY-MM-DD, found {written!r:.40}")
        value = number(figure.strip())
        if value is not None:
            found.append(Rate(series_id, day, value))
        elif figure.strip() not in ("", "."):
            raise Unreadable(f"expected a number of {day}, found {figure!r:.40}")
    return _in_order(found)


def _csv(body: bytes) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(read_text(body), newline="")) if row]
    except csv.Error as error:
        raise Unreadable(f"this is no CSV: {error}") from None


def _us_day(written: str) -> date:
    try:
        return datetime.strptime(written.strip(), "%m/%d/%Y").date()
    except ValueError:
        raise Unreadable(f"expected days as MM/DD/YYYY, found {written!r:.40}") from None


def _in_order(rates: Iterable[Rate]) -> list[Rate]:
    """The first value of each series and day, ascending."""
    first: dict[tuple[str, date], Rate] = {}
    for rate in rates:
        first.setdefault((rate.series_id, rate.day), rate)
    return [first[key] for key in sorted(first)]
