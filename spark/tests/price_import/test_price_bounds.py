"""What values prices may have: what cannot be is refused with its place, what looks odd is reported."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from price_files import COVARIATES, PRICES, refusal, write_folder, write_parquet

from sevenfold_jobs.price_import import files
from sevenfold_jobs.price_import.remarks import remarks


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("9999-12-31,OIL,70", "(OIL 9999-12-31), column date: '9999-12-31' lies after today ("),
        ("2042-01-09,OIL,70", "(OIL 2042-01-09), column date: '2042-01-09' lies after today ("),
        (
            "0020-01-01,OIL,70",
            "(OIL 0020-01-01), column date: '0020-01-01' lies before 1900-01-01, the first day that is "
            "allowed (config/bounds.json); correct it or remove the row",
        ),
        ("2025-01-09,OIL,1e13", "column close: '1e13' is more than 1,000,000,000,000"),
        ("2025-01-09,OIL,-1e300", "column close: '-1e300' is less than -1,000,000,000,000"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_is_allowed(tmp_path, row, said):
    message = refusal(write_folder(tmp_path / "oil", PRICES + row + "\n"))
    assert message.startswith("1 fault in oil, nothing was imported. prices_daily.csv line 9 ")
    assert said in message


def test_covariates_and_their_days_have_bounds_too(tmp_path):
    said = refusal(
        write_folder(
            tmp_path / "oil",
            covariates=COVARIATES.replace("0.25", "1e300").replace("2025-01-04", "9999-12-31"),
        )
    )
    assert "covariates_daily.csv line 3 (2025-01-03), column rain: '1e300' is more than 1,000" in said
    assert "covariates_daily.csv line 4 (9999-12-31), column date: '9999-12-31' lies after today" in said


def test_nothing_is_known_after_today(tmp_path):
    path = tmp_path / "oil.csv"
    path.write_text("date,commodity,close,known_at\n2025-01-02,OIL,70,9999-12-31\n")
    assert "column known_at: '9999-12-31' lies after today" in refusal(path)


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Tokyo", None])
def test_an_empty_known_at_beside_zoned_stamps_is_the_day_itself(tmp_path, zone):
    path = write_parquet(
        tmp_path / "oil.parquet",
        date=pa.array([date(2025, 1, day) for day in (2, 3, 6)]),
        commodity=["OIL"] * 3,
        close=[70.0, 71.0, 72.0],
        known_at=pa.array(
            [datetime(2025, 1, 2, tzinfo=UTC), None, datetime(2025, 1, 8, tzinfo=UTC)],
            pa.timestamp("us", "UTC"),
        ).cast(pa.timestamp("us", zone)),
    )
    source = files.read(path)
    assert source.warnings == []
    found = source.prices.known_at.astype("datetime64[D]").astype(str).tolist()
    assert found == ["2025-01-02", "2025-01-03", "2025-01-08"]


def test_stamps_that_are_not_at_midnight_are_reported(tmp_path):
    path = tmp_path / "oil.csv"
    path.write_text("date,commodity,close\n2025-01-02T22:00:00Z,OIL,70\n2025-01-04T00:30:00+02:00,OIL,71\n")
    source = files.read(path)
    assert source.prices.date.astype("datetime64[D]").astype(str).tolist() == ["2025-01-02", "2025-01-03"]
    [said] = source.warnings
    assert "the stamp is 2025-01-02 22:00 UTC and counts for 2025-01-02 (2 of 2 are not at midnight" in said


def test_the_headers_of_a_data_vendor_get_a_hint(tmp_path):
    said = refusal(
        write_folder(tmp_path / "oil", PRICES.replace("date,commodity", "observation_date,Ticker"))
    )
    assert "column date is missing; rename 'observation_date' to date" in said
    assert "column commodity is missing; rename 'Ticker' to commodity" in said


def test_a_day_years_from_all_others_is_named(tmp_path):
    path = tmp_path / "oil.csv"
    days = [f"2025-01-{day:02}" for day in (2, 3, 6, 7, 8)]
    path.write_text("date,commodity,close\n" + "".join(f"{day},OIL,70\n" for day in ["2015-01-09", *days]))
    assert remarks(files.read(path).prices, "OIL")[0] == (
        "OIL: years from every other day, is the year right (1): 2015-01-09"
    )
