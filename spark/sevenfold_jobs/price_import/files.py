"""Prices of a file or a folder, read whole and checked before anything is written (docs/prices.md)."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.bounds import BOUNDS, COVARIATE, Days
from sevenfold_jobs.common.door.places import find_file, stem_of
from sevenfold_jobs.common.door.values import parse_numbers
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.problems import Problems, shown
from sevenfold_jobs.common.tables import Table, read_table
from sevenfold_jobs.price_import.wording import SHOWN, listing

UNIFIED = "unified_daily.parquet"
PRICES = "prices_daily.csv"
COVARIATES = "covariates_daily.csv"
SYNTHETIC = "SAMPLE"

COMMODITY = re.compile(r"[A-Z0-9][A-Z0-9_]{0,31}")
KEY_COLUMNS = ("date", "commodity", "close", "is_trading_day", "known_at")
FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


@dataclass
class Prices:
    """Rows as a file has them, all of shape (n,): days as int64, `covariates` by column, NaN where empty."""

    commodity: np.ndarray
    date: np.ndarray
    known_at: np.ndarray
    is_trading_day: np.ndarray
    close: np.ndarray
    covariates: dict[str, np.ndarray]

    def of(self, commodity: str) -> "Prices":
        """The rows of one commodity in the order of (date, known_at)."""
        rows = np.flatnonzero(self.commodity == commodity)
        rows = rows[np.lexsort((self.known_at[rows], self.date[rows]))]
        return Prices(
            self.commodity[rows],
            self.date[rows],
            self.known_at[rows],
            self.is_trading_day[rows],
            self.close[rows],
            {name: values[rows] for name, values in self.covariates.items()},
        )


@dataclass
class Figures:
    """Figures of days without a commodity, NaN where empty: they hold for every commodity."""

    date: np.ndarray
    columns: dict[str, np.ndarray]


@dataclass
class Source:
    """What a path brings. `name` says where it came from; `warnings` are worth telling and stop nothing."""

    name: str
    prices: Prices
    figures: Figures | None = None
    warnings: list[str] = field(default_factory=list)


class _DatedTable(Table):
    """Says of a row which day it is of, and which commodity's, in the file's own words."""

    def where(self, row: int, column: str | None = None) -> str:
        known = [name for name in ("commodity", "date") if name in self.columns]
        which = " ".join(str(self.columns[name][row].as_py()) for name in known)
        place = super().where(row) + (f" ({' '.join(which.split())[:60]})" if which else "")
        return place + (f", column {column}" if column else "")


def read(path: Path, allowed: Days | None = None) -> Source:
    """The prices of a file, or of a folder's files. Raises InvalidInput that counts and names the faults."""
    problems = Problems()
    allowed = allowed or Days.of({}, "prices")
    if path.is_dir():
        source = _read_folder(path, problems, allowed)
    elif path.is_file():
        source = _read_file(path, problems, allowed)
    else:
        raise InvalidInput(f"There is no file or folder {path}: check the path.")
    if problems.found:
        raise InvalidInput(_summary(path, problems.found))
    assert source is not None
    return source


def _summary(path: Path, faults: list[str]) -> str:
    count = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
    rest = f"; all of them: npx sevenfold logs prices/{path.name}" if len(faults) > SHOWN else ""
    return f"{count} in {path.name}, nothing was imported. {listing(faults, ' | ')}{rest}"


def _read_file(path: Path, problems: Problems, allowed: Days) -> Source | None:
    if stem_of(path.name) is None:
        raise InvalidInput(
            f"{path} is neither .csv nor .parquet: give such a file, or the folder of {PRICES}."
        )
    table = _dated_table(path.parent, path.name, problems)
    prices = None if table is None else _prices(table, allowed)
    return None if prices is None else Source(path.name, prices, warnings=_remarks(table))


def _read_folder(folder: Path, problems: Problems, allowed: Days) -> Source | None:
    """The Parquet file where there is one, else the CSV files; whatever is there has to be in order."""
    present = sorted(path.name for path in folder.iterdir())
    # One name may be there as Parquet and as CSV: then it is each its own.
    has = {name: bool(find_file(folder, name)) for name in (UNIFIED, PRICES, COVARIATES)}
    if not has[UNIFIED] and not has[PRICES]:
        near = difflib.get_close_matches(PRICES, present, 1) or difflib.get_close_matches(UNIFIED, present, 1)
        hint = f"rename {shown(near[0])}" if near else f"it has {', '.join(present[:8]) or 'no files'}"
        raise InvalidInput(f"The folder {folder} holds neither {UNIFIED} nor {PRICES}: {hint}.")
    unified = _dated_table(folder, UNIFIED, problems) if has[UNIFIED] else None
    listed = _dated_table(folder, PRICES, problems) if has[PRICES] else None
    daily = _dated_table(folder, COVARIATES, problems, ["date"]) if has[COVARIATES] else None
    figures = None if daily is None else _figures(daily, allowed)
    warnings = [] if daily is None else _remarks(daily)
    from_unified = None if unified is None else _prices(unified, allowed)
    from_listed = None if listed is None else _prices(listed, allowed)
    if problems.found:
        return None
    if from_unified is None:
        return Source(f"{folder.name}/{listed.name}", from_listed, figures, warnings + listed.remarks)
    if from_listed is not None:
        warnings += _disagreements(from_unified, from_listed)
    return Source(f"{folder.name}/{unified.name}", from_unified, None, warnings + _remarks(unified))


def _dated_table(
    folder: Path, name: str, problems: Problems, columns: Sequence[str] = ("date", "commodity", "close")
) -> Table | None:
    table = read_table(folder, name, columns, problems, optional_columns=KEY_COLUMNS)
    return None if table is None else _DatedTable(**vars(table))


def _prices(table: Table, allowed: Days) -> Prices:
    """Checked columns; where a fault was found, what it stands for is of no use and must not be used."""
    commodity, days = table.text("commodity", required=True), table.days("date", allowed)
    _refuse_names(table, commodity)
    known = _known_at(table, days, allowed)
    table.refuse_repeats({"commodity": commodity, "date": days, "known_at": known})
    return Prices(
        commodity=np.array(commodity.to_pylist(), object),
        date=_numbered(days),
        known_at=_numbered(known),
        is_trading_day=_flags(table),
        close=_values(table.numbers("close", within=BOUNDS["prices", "close"])),
        covariates={
            name: _values(values) for name, values in _numeric(table, others_than=KEY_COLUMNS).items()
        },
    )


def _figures(table: Table, allowed: Days) -> Figures:
    days = table.days("date", allowed)
    table.refuse_repeats({"date": days})
    columns = _numeric(table, others_than=("date",))
    return Figures(_numbered(days), {name: _values(values) for name, values in columns.items()})


def _refuse_names(table: Table, commodity: pa.Array) -> None:
    wrong = {name for name in pc.unique(commodity).to_pylist() if name and not COMMODITY.fullmatch(name)}
    for row, name in enumerate(commodity.to_pylist() if wrong else []):
        if name in wrong:
            table.problems.add(
                table.where(row, "commodity"),
                f"{shown(name)} is not a commodity's name",
                "write up to 32 capitals, digits and _, for example WTI",
            )
    if SYNTHETIC in pc.unique(commodity).to_pylist():
        table.problems.add(
            f"{table.name}, column commodity",
            f"{SYNTHETIC} is the generated series (import prices --sample)",
            "give yours another name",
        )


def _known_at(table: Table, days: pa.Array, allowed: Days) -> pa.Array:
    """When each row became known: the day itself where the file does not say."""
    if "known_at" not in table.columns or pa.types.is_null(table.columns["known_at"].type):
        return days
    known = table.days("known_at", allowed, required=False)
    early = pc.fill_null(pc.less(known, days), False).to_numpy(zero_copy_only=False)
    for row in np.flatnonzero(early):
        table.problems.add(
            table.where(int(row), "known_at"),
            f"{known[int(row)].as_py()} lies before the date {days[int(row)].as_py()}",
            "nothing is known before its day",
        )
    return pc.coalesce(known, days)


def _flags(table: Table) -> np.ndarray:
    """Whether each row is a trading day: all are where the file does not say."""
    given = table.columns.get("is_trading_day")
    if given is None:
        return np.ones(table.rows, bool)
    if pa.types.is_boolean(given.type) and given.null_count == 0:
        return given.to_numpy(zero_copy_only=False)
    flags = []
    for row, text in enumerate(table.text("is_trading_day", required=True).to_pylist()):
        flag = FLAGS.get((text or "").lower())
        if text is not None and flag is None:
            table.problems.add(
                table.where(row, "is_trading_day"), f"{shown(text)} is no flag", "write true or false"
            )
        flags.append(flag is True)
    return np.array(flags, bool)


def _numeric(table: Table, others_than: tuple[str, ...]) -> dict[str, pa.Array]:
    """Every further column as numbers, null where empty."""
    found = {}
    for name, reason in table.unusable.items():
        table.problems.add(f"{table.name}, column {name}", reason, "write numbers or remove the column")
    for name in table.columns:
        if name in others_than:
            continue
        given = table.columns[name]
        if _holds_no_number(table, given):
            table.problems.add(
                f"{table.name}, column {name}",
                f"holds text such as {shown(_first(given))} and no number",
                "write numbers or remove the column",
            )
        else:
            found[name] = table.numbers(name, required=False, within=COVARIATE)
    return found


def _holds_no_number(table: Table, given: pa.Array) -> bool:
    """A column of words, of which one fault says more than a fault a row."""
    if not (pa.types.is_string(given.type) or pa.types.is_large_string(given.type)):
        return False
    text = pc.utf8_trim_whitespace(given)
    filled = pc.and_(pc.is_valid(text), pc.not_equal(text, ""))
    some = pc.any(filled).as_py() is True
    return some and parse_numbers(text, table.decimals)[0].null_count == len(text)


def _first(given: pa.Array) -> str:
    return next(text for text in given.to_pylist() if text and text.strip())


def _remarks(table: Table) -> list[str]:
    """Warnings: how the file was read where that is not obvious, and odd candles."""
    return [*dict.fromkeys(table.remarks), *_odd_candles(table)]


def _odd_candles(table: Table) -> list[str]:
    """Opens and closes outside the low and high of their day: kept as the source has them, and named."""
    said = []
    prefixes = [name.removesuffix("low") for name in table.columns if name.endswith("low")]
    for prefix in prefixes:
        low, high = (_tried(table, prefix + name) for name in ("low", "high"))
        for name in (prefix + "open", prefix + "close"):
            values = _tried(table, name)
            if low is None or high is None or values is None:
                continue
            rows = np.flatnonzero((values < low) | (values > high))
            named = [f"{table.columns['date'][int(row)]} {values[row]:g}" for row in rows]
            if named:
                what = f"{name} outside the low and high of its day"
                said.append(f"{table.name}: {what} ({len(named):,}): {listing(named)}")
    return said


def _tried(table: Table, column: str) -> np.ndarray | None:
    """A column that was checked already, as numbers; faults are on record."""
    if column not in table.columns:
        return None
    return _values(replace(table, problems=Problems()).numbers(column, required=False))


def _disagreements(unified: Prices, listed: Prices) -> list[str]:
    """What the CSV file says that the Parquet file next to it contradicts."""
    trading = unified.is_trading_day
    first = _closes(unified, trading)
    second = _closes(listed, listed.is_trading_day)
    named = [
        *(f"{key} is only in {PRICES}" for key in second if key not in first),
        *(f"{key} is only in {UNIFIED}" for key in first if key not in second),
        *(
            f"{key} is {second[key]:g} in {PRICES}"
            for key in first
            if key in second and first[key] != second[key]
        ),
    ]
    if not named:
        return []
    return [f"{UNIFIED} holds; {PRICES} beside it says something else ({len(named):,}): {listing(named)}"]


def _closes(prices: Prices, rows: np.ndarray) -> dict[str, float]:
    days = prices.date[rows].astype("datetime64[D]").astype(str)
    return {
        f"{commodity} {day}": close
        for commodity, day, close in zip(
            prices.commodity[rows], days, prices.close[rows].tolist(), strict=True
        )
    }


def _numbered(days: pa.Array) -> np.ndarray:
    """Days since 1970; 0 where a fault left none."""
    return pc.fill_null(days.view(pa.int32()), 0).to_numpy(zero_copy_only=False).astype(np.int64)


def _values(values: pa.Array) -> np.ndarray:
    return pc.fill_null(values, float("nan")).to_numpy(zero_copy_only=False)
