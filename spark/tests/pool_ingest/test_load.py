"""Phase ingest on a real PostgreSQL: what is written, what keeps its number, what is left alone."""

import shutil
from datetime import date
from decimal import Decimal

import psycopg
import pytest
from folders import GAS, HISTORY, MACRO, POOLS, PRICES, history, write_folder

from sevenfold_jobs.common.failures import Fenced, InvalidInput
from sevenfold_jobs.pool_ingest.main import run

TABLES = (
    "pools",
    "pool_history",
    "token_prices_daily",
    "gas_fees_daily",
    "macroeconomic_data",
    "portfolio_transactions",
)
NOTHING_CHANGED = dict.fromkeys(TABLES, 0)
TRANSACTIONS = (
    "date,token,amount,direction\n2025-01-01,USDC,5,in\n2025-01-02,USDC,6,out\n2025-01-03,DAI,7,in\n"
)


@pytest.fixture
def ingest(make_batch, tmp_path):
    """`ingest(day, file=...)`: runs the job on a folder made anew."""
    dataset = f"files/{tmp_path.name}"

    def go(day: str = "2025-01-03", **changed):
        folder = tmp_path / "folder"
        shutil.rmtree(folder, ignore_errors=True)
        write_folder(folder, **changed)
        request = {"dataset": dataset, "source": "files", "path": str(folder), "date": day}
        return run(make_batch("pool_ingest", request, unit="ingest"))

    go.dataset = dataset
    return go


@pytest.fixture
def rows(database_url, ingest):
    def read(query: str, *more):
        with psycopg.connect(database_url) as connection:
            return connection.execute(query, [ingest.dataset, *more]).fetchall()

    return read


def numbers(rows, table):
    """change_seq by row: a row that nobody touched keeps its own."""
    return dict(rows(f"select ({table}.*)::text, change_seq from {table} where dataset = %s"))


def test_loads_what_is_known_on_the_run_date_and_tells_the_ledger(ingest, rows, database_url):
    result = ingest("2025-01-02", transactions=TRANSACTIONS)
    due = {
        "pools": 3,
        "pool_history": 4,
        "token_prices_daily": 3,
        "gas_fees_daily": 2,
        "macroeconomic_data": 2,
        "portfolio_transactions": 2,
    }
    assert result["due"] == due == result["changed"]
    for table, count in due.items():
        assert rows(f"select count(*) from {table} where dataset = %s") == [(count,)]
    with psycopg.connect(database_url) as connection:
        [(rows_due, detail)] = connection.execute(
            "select rows_due, detail from units where unit = 'ingest' and committed_at is not null"
            " order by committed_at desc limit 1"
        ).fetchall()
    assert rows_due == sum(due.values())
    assert detail["due"] == due
    assert detail["newest"] == {
        "pool_history": "2025-01-02",
        "gas_fees_daily": "2025-01-02",
        "ETH": "2025-01-02",
        "BTC": "2025-01-01",
        "SOFR": "2025-01-02",
    }


def test_stores_lists_nulls_and_exact_amounts(ingest, rows):
    ingest(transactions=TRANSACTIONS.replace("USDC,5,", "USDC,0.000000000000000001,"))
    assert rows(
        "select pool_id, name, chain, underlying_tokens, underlying_token_addresses, is_active"
        " from pools where dataset = %s order by pool_id"
    ) == [
        ("a", "USDC", "Ethereum", ["USDC"], ["0xA0"], True),
        ("b", "USDC-DAI", "Ethereum", ["USDC", "DAI"], ["0xA0", ""], True),
        ("c", None, None, [], [], True),
    ]
    assert rows("select amount from portfolio_transactions where dataset = %s and line = 1") == [
        (Decimal("0.000000000000000001"),)
    ]


def test_a_lone_token_without_address_has_one_empty_address(ingest, rows):
    ingest(pools=POOLS.replace("USDC,0xA0,", "USDC,,"))
    assert rows("select underlying_token_addresses from pools where dataset = %s and pool_id = 'a'") == [
        ([""],)
    ]


def test_repeating_a_load_changes_nothing_and_keeps_every_number(ingest, rows):
    ingest(transactions=TRANSACTIONS)
    before = {table: numbers(rows, table) for table in TABLES}
    assert ingest(transactions=TRANSACTIONS)["changed"] == NOTHING_CHANGED
    assert {table: numbers(rows, table) for table in TABLES} == before


def test_only_a_corrected_row_gets_a_new_number(ingest, rows):
    ingest()
    before = dict(rows("select (pool_id, date)::text, change_seq from pool_history where dataset = %s"))
    assert ingest(pool_history=history(apy=[4.1, 4.25, 4.3, 5.1, 5.3, 0.0]))["changed"] == {
        **NOTHING_CHANGED,
        "pool_history": 1,
    }
    after = dict(rows("select (pool_id, date)::text, change_seq from pool_history where dataset = %s"))
    assert {key for key in after if after[key] != before[key]} == {"(a,2025-01-02)"}
    assert after["(a,2025-01-02)"] > max(before.values())


def test_the_next_day_adds_its_rows_and_leaves_the_rest(ingest, rows):
    ingest("2025-01-02")
    changed = ingest("2025-01-03")["changed"]
    assert changed == {**NOTHING_CHANGED, "pool_history": 2}
    assert rows("select count(distinct change_seq) from pool_history where dataset = %s") == [(2,)]


def test_a_pool_that_is_no_longer_listed_becomes_inactive_and_its_history_goes(ingest, rows):
    ingest()
    without_c = {name: list(values)[:5] for name, values in HISTORY.items()}
    result = ingest(pools=POOLS.rsplit("c,,,", 1)[0], pool_history=without_c)
    assert result["retired"] == 1
    assert rows("select is_active from pools where dataset = %s and pool_id = 'c'") == [(False,)]
    assert result["removed"]["pool_history"] == 1
    assert rows("select count(*) from pool_history where dataset = %s and pool_id = 'c'") == [(0,)]
    assert ingest()["changed"]["pools"] == 1
    assert rows("select count(*) from pool_history where dataset = %s and pool_id = 'c'") == [(1,)]
    assert rows("select is_active from pools where dataset = %s and pool_id = 'c'") == [(True,)]


def test_a_column_that_the_folder_lacks_is_kept(ingest, rows, database_url):
    ingest()
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "update pools set pool_address = '0xP' where dataset = %s and pool_id = 'a'", [ingest.dataset]
        )
    assert ingest()["changed"]["pools"] == 0
    ingest(pools=POOLS.replace("1000000,4.5", "1000001,4.5"))
    assert rows("select tvl, pool_address from pools where dataset = %s and pool_id = 'a'") == [
        (1000001.0, "0xP")
    ]


def test_a_line_that_left_the_transactions_is_gone_and_later_ones_wait_for_their_day(ingest, rows):
    ingest("2025-01-04", transactions=TRANSACTIONS)
    ingest("2025-01-02", transactions=TRANSACTIONS.replace("2025-01-02,USDC,6,out\n", ""))
    stored = rows(
        "select line, date, amount::float8 from portfolio_transactions where dataset = %s order by line"
    )
    assert stored == [(1, date(2025, 1, 1), 5.0)]


def content(rows) -> dict[str, list]:
    """Every table without what only says when a row came: equal data give equal content."""
    left_out = "{dataset, change_seq, last_updated}"
    return {
        table: sorted(
            str(row)
            for (row,) in rows(
                f"select to_jsonb(t) - '{left_out}'::text[] from {table} t"
                f" where dataset = %s {'and is_active' if table == 'pools' else ''}"
            )
        )
        for table in TABLES
    }


CORRECTED = {
    "pools": POOLS.rsplit("c,,,", 1)[0],
    "pool_history": {name: [list(values)[row] for row in (0, 2, 3, 4)] for name, values in HISTORY.items()},
    "prices_daily": PRICES.replace("ETH,2025-01-02,3050.5,3200,3000,3150,\n", ""),
    "gas_daily": GAS.replace("2025-01-01,10.25\n", ""),
    "macro": {name: list(values)[:1] for name, values in MACRO.items()},
    "transactions": TRANSACTIONS.replace("2025-01-03,DAI,7,in\n", ""),
}


def test_equal_files_give_equal_tables_whatever_was_loaded_before(ingest, rows, database_url):
    ingest(transactions=TRANSACTIONS)
    before = {table: numbers(rows, table) for table in TABLES}
    result = ingest(**CORRECTED)
    after_correction = content(rows)
    assert result["removed"] == {
        "pool_history": 2,
        "token_prices_daily": 1,
        "gas_fees_daily": 1,
        "macroeconomic_data": 1,
        "portfolio_transactions": 1,
    }
    assert result["warnings"] == [
        "pool_history: 2 rows of 2025-01-02 that the source no longer has were removed",
        "token_prices_daily: 1 row of 2025-01-02 that the source no longer has was removed",
        "gas_fees_daily: 1 row of 2025-01-01 that the source no longer has was removed",
        "macroeconomic_data: 1 row of 2025-01-02 that the source no longer has was removed",
        "portfolio_transactions: 1 row of 2025-01-03 that the source no longer has was removed",
    ]
    # each is on record with the number of this change, and what stayed kept its own
    newest = max(number for table in before.values() for number in table.values())
    noted = rows(
        "select source, series, date::text, change_seq from removed_rows where dataset = %s order by 1, 2"
    )
    assert [row[:3] for row in noted] == [
        ("gas_fees_daily", "", "2025-01-01"),
        ("macroeconomic_data", "SOFR", "2025-01-02"),
        ("pool_history", "a", "2025-01-02"),
        ("pool_history", "c", "2025-01-02"),
        ("portfolio_transactions", "3", "2025-01-03"),
        ("token_prices_daily", "ETH", "2025-01-02"),
    ]
    assert all(number > newest for *_, number in noted)
    assert set(numbers(rows, "pool_history").values()) <= set(before["pool_history"].values())
    with psycopg.connect(database_url) as connection:
        for table in (*TABLES, "removed_rows"):
            connection.execute(f"delete from {table} where dataset = %s", [ingest.dataset])
    ingest(**CORRECTED)
    assert content(rows) == after_correction


def test_rows_after_the_run_date_wait_for_their_day(ingest, rows):
    ingest("2025-01-03")
    assert ingest("2025-01-02", **CORRECTED)["removed"]["pool_history"] == 2
    assert rows("select count(*) from pool_history where dataset = %s and date = '2025-01-03'") == [(2,)]


def test_a_gas_price_that_was_taken_back_leaves_the_forecast_in_its_row(ingest, rows, database_url):
    ingest()
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "update gas_fees_daily set forecasted_avg_gas_gwei = 9"
            " where dataset = %s and date = '2025-01-01'",
            [ingest.dataset],
        )
        connection.execute(
            "insert into gas_fees_daily (dataset, date, forecasted_avg_gas_gwei, change_seq)"
            " values (%s, '2025-01-03', 8, 0)",
            [ingest.dataset],
        )
    assert ingest(gas_daily=CORRECTED["gas_daily"])["removed"]["gas_fees_daily"] == 1
    read = "select date::text, actual_avg_gas_gwei, forecasted_avg_gas_gwei, change_seq = 0"
    assert rows(f"{read} from gas_fees_daily where dataset = %s order by 1") == [
        ("2025-01-01", None, 9.0, True),
        ("2025-01-02", 11.0, None, False),
        ("2025-01-03", None, 8.0, True),
    ]
    assert ingest(gas_daily=CORRECTED["gas_daily"])["removed"]["gas_fees_daily"] == 0


@pytest.mark.parametrize(
    ("day", "changed"),
    [("2025-01-03", {"gas_daily": GAS.replace("11", "x")}), ("2025-02-01", {}), ("2025-1-3", {})],
)
def test_a_refused_source_writes_nothing(ingest, rows, day, changed):
    with pytest.raises(InvalidInput):
        ingest(day, **changed)
    assert rows("select count(*) from pools where dataset = %s") == [(0,)]


def test_an_overtaken_attempt_writes_nothing(make_batch, tmp_path, rows, database_url, ingest):
    folder = write_folder(tmp_path / "late")
    request = {"dataset": ingest.dataset, "source": "files", "path": str(folder), "date": "2025-01-03"}
    batch = make_batch("pool_ingest", request, unit="ingest")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "update units set attempt = 2 where run_id = %s and unit = 'ingest'", [batch.fence["runId"]]
        )
    with pytest.raises(Fenced):
        run(batch)
    assert rows("select count(*) from pools where dataset = %s") == [(0,)]


def test_loads_the_sample(make_batch, database_url):
    request = {"dataset": "sample", "source": "sample", "date": "2025-11-10"}
    result = run(make_batch("pool_ingest", request, unit="ingest"))
    assert result["due"] == result["changed"]
    assert run(make_batch("pool_ingest", request, unit="ingest"))["changed"] == NOTHING_CHANGED
    earlier = run(make_batch("pool_ingest", {**request, "date": "2025-11-05"}, unit="ingest"))
    assert not any(earlier["removed"].values()), "what a later run knew is still there"
