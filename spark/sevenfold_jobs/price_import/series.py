"""From rows of a file to those of one series: a row a calendar day and version, covariates carried on."""

import itertools
import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.price_import.files import FAULTS_SHOWN, Figures, Prices
from sevenfold_jobs.price_import.tracks import Track

PEER_CLOSE = "peer_close"
MONDAY_OFFSET = 3  # 1970-01-01 was a Thursday

SCHEMA = pa.schema(
    {
        "commodity": pa.string(),
        "date": pa.date32(),
        "known_at": pa.date32(),
        "is_trading_day": pa.bool_(),
        "close": pa.float64(),
        "covariates": pa.string(),  # JSON
        "carried_from": pa.date32(),  # of a closed day that the file leaves out: whose close it carries
    }
)


@dataclass
class Series:
    """The rows of one commodity in the order of (date, known_at); columns are those of `SCHEMA`."""

    commodity: str
    name: str
    unit: str
    covariates: list[str]
    dates: np.ndarray
    known: np.ndarray
    trading: np.ndarray
    close: np.ndarray
    values: dict[str, np.ndarray]
    carried_from: np.ndarray  # -1 where the file holds the row
    source: str = ""
    is_synthetic: bool = False
    warnings: list[str] = field(default_factory=list)

    def table(self) -> pa.Table:
        """The rows as they are staged."""
        carried = self.carried_from.astype(np.int32)
        columns = [
            pa.array([self.commodity] * len(self.dates), pa.string()),
            _days(self.dates),
            _days(self.known),
            pa.array(self.trading),
            pa.array(self.close),
            pa.array(_json(self.covariates, self.values, len(self.dates)), pa.string()),
            pa.array(carried, pa.int32(), mask=carried < 0).view(pa.date32()),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)


def build(prices: Prices, figures: Figures | None, commodity: str, settings: dict[str, Any] | None) -> Series:
    """The series of one commodity. `settings` are those of config/prices, None for a commodity without.

    Every value is the newest that was known when its row was: a peer's close that came or was revised later
    makes a later version of the row.
    """
    own = prices.of(commodity)
    dates, known, carried_from = _calendar(own)
    file_rows = carried_from < 0
    warnings: list[str] = []
    tracks = _tracks(prices, own, figures, commodity, settings, warnings)
    peer = tracks.get(PEER_CLOSE)
    if peer is not None and not peer.is_plain:
        dates, known, carried_from = _with_versions_of(peer, dates, known, carried_from)
        file_rows = np.isin(_keys(dates, known), _keys(own.date, own.known_at))
    close = Track.of(own.date, own.known_at, own.close).at(dates, known)
    flags = Track.of(own.date, own.known_at, own.is_trading_day.astype(np.float64)).at(dates, known) > 0
    flags &= carried_from < 0
    close[file_rows] = own.close
    flags[file_rows] = own.is_trading_day
    return Series(
        commodity=commodity,
        name=commodity if settings is None else settings["name"],
        unit="as given" if settings is None else settings["unit"],
        covariates=list(tracks),
        dates=dates,
        known=known,
        trading=flags,
        close=close,
        values={name: track.at(dates, known) for name, track in tracks.items()},
        carried_from=carried_from,
        warnings=warnings,
    )


def _calendar(own: Prices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days, when they became known, and for days that the file leaves out the day whose close they carry."""
    present = np.unique(own.date)
    closed = np.setdiff1d(np.arange(present[0], present[-1] + 1), present)
    anchors = present[np.searchsorted(present, closed) - 1]
    # each version of the anchor is one of the closed day, the newest of those that were known before it began
    first = np.searchsorted(own.date, anchors, side="left")
    last = np.searchsorted(own.date, anchors, side="right")
    repeats = last - first
    rows = np.repeat(first, repeats) + _positions(repeats)
    closed, anchors = np.repeat(closed, repeats), np.repeat(anchors, repeats)
    known = np.maximum(own.known_at[rows], closed)
    kept = np.ones(len(closed), bool)
    kept[:-1] = _keys(closed, known)[:-1] != _keys(closed, known)[1:]
    return _ordered(
        np.concatenate([own.date, closed[kept]]),
        np.concatenate([own.known_at, known[kept]]),
        np.concatenate([np.full(len(own.date), -1), anchors[kept]]),
    )


def _with_versions_of(
    peer: Track, dates: np.ndarray, known: np.ndarray, carried_from: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same rows, and one more wherever the peer became known or was revised after a row was known."""
    more: list[tuple[int, int, int]] = []
    there = set(zip(dates.tolist(), known.tolist(), strict=True))
    seen: set[int] = set()
    for day, since, carried in zip(dates.tolist(), known.tolist(), carried_from.tolist(), strict=True):
        if day in seen:
            continue
        seen.add(day)
        for revised in sorted({max(each, day) for each in peer.versions(day)}):
            if revised > since and (day, revised) not in there:
                more.append((day, revised, carried))
    extra = np.array(more, np.int64).reshape(-1, 3).T
    columns = zip((dates, known, carried_from), extra, strict=True)
    return _ordered(*(np.concatenate(column) for column in columns))


def _tracks(
    prices: Prices,
    own: Prices,
    figures: Figures | None,
    commodity: str,
    settings: dict[str, Any] | None,
    warnings: list[str],
) -> dict[str, Track]:
    """Each covariate that the source has, in the order of the settings or else of the columns."""
    found: dict[str, Track] = {}
    columns = {name: Track.of(own.date, own.known_at, values) for name, values in own.covariates.items()}
    if figures is not None:
        columns |= {
            name: Track.of(figures.date, figures.date, values) for name, values in figures.columns.items()
        }
    if settings is None:
        return {name: track for name, track in columns.items() if len(track.values) > 0}
    for covariate in settings["covariates"]:
        name = covariate["name"]
        track = columns.get(name) or columns.get(covariate.get("from", name))
        if track is None and name == PEER_CLOSE and settings.get("peer"):
            peer = prices.of(settings["peer"])
            trading = peer.is_trading_day
            track = Track.of(peer.date[trading], peer.known_at[trading], peer.close[trading])
        if track is None or len(track.values) == 0:
            warnings.append(f"{commodity}: the source has no covariate {name}; what is stored of it stays")
        else:
            found[name] = track
    return found


def refuse_missing_days(prices: Prices, commodity: str) -> list[str]:
    """Days that a source which lists its closed days leaves out: nobody can say whether they were closed.

    Weekends count only where some of them are listed.
    """
    own = prices.of(commodity)
    closed = own.date[~own.is_trading_day]
    if not prices.has_flags or len(closed) == 0:
        return []
    due = np.arange(own.date.min(), own.date.max() + 1)
    if not _is_weekend(closed).any():
        due = due[~_is_weekend(due)]
    missing = np.setdiff1d(due, own.date)
    return [f"{commodity} {day}" for day in missing.astype("datetime64[D]").astype(str)]


def remarks(prices: Prices, commodity: str) -> list[str]:
    """What is worth telling of a series and stops nothing."""
    own = prices.of(commodity)
    trading = np.unique(own.date[own.is_trading_day])
    said = [
        f"{commodity} {_text(day)}: close {close:g} is not above 0: it is kept and forecast like any other; "
        "percentages are of its size"
        for day, close in zip(own.date, own.close, strict=True)
        if close <= 0
    ]
    said += _gaps(commodity, trading)
    unusual = unusual_holidays(trading)
    if len(unusual) > 0:
        said.append(
            f"{commodity}: weekdays without a price that are no holiday of other years ({len(unusual):,}): "
            f"{_named(unusual)}"
        )
    return said


def _gaps(commodity: str, trading: np.ndarray) -> list[str]:
    """Stretches of more than five days between prices: longer than Easter and Christmas."""
    return [
        f"{commodity}: no price from {_text(before + 1)} to {_text(after - 1)}"
        for before, after in itertools.pairwise(trading)
        if after - before > 5
    ]


def unusual_holidays(trading: np.ndarray) -> np.ndarray:
    """Weekdays inside a series without a price, where less than three other years miss one within three days.

    A holiday comes back every year on about the same day; a row that was lost does not.
    """
    if len(trading) == 0:
        return trading
    weekdays = np.arange(trading[0], trading[-1] + 1)
    missing = np.setdiff1d(weekdays[~_is_weekend(weekdays)], trading)
    days = missing.astype("datetime64[D]")
    year = days.astype("datetime64[Y]")
    day_of_year = (days - year.astype("datetime64[D]")).astype(np.int64)
    span = trading[[0, -1]].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    needed = min(3, max(1, int(span[1] - span[0])))
    unusual = []
    for index in range(len(missing)):
        apart = np.abs(day_of_year - day_of_year[index])
        near = (np.minimum(apart, 365 - apart) <= 3) & (year != year[index])
        unusual.append(len(np.unique(year[near])) < needed)
    return missing[np.array(unusual, bool)]


def refuse(faults: list[str], where: str) -> None:
    """One line for days that are missing; all of them go to the log."""
    if not faults:
        return
    for fault in faults:
        print(f"{fault}: no row")
    more = f" and {len(faults) - FAULTS_SHOWN:,} more" if len(faults) > FAULTS_SHOWN else ""
    days = "1 day is" if len(faults) == 1 else f"{len(faults):,} days are"
    raise InvalidInput(
        f"{days} missing in {where}, which lists its closed days: {', '.join(faults[:FAULTS_SHOWN])}{more}. "
        "Nothing was imported; add a row for each."
    )


def _named(days: np.ndarray) -> str:
    texts = days.astype("datetime64[D]").astype(str).tolist()
    more = f" and {len(texts) - FAULTS_SHOWN:,} more" if len(texts) > FAULTS_SHOWN else ""
    return ", ".join(texts[:FAULTS_SHOWN]) + more


def _text(day: int) -> str:
    return str(np.datetime64(int(day), "D"))


def _is_weekend(days: np.ndarray) -> np.ndarray:
    return (days + MONDAY_OFFSET) % 7 >= 5


def _positions(counts: np.ndarray) -> np.ndarray:
    """0, 1, … within each group of the given sizes."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _keys(dates: np.ndarray, known: np.ndarray) -> np.ndarray:
    return dates * 10_000_000 + known


def _ordered(
    dates: np.ndarray, known: np.ndarray, carried_from: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    order = np.lexsort((known, dates))
    return dates[order], known[order], carried_from[order]


def _days(days: np.ndarray) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.int32()).view(pa.date32())


def _json(names: list[str], values: dict[str, np.ndarray], rows: int) -> list[str]:
    """Objects with numbers in their shortest form that reads back as the same double."""
    texts = [
        [
            f"{json.dumps(name)}: {'null' if math.isnan(value) else repr(value)}"
            for value in values[name].tolist()
        ]
        for name in names
    ]
    return ["{" + ", ".join(parts) + "}" for parts in zip(*texts, strict=True)] if texts else ["{}"] * rows
