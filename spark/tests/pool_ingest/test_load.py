"""Phase ingest on a real PostgreSQL: what is written, what keeps its number, what is left alone."""

import shutil
from datetime import date
from decimal import Decimal

import psycopg
import pytest
from folders import GAS, HISTORY, POOLS, history, write_folder

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


def test_a_pool_that_is_no_longer_listed_becomes_inactive_and_keeps_its_history(ingest, rows):
    ingest()
    without_c = {name: list(values)[:5] for name, values in HISTORY.items()}
    result = ingest(pools=POOLS.rsplit("c,,,", 1)[0], pool_history=without_c)
    assert result["retired"] == 1
    assert rows("select is_active from pools where dataset = %s and pool_id = 'c'") == [(False,)]
    assert rows("select count(*) from pool_history where dataset = %s and pool_id = 'c'") == [(1,)]
    assert ingest()["changed"]["pools"] == 1
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
