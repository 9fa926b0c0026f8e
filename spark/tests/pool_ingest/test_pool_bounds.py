"""What values a source of pools may have: the impossible is refused with its place, the odd is reported."""

import pandas as pd
import pyarrow as pa
import pytest
from folders import GAS, HISTORY, MACRO, PRICES, history, write_folder

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest.files import read_folder

DATES = list(HISTORY["date"])
WEI = "0 to 100,000 gwei are allowed; this looks like wei: divide by 1,000,000,000, or remove the row"
FLOWS = "date,token,amount,direction\n"


def refusal(folder, **request) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_folder(folder, request)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (
            {"gas_daily": GAS + "9999-12-31,10\n"},
            "gas_daily.csv line 4, column date: '9999-12-31' lies after today (",
        ),
        (
            {"gas_daily": GAS + "1970-01-01,10\n"},
            "gas_daily.csv line 4, column date: '1970-01-01' lies before 2015-01-01, the first day that is "
            "allowed (config/bounds.json); correct it or remove the row",
        ),
        (
            {"prices_daily": PRICES + "ETH,0022-01-01,1,1,1,1,1\n"},
            "prices_daily.csv line 5, column date: '0022-01-01' lies before 2015-01-01",
        ),
        (
            {"pool_history": history(date=[pd.Timestamp("2014-12-31").date(), *DATES[1:]])},
            "pool_history.parquet row 1, column date: '2014-12-31' lies before 2015-01-01",
        ),
        (
            {"macro": {**MACRO, "date": pa.array([-30_000, 20_000], pa.date32())}},
            "macro.parquet row 1, column date: '1887-11-12' lies before 1900-01-01",
        ),
        (
            {"macro": {**MACRO, "date": pa.array([2**31 - 1, 20_000], pa.date32())}},
            "macro.parquet row 1, column date: '5881580-07-11' lies after today (",
        ),
        ({"transactions": FLOWS + "2035-01-01,USDC,5,in\n"}, "column date: '2035-01-01' lies after today ("),
        (
            {"transactions": FLOWS + "2025-01-01,USDC,5e18,in\n"},
            "transactions.csv line 2, column amount: '5e18' is more than 1,000,000,000,000; "
            "1e-18 to 1,000,000,000,000 tokens are allowed; write whole tokens",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "1e13")},
            "prices_daily.csv line 3, column close: '1e13' is more than 1,000,000,000; "
            "1e-08 to 1,000,000,000 US dollars are allowed; correct it, or remove the row",
        ),
        (
            {"prices_daily": PRICES.replace("3150", "1e-30")},
            "line 3, column close: '1e-30' is less than 1e-08",
        ),
        ({"prices_daily": PRICES.replace(",3200,", ",1e300,")}, "line 3, column high: '1e300' is more than"),
        ({"gas_daily": GAS.replace("10.25", "7e10")}, f"avg_gas_gwei: '7e10' is more than 100,000; {WEI}"),
        (
            {"pool_history": history(apy=[1e15, 2.0, 3.0, 4.0, 5.0, 6.0])},
            "pool_history.parquet row 1, column apy: '1000000000000000.0' is more than 10,000,000; "
            "-10,000 to 10,000,000 percent points are allowed",
        ),
        (
            {"pool_history": history(apy=[-50_000.0, 2.0, 3.0, 4.0, 5.0, 6.0])},
            "pool_history.parquet row 1, column apy: '-50000.0' is less than -10,000",
        ),
        (
            {"pool_history": history(tvl_usd=[1e22, 2.0, 3.0, 4.0, 5.0, 6.0])},
            "pool_history.parquet row 1, column tvl_usd: '1e+22' is more than 10,000,000,000,000",
        ),
        ({"macro": {**MACRO, "value": [1e300, 1.0]}}, "macro.parquet row 1, column value: '1e+300' is more"),
        (
            {"gas_daily": GAS.replace("date,", "observation_date,")},
            "gas_daily.csv: column date is missing; rename 'observation_date' to date",
        ),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_is_allowed(tmp_path, spoiled, said):
    assert said in refusal(write_folder(tmp_path, **spoiled))


def test_the_first_day_of_chains_is_a_setting(tmp_path):
    folder = write_folder(tmp_path, gas_daily=GAS + "2012-05-05,10\n")
    assert "lies before 2015-01-01" in refusal(folder)
    early = {"firstDays": {"chains": "2012-01-01"}}
    assert read_folder(folder, early).tables["gas_fees_daily"].num_rows == 3


def test_a_pegged_token_far_above_a_dollar_is_in_other_units_and_refused(tmp_path):
    rows = "usdc,2025-01-01,1,1,1,1000000,1\nETH,2025-01-03,1,1,1,1000000,1\n"
    folder = write_folder(tmp_path, prices_daily=PRICES + rows)
    assert "ETH" in read_folder(folder).tables["token_prices_daily"]["symbol"].to_pylist()
    assert refusal(folder, peggedTokens=["USDC", "DAI"]) == (
        "prices_daily.csv line 5, column close: '1000000' is more than 10; "
        "1e-08 to 10 US dollars are allowed; the token is pegged to the dollar: "
        "give dollars for one token, or remove the row"
    )


def many(apy: float, tvl: float) -> dict:
    days = list(pd.date_range("2025-01-01", periods=30).date)
    return {"pool_id": ["a"] * 30, "date": days, "apy": [apy] * 30, "tvl_usd": [tvl] * 30}


def test_units_that_look_wrong_are_remarked_on(tmp_path):
    days = pd.date_range("2025-01-01", periods=30).date
    gas = "date,avg_gas_gwei\n" + "".join(f"{day},0.00000001\n" for day in days)
    warnings = read_folder(write_folder(tmp_path, pool_history=many(0.07, 12.5), gas_daily=gas)).warnings
    assert [warning.split(" (")[0] for warning in warnings] == [
        "pool_history.parquet, column apy: no value reaches 1",
        "pool_history.parquet, column tvl_usd: no value reaches 10,000",
        "gas_daily.csv, column avg_gas_gwei: no value reaches 0.0001",
    ]
    assert "percent points are expected: 7 for 7 %" in warnings[0]
    assert read_folder(write_folder(tmp_path, pool_history=many(7.0, 1e6), gas_daily=GAS)).warnings == []


def test_a_row_years_from_all_others_is_named(tmp_path):
    days = pd.date_range("2025-01-01", periods=30).date
    gas = "date,avg_gas_gwei\n" + "".join(f"{day},1\n" for day in days) + "2015-08-01,500\n"
    assert read_folder(write_folder(tmp_path, gas_daily=gas)).warnings == [
        "gas_daily.csv: years from every other day of its series: 2015-08-01; is the year right?"
    ]
    late = many(7.0, 1e6)
    late["date"][-1] = pd.Timestamp("2019-06-01").date()
    assert read_folder(write_folder(tmp_path, gas_daily=GAS, pool_history=late)).warnings == [
        "pool_history.parquet: years from every other day of its series: 2019-06-01 of 'a'; "
        "is the year right?"
    ]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", None])
def test_stamps_count_for_their_day_of_utc_and_hours_are_said(tmp_path, zone):
    seconds = [int(pd.Timestamp(day, tz="UTC").timestamp()) for day in DATES]
    for hours, moved in ((0, 0), (22, 0), (-2, -1)):
        stamps = pa.array([(second + hours * 3600) * 1000 for second in seconds], pa.timestamp("ms", zone))
        source = read_folder(write_folder(tmp_path, pool_history=history(date=stamps)))
        days = [(pd.Timestamp(day) + pd.Timedelta(days=moved)).date() for day in DATES]
        assert source.tables["pool_history"]["date"].to_pylist() == days
        if hours == 0:
            assert source.warnings == []
        else:
            [said] = source.warnings
            assert said.startswith(
                f"pool_history.parquet row 1, column date: the stamp is {days[0]} 22:00 UTC"
            )
            assert "(6 of 6 are not at midnight of UTC)" in said
