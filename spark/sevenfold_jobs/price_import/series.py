"""From rows of a file to those of one series: a row a calendar day and version, covariates carried on."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold_jobs.price_import.days import as_dates
from sevenfold_jobs.price_import.files import Figures, Prices
from sevenfold_jobs.price_import.tracks import Track

PEER_CLOSE = "peer_close"
NO_DAY = np.iinfo(np.int32).min  # days before 1970 are negative too

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
    carried_from: np.ndarray  # NO_DAY where the file holds the row
    source: str = ""
    is_synthetic: bool = False
    warnings: list[str] = field(default_factory=list)

    def table(self) -> pa.Table:
        """The rows as they are staged."""
        columns = [
            pa.array([self.commodity] * len(self.dates), pa.string()),
            as_dates(self.dates),
            as_dates(self.known),
            pa.array(self.trading),
            pa.array(self.close),
            pa.array(_json(self.covariates, self.values, len(self.dates)), pa.string()),
            as_dates(self.carried_from, empty=self.carried_from == NO_DAY),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)


def build(prices: Prices, figures: Figures | None, commodity: str, settings: dict[str, Any] | None) -> Series:
    """The series of one commodity. `settings` are those of config/prices, None for a commodity without.

    Every value is the newest that was known when its row was: a peer's close that came or was revised later
    makes a later version of the row.
    """
    own = prices.of(commodity)
    dates, known, carried_from = _calendar(own)
    file_rows = carried_from == NO_DAY
    warnings: list[str] = []
    tracks = _tracks(prices, own, figures, commodity, settings, warnings)
    peer = tracks.get(PEER_CLOSE)
    if peer is not None and not peer.is_plain:
        dates, known, carried_from = _with_versions_of(peer, dates, known, carried_from)
        file_rows = np.isin(_keys(dates, known), _keys(own.date, own.known_at))
    close = Track.of(own.date, own.known_at, own.close).at(dates, known)
    flags = Track.of(own.date, own.known_at, own.is_trading_day.astype(np.float64)).at(dates, known) > 0
    flags &= carried_from == NO_DAY
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
        np.concatenate([np.full(len(own.date), NO_DAY), anchors[kept]]),
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
