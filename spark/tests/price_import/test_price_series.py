"""From rows to series: calendar, covariates, versions. No row holds what was not known on its day."""

import numpy as np
from price_files import COMMODITY, OIL, PRICES, needs_shared, write_folder

from sevenfold_jobs.price_import import files, series
from sevenfold_jobs.price_import.tracks import Track

WTI = {
    "name": "WTI",
    "unit": "USD",
    "peer": "BRENT",
    "covariates": [
        {"name": "vix", "from": "vix_close"},
        {"name": "peer_close"},
        {"name": "henry_hub", "from": "henry_hub_usd_mmbtu"},
    ],
}


def rows(built: series.Series) -> list[tuple]:
    """(date, known_at, trading, close, covariates) as text and numbers."""
    return [
        (
            str(row["date"])[5:],
            str(row["known_at"])[5:],
            row["is_trading_day"],
            row["close"],
            row["covariates"],
        )
        for row in built.table().to_pylist()
    ]


def build(path, commodity="OIL", settings=OIL) -> series.Series:
    source = files.read(path)
    return series.build(source.prices, source.figures, commodity, settings)


def test_days_between_are_closed_and_carry_the_close_while_covariates_go_on(tmp_path):
    assert rows(build(write_folder(tmp_path / "oil"))) == [
        ("01-02", "01-02", True, 70.5, '{"fear": 15.5, "peer_close": 3.5}'),
        ("01-03", "01-03", True, 71.0, '{"fear": 16.5, "peer_close": 3.25}'),
        ("01-04", "01-04", False, 71.0, '{"fear": 16.5, "peer_close": 3.25}'),
        ("01-05", "01-05", False, 71.0, '{"fear": 16.5, "peer_close": 3.25}'),
        ("01-06", "01-06", True, 72.25, '{"fear": 18.5, "peer_close": 3.25}'),
        ("01-07", "01-07", False, 72.25, '{"fear": 18.5, "peer_close": 3.0}'),
        ("01-08", "01-08", True, 69.0, '{"fear": 18.5, "peer_close": 3.0}'),
    ]


def test_days_before_1970_are_days_like_others(tmp_path):
    path = tmp_path / "oil.csv"
    path.write_text("date,commodity,close\n1969-12-30,OIL,2\n1970-01-02,OIL,3\n")
    assert [row[:4] for row in rows(build(path, settings=None))] == [
        ("12-30", "12-30", True, 2.0),
        ("12-31", "12-31", False, 2.0),
        ("01-01", "01-01", False, 2.0),
        ("01-02", "01-02", True, 3.0),
    ]
    path.write_text("date,commodity,close\n1900-01-01,OIL,2\n2026-01-01,OIL,3\n")
    assert len(rows(build(path, settings=None))) == 46_022


def test_a_commodity_without_settings_takes_every_column_and_its_own_name(tmp_path):
    built = build(write_folder(tmp_path / "oil"), "GAS", None)
    assert (built.name, built.unit) == ("GAS", "as given")
    assert built.covariates == ["fear_open", "fear_high", "fear_low", "fear_close", "rain"]
    # before its first value a covariate is empty
    assert [row[4].rsplit(" ", 1)[1] for row in rows(built)] == [
        "null}",
        "0.25}",
        "1.0}",
        "1.0}",
        "1.0}",
        "1.0}",
    ]


def test_a_covariate_that_the_source_lacks_is_left_out_and_reported(tmp_path):
    built = build(write_folder(tmp_path / "oil", PRICES.split("2025-01-02,GAS")[0], covariates=None))
    assert built.covariates == []
    assert [warning.split(";")[0] for warning in built.warnings] == [
        "OIL: the source has no covariate fear",
        "OIL: the source has no covariate peer_close",
    ]
    assert {row[4] for row in rows(built)} == {"{}"}


def test_a_late_revision_is_a_version_of_its_day_and_of_the_closed_days_after_it(tmp_path):
    path = tmp_path / "oil.csv"
    path.write_text(
        "date,commodity,close,known_at\n2025-01-03,OIL,70,\n2025-01-03,OIL,71,2025-01-05\n2025-01-06,OIL,72,\n"
    )
    assert [row[:4] for row in rows(build(path, settings=None))] == [
        ("01-03", "01-03", True, 70.0),
        ("01-03", "01-05", True, 71.0),
        ("01-04", "01-04", False, 70.0),
        ("01-04", "01-05", False, 71.0),
        ("01-05", "01-05", False, 71.0),
        ("01-06", "01-06", True, 72.0),
    ]


def test_a_peer_that_is_published_a_day_late_reaches_a_row_only_then(tmp_path):
    path = tmp_path / "both.csv"
    path.write_text(
        "date,commodity,close,known_at\n"
        "2025-01-02,OIL,70,\n2025-01-03,OIL,71,\n"
        "2025-01-02,GAS,3,2025-01-03\n2025-01-03,GAS,4,2025-01-04\n"
    )
    settings = OIL | {"covariates": [{"name": "peer_close"}]}
    assert rows(build(path, settings=settings)) == [
        ("01-02", "01-02", True, 70.0, '{"peer_close": null}'),
        ("01-02", "01-03", True, 70.0, '{"peer_close": 3.0}'),
        ("01-03", "01-03", True, 71.0, '{"peer_close": 3.0}'),
        ("01-03", "01-04", True, 71.0, '{"peer_close": 4.0}'),
    ]


def test_no_value_of_a_row_is_of_a_later_day_or_known_later():
    """Against a plain reading of random versions."""
    random = np.random.default_rng(5)
    dates = random.integers(0, 40, 80)
    known = dates + random.integers(0, 4, 80)
    _, first = np.unique(dates * 100 + known, return_index=True)
    dates, known, values = dates[first], known[first], random.normal(size=len(first))
    days = np.repeat(np.arange(-1, 45), 6)
    limits = days + np.tile(np.arange(6), 46)
    for shift in (known, dates):  # with late ones, and with all known on their day
        kept = np.unique(dates, return_index=True)[1] if shift is dates else np.arange(len(dates))
        found = Track.of(dates[kept], shift[kept], values[kept]).at(days, limits)
        for day, limit, value in zip(days, limits, found, strict=True):
            there = [
                (date, since, each)
                for date, since, each in zip(dates[kept], shift[kept], values[kept], strict=True)
                if date <= day and since <= limit
            ]
            assert (np.isnan(value) and not there) or value == max(there)[2]


@needs_shared
def test_the_csv_files_and_the_parquet_file_give_the_same_rows(tmp_path):
    """Bytes and all. The Parquet file alone has 2000-01-01 to 2000-01-03: they carry prices of 1999."""
    prices, covariates = (
        (COMMODITY / name).read_text() for name in ("prices_daily.csv", "covariates_daily.csv")
    )
    folder = write_folder(tmp_path / "csv", prices, covariates)
    for commodity, peer, trading in (("WTI", "BRENT", 6_658), ("BRENT", "WTI", 6_740)):
        settings = WTI | {"peer": peer}
        unified = build(COMMODITY, commodity, settings).table().drop_columns("carried_from")
        listed = build(folder, commodity, settings).table().drop_columns("carried_from")
        assert [str(day) for day in unified["date"][:3].to_pylist()] == [
            "2000-01-01",
            "2000-01-02",
            "2000-01-03",
        ]
        assert not any(unified["is_trading_day"][:3].to_pylist())
        assert unified.slice(3).equals(listed)
        assert unified.num_rows == 9_701
        assert sum(listed["is_trading_day"].to_pylist()) == trading
