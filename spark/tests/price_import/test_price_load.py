"""Imports into a real PostgreSQL: what is written, counted, kept and refused."""

import shutil
import time
from pathlib import Path

import psycopg
import pytest
from price_files import COMMODITY, COVARIATES, OIL, PRICES, needs_shared, write_folder

from sevenfold_jobs.common.failures import Fenced, InvalidInput
from sevenfold_jobs.price_import.main import run

GAS = {"commodity": "GAS", "name": "Gas", "unit": "USD per million BTU", "covariates": []}
CHECKS = (Path(__file__).resolve().parents[3] / "src/kinds/prices/sql/import.sql").read_text()


@pytest.fixture
def empty(database_url):
    """Nothing of another test."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("truncate prices, commodities, units cascade")


@pytest.fixture
def load(make_batch, tmp_path, empty):
    """`load(prices, covariates)` imports a folder made anew; `load(path=…)` what is there."""

    def go(prices: str = PRICES, covariates: str | None = COVARIATES, **request):
        if "path" not in request and "sample" not in request:
            shutil.rmtree(tmp_path / "oil", ignore_errors=True)
            request["path"] = str(write_folder(tmp_path / "oil", prices, covariates))
        batch = make_batch("price_import", {"settings": [OIL, GAS], **request}, unit="import")
        go.batch = batch
        return run(batch)

    return go


@pytest.fixture
def checks(load, database_url):
    """The checks of the newest import, by name: (passed, observed, expected)."""

    def read():
        statement = CHECKS.replace("$1", "%(run)s").replace("$2", "'prices'").replace("$3", "null")
        with psycopg.connect(database_url) as connection:
            rows = connection.execute(statement, {"run": load.batch.fence["runId"]}).fetchall()
        return {name: (passed, observed, expected) for name, _, passed, observed, expected, _ in rows}

    return read


def counts(result, commodity="OIL"):
    counts = result["commodities"][commodity]
    return {name: counts[name] for name in ("rows", "new", "versions", "revised", "unchanged", "kept")}


STORED = """
    select to_char(date, 'MM-DD'), is_trading_day, close, covariates
      from prices where commodity = %s order by date, known_at
"""


def test_a_first_import_writes_every_day_and_tells_the_ledger(load, query):
    result = load()
    assert result["commodities"]["OIL"] == {
        "rows": 7,
        "new": 7,
        "versions": 0,
        "revised": 0,
        "unchanged": 0,
        "tradingDays": 4,
        "kept": 0,
        "firstDate": "2025-01-02",
        "lastDate": "2025-01-08",
    }
    assert query(
        "select commodity, name, unit, covariates, is_synthetic, source from commodities order by 1"
    ) == [
        ("GAS", "Gas", "USD per million BTU", [], False, "oil/prices_daily.csv"),
        ("OIL", "Oil", "USD per barrel", ["fear", "peer_close"], False, "oil/prices_daily.csv"),
    ]
    assert query(STORED, "OIL")[1:3] == [
        ("01-03", True, 71.0, {"fear": 16.5, "peer_close": 3.25}),
        ("01-04", False, 71.0, {"fear": 16.5, "peer_close": 3.25}),
    ]
    [(rows_due, detail)] = query("select rows_due, detail from units where committed_attempt = 1")
    assert (rows_due, detail["rows"], detail["commodities"]) == (13, 13, 2)
    assert detail["series"] == result["commodities"]


def test_the_same_file_again_changes_no_row(load, query):
    load()
    before = query("select ctid, prices.* from prices order by commodity, date")
    assert counts(load()) == {"rows": 7, "new": 0, "versions": 0, "revised": 0, "unchanged": 7, "kept": 0}
    assert query("select ctid, prices.* from prices order by commodity, date") == before


def test_a_changed_value_replaces_and_is_counted_with_the_closed_days_that_carry_it(load, query):
    load()
    assert counts(load(PRICES.replace("71\n", "71.5\n"))) == {
        "rows": 7,
        "new": 0,
        "versions": 0,
        "revised": 3,
        "unchanged": 4,
        "kept": 0,
    }
    assert [row[2] for row in query(STORED, "OIL")] == [70.5, 71.5, 71.5, 71.5, 72.25, 72.25, 69.0]


def test_a_changed_covariate_alone_is_a_revision(load, query):
    load()
    assert counts(load(covariates=COVARIATES.replace("18.5", "18.75")))["revised"] == 3
    assert query(STORED, "OIL")[-1][3] == {"fear": 18.75, "peer_close": 3.0}


def test_a_value_known_later_is_a_version_beside_the_first(load, query, tmp_path):
    path = tmp_path / "late.csv"
    load()
    path.write_text("date,commodity,close,known_at\n2025-01-06,OIL,72.5,2025-01-08\n")
    result = load(path=str(path))
    # the closed day after it carries the later value as well
    assert counts(result) == {"rows": 2, "new": 0, "versions": 2, "revised": 0, "unchanged": 0, "kept": 7}
    first, second = {"fear": 18.5, "peer_close": 3.25}, {"fear": 18.5, "peer_close": 3.0}
    assert query(
        "select to_char(date, 'MM-DD'), to_char(known_at, 'MM-DD'), close, covariates from prices"
        " where commodity = 'OIL' and date in ('2025-01-06', '2025-01-07') order by date, known_at"
    ) == [
        ("01-06", "01-06", 72.25, first),
        ("01-06", "01-08", 72.5, first),
        ("01-07", "01-07", 72.25, second),
        ("01-07", "01-08", 72.5, second),
    ]


def test_with_replace_the_same_files_give_the_same_rows_whatever_was_stored_before(load, query, checks):
    everything = (
        "select commodity, date, known_at, is_trading_day, close, covariates::text from prices"
        " order by 1, 2, 3"
    )
    known = "select commodity, covariates from commodities order by 1"
    without = PRICES.replace("2025-01-06,OIL,72.25\n", "").replace(
        "2025-01-08,OIL,69\n", "2025-01-07,OIL,70\n"
    )
    load(without, None)
    fresh, fresh_covariates = query(everything), query(known)
    load(PRICES + "2025-01-10,OIL,68\n2024-12-30,OIL,67\n")
    result = load(without, None, replace=True)
    assert query(everything) == fresh
    assert query(known) == fresh_covariates
    assert counts(result)["kept"] == 0
    assert all(passed for passed, _, _ in checks().values())
    [said] = [warning for warning in result["warnings"] if "were dropped" in warning]
    assert said.startswith("OIL: stored rows that are not in the file were dropped (")
    assert said.endswith("prices among them: 2024-12-30, 2025-01-06, 2025-01-08, 2025-01-10")
    again = load(without, None, replace=True)
    assert counts(again)["unchanged"] == counts(again)["rows"]
    assert not any("were dropped" in warning for warning in again["warnings"])


def test_replace_leaves_other_series_alone(load, query):
    load()
    load(PRICES.split("2025-01-02,GAS")[0], None, replace=True, commodities=["OIL"])
    assert query("select count(*) from prices where commodity = 'GAS'") == [(6,)]


def test_rows_that_the_file_lost_stay_and_are_named(load, query, checks):
    load()
    before = query(STORED, "OIL")
    result = load(PRICES.replace("2025-01-06,OIL,72.25\n", ""))
    assert query(STORED, "OIL") == before
    assert counts(result)["kept"] == 1
    assert (
        "OIL: stored rows from 2025-01-02 to 2025-01-08 that are not in the file stay (1), "
        "prices among them: 2025-01-06; to drop them: the same import with --replace" in result["warnings"]
    )
    assert all(passed for passed, _, _ in checks().values())


def test_a_file_that_only_goes_on_leaves_no_day_between_open(load, query, checks, tmp_path):
    load()
    path = tmp_path / "next.csv"
    path.write_text("date,commodity,close\n2025-01-13,OIL,68\n")
    result = load(path=str(path))
    assert counts(result)["new"] == 5
    assert query(STORED, "OIL")[-6:] == [
        ("01-08", True, 69.0, {"fear": 18.5, "peer_close": 3.0}),
        *((f"01-{day:02}", False, 69.0, {"fear": 18.5, "peer_close": 3.0}) for day in range(9, 13)),
        ("01-13", True, 68.0, {}),
    ]
    assert all(passed for passed, _, _ in checks().values())
    # what is stored of the covariates stays known
    assert query("select covariates from commodities where commodity = 'OIL'") == [(["fear", "peer_close"],)]


def test_a_file_of_earlier_days_closes_the_gap_to_what_is_stored(load, query, checks, tmp_path):
    load()
    path = tmp_path / "before.csv"
    path.write_text("date,commodity,close\n2024-12-30,OIL,65\n")
    assert counts(load(path=str(path)))["new"] == 3
    assert [row[:3] for row in query(STORED, "OIL")][:4] == [
        ("12-30", True, 65.0),
        ("12-31", False, 65.0),
        ("01-01", False, 65.0),
        ("01-02", True, 70.5),
    ]
    assert all(passed for passed, _, _ in checks().values())


def test_a_correction_of_the_last_friday_reaches_the_weekend_that_is_stored(load, query, tmp_path):
    load()
    path = tmp_path / "friday.csv"
    path.write_text("date,commodity,close\n2025-01-03,OIL,75\n")
    assert counts(load(path=str(path)))["revised"] == 3
    assert [row[2] for row in query(STORED, "OIL")] == [70.5, 75.0, 75.0, 75.0, 72.25, 72.25, 69.0]
    assert query(STORED, "OIL")[2][3] == {"fear": 16.5, "peer_close": 3.25}


def test_only_the_commodities_asked_for_are_written(load, query):
    result = load(commodities=["OIL"])
    assert list(result["commodities"]) == ["OIL"]
    # the peer is read all the same
    assert query(STORED, "OIL")[0][3]["peer_close"] == 3.5
    assert query("select count(*) from prices where commodity = 'GAS'") == [(0,)]
    with pytest.raises(
        InvalidInput, match=r"Commodity OLI is not in oil/prices_daily.csv. Did you mean OIL?"
    ):
        load(commodities=["OLI"])


@pytest.mark.parametrize("spoilt", [PRICES + "2025-01-09,OIL,NaN\n", PRICES + "2025-01-08,OIL,70\n"])
def test_one_bad_row_keeps_all_others_out(load, query, spoilt):
    with pytest.raises(InvalidInput):
        load(spoilt)
    assert query("select count(*) from prices") == [(0,)]
    assert query("select count(*) from commodities") == [(0,)]


def test_an_attempt_that_was_overtaken_writes_nothing(make_batch, empty, query, database_url, tmp_path):
    request = {"settings": [], "path": str(write_folder(tmp_path / "oil"))}
    batch = make_batch("price_import", request, unit="import")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update units set attempt = 2 where run_id = %s", [batch.fence["runId"]])
    with pytest.raises(Fenced):
        run(batch)
    assert query("select count(*) from prices") == [(0,)]


def test_the_checks_pass_after_an_import_and_name_what_was_done_to_its_rows(load, checks, database_url):
    load()
    assert checks()["rows"] == (True, "13", "13")
    assert all(passed for passed, _, _ in checks().values())
    for statement, failed in (
        ("delete from prices where commodity = 'OIL' and date = '2025-01-06'", "OIL calendar days"),
        ("update prices set close = 1 where commodity = 'GAS' and date = '2025-01-03'", "GAS as imported"),
    ):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(statement)
        assert checks()[failed][0] is False


def test_a_run_that_imported_nothing_is_not_whole(load, checks, database_url):
    load()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update units set detail = '{}'")
    assert checks() == {"rows": (False, "0", "1")}


def test_the_sample_is_marked_and_the_same_every_time(load, query):
    result = load(sample=True)
    assert result["warnings"] == []
    assert counts(result, "SAMPLE")["new"] == 7_668
    assert query("select is_synthetic from commodities") == [(True,)]
    first = query("select digest from price_digests('SAMPLE') order by as_of desc limit 1")
    load(sample=True)
    assert query("select digest from price_digests('SAMPLE') order by as_of desc limit 1") == first


@needs_shared
def test_the_shared_prices_are_whole_and_both_routes_store_the_same(load, query, checks, tmp_path):
    settings = [
        {
            "commodity": commodity,
            "name": commodity,
            "unit": "USD per barrel",
            "peer": peer,
            "covariates": [
                {"name": "vix", "from": "vix_close"},
                {"name": "peer_close"},
                {"name": "henry_hub", "from": "henry_hub_usd_mmbtu"},
            ],
        }
        for commodity, peer in (("WTI", "BRENT"), ("BRENT", "WTI"))
    ]
    started = time.monotonic()
    result = load(path=str(COMMODITY), settings=settings)
    print(f"first import {time.monotonic() - started:.2f} s")
    assert {name: counts(result, name)["new"] for name in ("WTI", "BRENT")} == {"WTI": 9_701, "BRENT": 9_701}
    assert any("like any other (1): 2020-04-20 -36.98" in warning for warning in result["warnings"])
    assert "BRENT: no price for more than 5 days (1): 2018-12-22 to 2018-12-26" in result["warnings"]
    assert all(passed for passed, _, _ in checks().values())
    started = time.monotonic()
    again = load(path=str(COMMODITY), settings=settings)
    print(f"second import {time.monotonic() - started:.2f} s")
    assert {name: counts(again, name)["unchanged"] for name in ("WTI", "BRENT")} == {
        "WTI": 9_701,
        "BRENT": 9_701,
    }
    listed = load(
        *((COMMODITY / name).read_text() for name in ("prices_daily.csv", "covariates_daily.csv")),
        settings=settings,
    )
    # 2000-01-01 to 2000-01-03 are in the Parquet file alone
    for name in ("WTI", "BRENT"):
        assert counts(listed, name) == {
            "rows": 9_698,
            "new": 0,
            "versions": 0,
            "revised": 0,
            "unchanged": 9_698,
            "kept": 3,
        }


def test_a_day_missing_in_a_source_of_calendar_days_is_named_and_nothing_is_written(load, query, tmp_path):
    path = tmp_path / "calendar.csv"
    path.write_text(
        "date,commodity,close,is_trading_day\n2025-01-03,OIL,70,1\n2025-01-04,OIL,70,0\n2025-01-06,OIL,70,1\n"
    )
    with pytest.raises(InvalidInput, match=r"calendar.csv .* leaves days out.*\(1\): OIL 2025-01-05"):
        load(path=str(path))
    assert query("select count(*) from prices") == [(0,)]
