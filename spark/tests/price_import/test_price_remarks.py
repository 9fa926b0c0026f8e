"""What is reported about a series, and which days it may not leave out."""

import numpy as np
import pytest
from price_files import COMMODITY, needs_shared, write_folder

from sevenfold_jobs.price_import import files
from sevenfold_jobs.price_import.remarks import missing_days, remarks, unusual_holidays


def test_a_day_that_is_left_out_among_listed_closed_days_is_missing(tmp_path):
    path = tmp_path / "oil.csv"
    days = ["2025-01-02", "2025-01-03", "2025-01-04", "2025-01-06", "2025-01-08"]
    lines = [f"{day},OIL,70,{day != '2025-01-04'}" for day in days]
    path.write_text("\n".join(["date,commodity,close,is_trading_day", *lines]))
    assert missing_days(files.read(path).prices, "OIL") == ["OIL 2025-01-05", "OIL 2025-01-07"]
    # weekends that are never listed are not missed
    weekdays = (
        path.read_text().replace("2025-01-04,OIL,70,False\n", "").replace("06,OIL,70,True", "06,OIL,70,False")
    )
    path.write_text(weekdays)
    assert missing_days(files.read(path).prices, "OIL") == ["OIL 2025-01-07"]


def test_without_closed_days_nothing_is_known_to_be_missing(tmp_path):
    assert missing_days(files.read(write_folder(tmp_path / "oil")).prices, "OIL") == []


def test_a_lost_weekday_is_distinguished_from_a_holiday():
    days = np.arange(np.datetime64("2010-01-01"), np.datetime64("2020-01-01"))
    open_days = days[np.is_busday(days)]
    christmas = np.isin([str(day)[5:] for day in open_days], ["12-25", "12-26"])
    lost = open_days == np.datetime64("2015-06-17")
    unusual = unusual_holidays(open_days[~christmas & ~lost].astype(np.int64))
    assert unusual.astype("datetime64[D]").astype(str).tolist() == ["2015-06-17"]


@pytest.mark.parametrize("trading", [[], [0], list(range(0, 20_000, 30))])
def test_nothing_is_lost_of_a_series_that_is_not_daily(trading):
    assert len(unusual_holidays(np.array(trading, np.int64))) == 0


def test_a_long_gap_and_a_close_below_zero_are_reported(tmp_path, capsys):
    path = tmp_path / "oil.csv"
    path.write_text("date,commodity,close\n2020-04-17,OIL,18.27\n2020-04-20,OIL,-36.98\n2020-04-28,OIL,12\n")
    assert remarks(files.read(path).prices, "OIL") == [
        "OIL: close not above 0, kept and forecast like any other (1): 2020-04-20 -36.98",
        "OIL: no price for more than 5 days (1): 2020-04-21 to 2020-04-27",
    ]
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2021-01-01"), 30)
    path.write_text("date,commodity,close\n" + "".join(f"{day},OIL,70\n" for day in days))
    [said] = remarks(files.read(path).prices, "OIL")
    assert said.startswith("OIL: no price for more than 5 days (12): 2020-01-02 to 2020-01-30, ")
    assert said.endswith(", and 2 more")
    assert capsys.readouterr().out.count(" to ") == 12


@needs_shared
@pytest.mark.parametrize(("commodity", "trading"), [("WTI", 6_658), ("BRENT", 6_740)])
def test_few_real_holidays_are_unusual_and_most_lost_days_are(commodity, trading):
    own = files.read(COMMODITY).prices.of(commodity)
    days = own.date[own.is_trading_day]
    assert len(days) == trading
    usual = len(unusual_holidays(days))
    assert usual < 10
    lost = np.random.default_rng(1).choice(np.arange(1, trading - 1), 40, replace=False)
    named = sum(days[row] in unusual_holidays(np.delete(days, row)) for row in lost)
    assert named >= 20
