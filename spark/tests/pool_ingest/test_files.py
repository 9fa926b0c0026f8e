"""Source `files`: what is accepted, and the one line that refuses what is not."""

import gzip
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from folders import GAS, HISTORY, MACRO, POOLS, PRICES, history, write_folder

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest.files import read_folder
from sevenfold_jobs.pool_ingest.source import refuse_day_outside


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_folder(folder)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_reads_every_table_of_a_valid_folder(tmp_path):
    tables = read_folder(write_folder(tmp_path)).tables
    assert {name: table.num_rows for name, table in tables.items()} == {
        "pools": 3,
        "pool_history": 6,
        "token_prices_daily": 3,
        "gas_fees_daily": 2,
        "macroeconomic_data": 2,
        "portfolio_transactions": 0,
    }
    assert tables["token_prices_daily"].slice(1, 1).to_pylist() == [
        {
            "symbol": "ETH",
            "date": date(2025, 1, 2),
            "open": 3050.5,
            "high": 3200.0,
            "low": 3000.0,
            "close": 3150.0,
            "volume": None,
        }
    ]


def test_keeps_a_nameless_pool_with_nulls_and_addresses_in_the_order_of_the_tokens(tmp_path):
    pools = {row["pool_id"]: row for row in read_folder(write_folder(tmp_path)).tables["pools"].to_pylist()}
    nameless = pools["c"]
    assert (nameless["chain"], nameless["protocol"], nameless["symbol"]) == (None, None, None)
    assert pools["b"]["underlying_tokens"] == "USDC|DAI"
    assert pools["b"]["underlying_token_addresses"] == "0xA0|"
    assert pools["b"]["poolmeta"] == "LP"


def test_accepts_a_byte_order_mark_and_windows_line_endings(tmp_path):
    spoiled = write_folder(
        tmp_path,
        pools=b"\xef\xbb\xbf" + POOLS.replace("\n", "\r\n").encode(),
        gas_daily=b"\xef\xbb\xbf" + GAS.replace("\n", "\r\n").encode(),
    )
    tables = read_folder(spoiled).tables
    assert tables["pools"]["poolmeta"].to_pylist() == [None, "LP", None]
    assert tables["gas_fees_daily"]["actual_avg_gas_gwei"].to_pylist() == [10.25, 11.0]


def test_accepts_dictionary_text_whole_numbers_and_timestamps_in_parquet(tmp_path):
    stored = pa.table(
        {
            "pool_id": pa.array(HISTORY["pool_id"]).dictionary_encode(),
            "date": pa.array([datetime(day.year, day.month, day.day, 23, 1) for day in HISTORY["date"]]),
            "apy": pa.array([1, 2, 3, 4, 5, 6], pa.int64()),
            "tvl_usd": pa.array(HISTORY["tvl_usd"], pa.float32()),
        }
    )
    write_folder(tmp_path)
    pa.parquet.write_table(stored, tmp_path / "pool_history.parquet")
    read = read_folder(tmp_path).tables["pool_history"]
    assert read["date"].to_pylist() == list(HISTORY["date"])
    assert read["apy"].to_pylist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_a_zero_in_a_candle_is_a_hole_and_is_reported(tmp_path):
    source = read_folder(write_folder(tmp_path, prices_daily=PRICES.replace(",2900,", ",0,")))
    assert source.tables["token_prices_daily"]["low"].to_pylist() == [None, 3000.0, 89000.0]
    assert source.warnings == ["prices_daily.csv line 2, column low: 0 counts as missing (1 in all)"]


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ({"pool_history": None}, "pool_history.parquet: is missing in"),
        ({"macro": None}, "macro.parquet: is missing in"),
        ({"gas_daily": None}, "gas_daily.csv: is missing in"),
        ({"prices_daily": None}, "prices_daily.csv: is missing in"),
        ({"pools": None}, "pools.csv: is missing in"),
        ({"pools": ""}, "pools.csv: column pool_id is missing; it has no columns"),
        ({"gas_daily": "date,avg_gas_gwei\n"}, "gas_daily.csv: has no rows; fill it"),
        (
            {"gas_daily": GAS.replace("avg_gas_gwei", "avg_gas_gwai")},
            "gas_daily.csv: column avg_gas_gwei is missing; rename 'avg_gas_gwai'",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "3,150")},
            "prices_daily.csv line 3: has 8 fields, the header has 7; quote fields that hold a comma",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "n/a")},
            "prices_daily.csv line 3, column close: 'n/a' is not a finite number; write a plain number",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "NaN")},
            "prices_daily.csv line 3, column close: 'NaN' is not a finite number",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "1e999")},
            "prices_daily.csv line 3, column close: '1e999' is not a finite number",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "0")},
            "prices_daily.csv line 3, column close: '0' is not above 0",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "")},
            "prices_daily.csv line 3, column close: is empty; give a value or remove the row",
        ),
        (
            {"prices_daily": PRICES.replace("3000,3100", "-3000,3100")},
            "prices_daily.csv line 2, column open: '-3000' is less than 0",
        ),
        (
            {"prices_daily": PRICES.replace("ETH,2025-01-02", "ETH,2025-01-01")},
            "prices_daily.csv line 3: symbol 'ETH', date '2025-01-01' stands already in line 2; keep one",
        ),
        (
            {"gas_daily": GAS.replace("2025-01-02", "02.01.2025")},
            "gas_daily.csv line 3, column date: '02.01.2025' is not a day; write it as YYYY-MM-DD",
        ),
        (
            {"gas_daily": GAS.replace("2025-01-02", "2025-02-30")},
            "gas_daily.csv line 3, column date: '2025-02-30' is not a day",
        ),
        (
            {"gas_daily": GAS.replace("2025-01-02", "2025-01-01")},
            "gas_daily.csv line 3: date '2025-01-01' stands already in line 2",
        ),
        ({"gas_daily": b"date,avg_gas_gwei\n2025-01-01,\xff\n"}, "gas_daily.csv line 2: is not UTF-8 text"),
        ({"gas_daily": 'date,avg_gas_gwei\n"2025-01-01,1\n'}, "gas_daily.csv line 2: is not CSV"),
        ({"gas_daily": "date,date\n"}, "gas_daily.csv: column 'date' stands twice in the header"),
        (
            {"pools": POOLS.replace("b,Ethereum", "a,Ethereum")},
            "pools.csv line 3: pool_id 'a' stands already in line 2",
        ),
        (
            {"pools": POOLS.replace("1000000", "-1")},
            "pools.csv line 2, column tvl_usd: '-1' is less than 0",
        ),
        (
            {"pools": POOLS.replace("0xA0|,", "0xA0,")},
            "pools.csv line 3, column underlying_token_addresses: '0xA0' has 1 addresses for 2 tokens",
        ),
        (
            {"pool_history": history(pool_id=["a", "a", "a", "b", "b", "d"])},
            "pool_history.parquet row 6, column pool_id: 'd' is not listed in pools.csv",
        ),
        (
            {"pool_history": history(pool_id=["a", "a", "a", "a", "b", "c"])},
            "pool_history.parquet row 4: pool_id 'a', date '2025-01-01' stands already in row 1",
        ),
        (
            {"pool_history": history(tvl_usd=[1.0, -2.0, 3.0, 4.0, 5.0, 6.0])},
            "pool_history.parquet row 2, column tvl_usd: '-2.0' is less than 0",
        ),
        (
            {"pool_history": history(apy=[1.0, 2.0, float("inf"), 4.0, 5.0, 6.0])},
            "pool_history.parquet row 3, column apy: 'inf' is not a finite number; correct it",
        ),
        (
            {"pool_history": history(apy=[1.0, 2.0, float("nan"), 4.0, 5.0, 6.0])},
            "pool_history.parquet row 3, column apy: is empty",
        ),
        (
            {"pool_history": history(apy=[1.0, 2.0, None, 4.0, 5.0, 6.0])},
            "pool_history.parquet row 3, column apy: is empty",
        ),
        (
            {"pool_history": history(apy=["1", "2", "three", "4", "5", "6"])},
            "pool_history.parquet row 3, column apy: 'three' is not a finite number",
        ),
        (
            {"pool_history": history(apy=[True] * 6)},
            "pool_history.parquet, column apy: holds bool, not numbers",
        ),
        ({"pool_history": b"not parquet"}, "pool_history.parquet: is not a Parquet file"),
        ({"pool_history": {name: list(values)[:0] for name, values in HISTORY.items()}}, "has no rows"),
        (
            {"macro": {**MACRO, "value": [1.0, float("nan")]}},
            "macro.parquet row 2, column value: is empty",
        ),
        (
            {"transactions": "date,token,amount,direction\n2025-01-01,USDC,5,deposit\n"},
            "transactions.csv line 2, column direction: 'deposit' is not one of in, out",
        ),
        (
            {"transactions": "date,token,amount,direction\n2025-01-01,USDC,0,in\n"},
            "transactions.csv line 2, column amount: '0' is not above 0",
        ),
        (
            {"transactions": "date,token,amount,direction\n2025-01-01,USDC,five,in\n"},
            "transactions.csv line 2, column amount: 'five' is not a finite number",
        ),
        (
            {"transactions": "date,token,amount,direction,fee\n2025-01-01,USDC,5,in,1\n"},
            "transactions.csv: column 'fee' is unknown; it may have date, token, amount, direction",
        ),
    ],
)
def test_refuses_a_spoiled_folder_in_one_line(tmp_path, spoiled, said):
    assert said in refusal(write_folder(tmp_path, **spoiled))


def test_counts_csv_lines_as_an_editor_shows_them(tmp_path):
    text = 'date,avg_gas_gwei\n\n"2025-01-01",1\n"\n2025-01-02",x\n2025-01-03,y\n'
    message = refusal(write_folder(tmp_path, gas_daily=text))
    assert "line 4, column avg_gas_gwei: 'x'" in message
    assert "line 6, column avg_gas_gwei: 'y'" in message


def test_names_five_faults_of_all_files_and_counts_the_rest(tmp_path):
    spoiled = write_folder(
        tmp_path,
        gas_daily="date,avg_gas_gwei\n" + "".join(f"2025-01-{day:02},bad{day}\n" for day in range(1, 9)),
        macro=None,
    )
    message = refusal(spoiled)
    assert message.count(" | ") == 5
    assert "'bad5'" in message
    assert "'bad6'" not in message
    assert message.endswith("and 4 more")


def test_a_missing_folder_is_refused_by_its_name(tmp_path):
    assert f"The folder {tmp_path / 'nowhere'} does not exist" in refusal(tmp_path / "nowhere")


def test_amounts_of_transactions_stay_exact(tmp_path):
    text = "date,token,amount,direction\n2025-01-01,USDC,0.100000000000000001,in\n2025-01-02,DAI,1e3,out\n"
    rows = read_folder(write_folder(tmp_path, transactions=text)).tables["portfolio_transactions"].to_pylist()
    assert [(row["line"], row["amount"], row["direction"]) for row in rows] == [
        (1, "0.100000000000000001", "in"),
        (2, "1000", "out"),
    ]


def test_what_is_later_than_the_run_date_is_not_known_yet(tmp_path):
    known = read_folder(write_folder(tmp_path)).known_on(date(2025, 1, 1))
    assert {name: table.num_rows for name, table in known.tables.items()} == {
        "pools": 3,
        "pool_history": 2,
        "token_prices_daily": 2,
        "gas_fees_daily": 1,
        "macroeconomic_data": 1,
        "portfolio_transactions": 0,
    }


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2025, 1, 5)])
def test_a_run_date_outside_the_data_is_refused_with_the_range(tmp_path, day):
    table = read_folder(write_folder(tmp_path)).tables["pool_history"]
    with pytest.raises(InvalidInput, match="from 2025-01-02 to 2025-01-04"):
        refuse_day_outside(day, table)


@pytest.mark.parametrize("day", [date(2025, 1, 2), date(2025, 1, 4)])
def test_both_ends_of_the_range_are_allowed(tmp_path, day):
    refuse_day_outside(day, read_folder(write_folder(tmp_path)).tables["pool_history"])


def test_the_same_tables_are_read_packed_in_parts_and_by_other_endings(tmp_path):
    expected = read_folder(write_folder(tmp_path / "plain")).tables
    folder = write_folder(tmp_path / "odd", pools=None, gas_daily=None, prices_daily=None, pool_history=None)
    (folder / "Pools.CSV").write_text(POOLS)
    (folder / "gas_daily.csv.gz").write_bytes(gzip.compress(GAS.encode()))
    pa.parquet.write_table(
        pa.table({name: pa.array(values) for name, values in comma_parted(PRICES)}),
        folder / "prices_daily.parquet",
    )
    parts = folder / "pool_history.parquet"
    parts.mkdir()
    whole = pa.table(dict(HISTORY))
    pa.parquet.write_table(whole.slice(0, 2), parts / "part-00000.snappy.parquet")
    pa.parquet.write_table(whole.slice(2), parts / "part-00001.snappy.parquet")
    (parts / "_SUCCESS").write_bytes(b"")
    assert read_folder(folder).tables == expected


def comma_parted(text):
    header, *rows = [line.split(",") for line in text.splitlines()]
    return zip(header, zip(*rows, strict=True), strict=True)


def test_a_table_that_is_there_twice_is_refused(tmp_path):
    write_folder(tmp_path, gas_daily=None)
    (tmp_path / "gas_daily.CSV").write_text(GAS)
    (tmp_path / "gas_daily.csv.gz").write_bytes(gzip.compress(GAS.encode()))
    assert "gas_daily.csv: is there as gas_daily.CSV and as gas_daily.csv.gz; keep one" in refusal(tmp_path)


def test_numbers_with_decimal_commas_and_gaps_by_other_marks_are_read(tmp_path):
    lines = ["symbol;date;open;high;low;close;volume", "ETH;2025-01-01;3000,5;3.100,5;?;3.050,25;n/a"]
    source = read_folder(write_folder(tmp_path, prices_daily="\n".join(lines)))
    [row] = source.tables["token_prices_daily"].to_pylist()
    assert [row[name] for name in ("open", "high", "low", "close", "volume")] == [
        3000.5,
        3100.5,
        None,
        3050.25,
        None,
    ]


def test_an_index_among_the_columns_of_a_closed_list_is_passed_over(tmp_path):
    text = "Unnamed: 0,date,token,amount,direction\n0,2025-01-01,USDC,5,in\n"
    assert (
        read_folder(write_folder(tmp_path, transactions=text)).tables["portfolio_transactions"].num_rows == 1
    )


def test_a_control_character_is_shown_and_refused_where_it_stands(tmp_path):
    spoiled = write_folder(tmp_path, pool_history=history(pool_id=["a", "a\0", "a", "b", "b", "c"]))
    said = "pool_history.parquet row 2, column pool_id: 'a\\x00' holds a control character; write it without"
    assert said in refusal(spoiled)


def test_a_column_that_no_table_needs_stops_nothing(tmp_path):
    read_folder(write_folder(tmp_path, pool_history=history(tags=[["x"]] * 6)))
    spoiled = write_folder(tmp_path, pool_history=history(apy=[[1.0]] * 6))
    said = "pool_history.parquet, column apy: holds lists such as '[1.0]' (row 1); store it as"
    assert said in refusal(spoiled)
