"""Parsers of providers' bodies: the recorded formats, and bodies damaged here."""

import json
import re
import time
from datetime import date

import pytest
from live_days import AAVE, CHECKOUT, DAY, body, chart

from sevenfold_jobs.pool_ingest.live import candles, gas, llama, offers, pendle, protocols, rates
from sevenfold_jobs.pool_ingest.live.bodies import Unreadable
from sevenfold_jobs.pool_ingest.live.candles import Candle

T1 = date(2026, 11, 19)


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_pools_keep_nulls_negative_apy_and_the_case_of_nothing():
    pools, nameless, repeated = llama.read_pools(body("llama/pools.json"))
    assert (len(pools), nameless, repeated) == (12, 0, 0)
    by_id = {pool.pool_id[-2:]: pool for pool in pools}
    assert by_id["10"].apy == -0.84
    assert by_id["12"].underlyings == []
    assert by_id["11"].tvl == 412
    assert by_id["09"].apy == 4.1  # base and reward both null
    assert by_id["01"].underlyings == ["0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"]


def test_pools_without_apy_take_base_and_reward_and_neither_is_none():
    rows = [
        {"pool": "a", "apyBase": 1.5, "apyReward": 2},
        {"pool": "b", "apyBase": None, "apyReward": 2},
        {"pool": "c"},
        {"pool": "a", "apy": 9},
        {"pool": None},
        "no row",
    ]
    pools, nameless, repeated = llama.read_pools(encoded({"status": "success", "data": rows}))
    assert [(pool.pool_id, pool.apy, pool.chain) for pool in pools] == [
        ("a", 3.5, None),
        ("b", 2.0, None),
        ("c", None, None),
    ]
    assert (nameless, repeated) == (2, 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("faults/pools_truncated.json", "this is no JSON"),
        ("faults/pools_changed_shape.json", "expected 'data' in the object, found nothing"),
        ("faults/pools_empty_data.json", "no row of 'data' has a pool id"),
        ("faults/maintenance_200.html", "this is no JSON .*'<!DOCTYPE html>"),
        ("faults/empty.txt", "this is no JSON"),
        ("llama/chart_bad_id_400.json", "expected an object with 'data', found the text 'invalid configID!'"),
    ],
)
def test_what_is_no_list_of_pools_is_said_in_one_line(name, said):
    with pytest.raises(Unreadable, match=said) as caught:
        llama.read_pools(body(name))
    assert "\n" not in str(caught.value)


def test_a_chart_has_the_last_observation_of_each_whole_day():
    found = llama.read_chart(body("llama/chart_normal.json"), DAY)
    assert (len(found.days), found.days[-1], found.apy[-1], found.tvl[-1]) == (40, T1, 3.91742, 1204332118)
    found = llama.read_chart(body("llama/chart_gaps_duplicates.json"), DAY)
    assert (len(found.days), found.identical, found.unusable) == (37, 1, 0)
    assert found.apy[-1] == 2.97  # last seen at 19:01
    assert llama.read_chart(body("llama/chart_unknown_uuid.json"), DAY).days == []


def test_of_several_observations_of_a_day_the_last_counts_in_whatever_order_they_come():
    rows = [
        ("2026-11-18T05:00:00.000Z", 1, 1.0),
        ("2026-11-18T23:00:00.000Z", 2, 2.0),
        ("2026-11-18T07:00:00.000Z", 3, 3.0),
        ("2026-11-19T00:30:00.000+02:00", 9, 9.0),  # 22:30 of the day before
        ("2026-11-20T00:00:00.000Z", 4, 4.0),
    ]
    found = llama.read_chart(chart(rows), DAY)
    assert (found.days, found.apy) == ([date(2026, 11, 18)], [2.0])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_time_zone_of_the_machine_changes_no_day(zone, monkeypatch):
    def read():
        midnight = chart([("2026-11-19T00:00:00Z", 1, 1.0), ("2026-11-19T23:59:59.999", 2, 2.0)])
        return (
            llama.read_chart(midnight, DAY),
            llama.read_chart(body("llama/chart_gaps_duplicates.json"), DAY),
            candles.read_coinbase(body("candles/coinbase_ETH-USD_86400.json"), DAY),
            candles.read_kraken(body("candles/kraken_ETHUSD_1440.json"), DAY),
            candles.from_hours([(1795046400 + 3600 * n, 1.0 + n) for n in range(25)], DAY),
            gas.mean_base_fee(gas.read_headers(body("gas/blocks_batch.json"))[0], T1),
            rates.read_treasury(body("alternates/treasury_yield_curve.csv"), DAY),
            pendle.read_markets(body("pendle/v2_all.json")),
        )

    here = read()
    assert (here[0].days, here[0].apy) == ([T1], [2.0])
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert read() == here
    finally:
        monkeypatch.undo()
        time.tzset()


def test_rows_of_a_chart_that_say_nothing_are_counted():
    rows = [
        {"timestamp": "2026-11-18T05:00:00Z", "apy": None, "apyBase": 1, "tvlUsd": 5},
        {"timestamp": "2026-11-17T05:00:00Z", "apy": 1, "tvlUsd": None},
        {"timestamp": "yesterday", "apy": 1, "tvlUsd": 1},
        {"timestamp": "2026-11-16T05:00:00Z", "apy": float("1e308") * 10, "tvlUsd": 1},
        None,
    ]
    text = json.dumps({"data": rows}).replace("Infinity", "1e999")
    found = llama.read_chart(text.encode(), DAY)
    assert (found.days, found.apy, found.unusable) == ([date(2026, 11, 18)], [1.0], 4)


@pytest.mark.parametrize(
    ("apy", "days"),
    [
        ([5.0] * 8 + [0.0], [9]),
        ([5.0] * 7 + [0.0, 0.0], [8, 9]),
        ([5.0] * 7 + [0.0] * 6, [8, 9, 10, 11, 12, 13]),
        ([5.0] * 7 + [0.0] * 7, []),  # it has lasted: it is true
        ([5.0] * 7 + [0.0, 5.0, -0.0], [8, 10]),  # a passing zero hides no later one
        ([5.0] * 6 + [0.0, 5.0], []),  # a young pool
        ([0.0] * 8, []),
        ([0.0, 5.0] * 5, []),  # it always did
        ([0.01] * 8 + [0.0], []),
        ([-1.0] * 8 + [0.0], []),
        ([5.0] * 8 + [1e-9], []),
        ([], []),
    ],
)
@pytest.mark.parametrize("figure", ["apy", "tvl"])
def test_a_sudden_flat_zero_is_in_doubt_until_it_has_lasted(apy, days, figure):
    dates = [date(2026, 11, 1 + n) for n in range(len(apy))]
    steady = [1e6] * len(apy)
    values = {"apy": (apy, steady), "tvl": (steady, [value * 1e5 for value in apy])}[figure]
    assert offers.doubtful_zeros(llama.Chart(dates, *values)) == {date(2026, 11, day) for day in days}


def test_addresses_and_blocks():
    assert llama.read_addresses(body("llama/token_address.json"))[AAVE] == (
        "0x98c23e9d8f34fefb1b7bd6a91b7ff122f4e16f5c"
    )
    assert llama.read_addresses(b'{"a":null,"b":"0x12","c":7}') == {}
    assert llama.read_block(body("llama/block_1795046400.json")) == (26432799, 1795046387)


def test_coins_of_little_confidence_are_dropped_and_unknown_ones_are_absent():
    coins, doubtful = llama.read_coins(body("llama/coins_chart_hourly.json"))
    assert [(coin.key[:12], len(coin.points)) for coin in coins] == [
        ("ethereum:0xa", 48),
        ("coingecko:et", 49),
    ]
    assert doubtful == []
    assert llama.read_coins(body("llama/coins_unknown.json")) == ([], [])
    low = {"coins": {"ethereum:0xAB": {"confidence": 0.49, "prices": [{"timestamp": 1, "price": 1}]}}}
    assert llama.read_coins(encoded(low)) == ([], ["ethereum:0xab"])


def test_a_coin_that_is_damaged_costs_no_other_coin_its_prices():
    good = {
        "confidence": 0.9,
        "prices": [{"timestamp": 1, "price": 2}, None, {"price": 3}, {"timestamp": "x"}],
    }
    damaged = {"b": None, "c": {"prices": []}, "d": {"confidence": "?", "prices": []}, "e": {"confidence": 1}}
    coins, doubtful = llama.read_coins(encoded({"coins": {"A": good, **damaged}}))
    assert ([(coin.key, coin.points) for coin in coins], doubtful) == ([("a", [(1, 2)])], list("bcde"))


def test_prices_that_stray_round_the_hour_belong_to_the_nearest_one():
    midnight = 1795046400
    points = [(midnight + hour * 3600 + (-15 if hour % 2 else 15), 1 + hour / 100) for hour in range(25)]
    [candle] = candles.from_hours(points, DAY)
    assert candle == Candle(T1, 1.0, 1.24, 1.0, 1.24)
    # two readings of one hour: the later one, and a day with too few hours has no candle
    [candle] = candles.from_hours([*points, (midnight + 20 * 3600 + 16, 9.0)], DAY)
    assert candle.high == 9.0
    assert candles.from_hours(points[:12], DAY) == []
    assert candles.from_hours(points, T1) == []  # still running


def test_a_price_at_midnight_opens_its_day_and_closes_the_one_before():
    midnight = 1795046400
    found = candles.from_midnights([(midnight - 86_400 + 9, 1.0), (midnight - 3, 2.0)], DAY)
    assert found[-1] == Candle(date(2026, 11, 18), 1.0, None, None, 2.0)


def test_candles_of_all_exchanges_agree_and_the_running_day_is_dropped():
    expected = [
        Candle(date(2026, 11, 18), 2984.2, 3031.77, 2951.08, 2999.61),
        Candle(T1, 2999.61, 3044.9, 2977.35, 3011.42),
    ]
    assert candles.read_coinbase(body("candles/coinbase_ETH-USD_86400.json"), DAY) == expected
    assert candles.read_kraken(body("candles/kraken_ETHUSD_1440.json"), DAY) == expected
    # its last entry still moves, whatever its day is
    assert candles.read_kraken(body("candles/kraken_ETHUSD_1440.json"), date(2026, 11, 30)) == expected
    keyed = candles.read_coinmarketcap(body("candles/cmc_ohlcv.json"), "eth", DAY)
    assert [(each.day, each.close, each.volume) for each in keyed] == [
        (date(2026, 11, 18), 2999.61, 564535943.385462),
        (T1, 3011.42, 518321249.86384),
    ]


def test_errors_in_an_answer_of_200_are_quoted():
    with pytest.raises(Unreadable, match="EQuery:Unknown asset pair"):
        candles.read_kraken(body("candles/kraken_error.json"), DAY)
    with pytest.raises(Unreadable, match="the exchange answers"):
        candles.read_coinbase(body("candles/coinbase_400.json"), DAY)
    with pytest.raises(Unreadable, match="midnight"):
        candles.read_coinbase(encoded([[1795046401, 1, 1, 1, 1, 1]]), DAY)
    with pytest.raises(Unreadable, match="limit exceeded"):
        gas.read_headers(body("gas/rpc_limit_200.json"))
    with pytest.raises(Unreadable, match="api_key is not registered"):
        rates.read_fred(body("fred/error_400.json"), "DGS10")


def test_gas_is_the_mean_of_the_days_headers_in_any_order():
    headers, missing = gas.read_headers(body("gas/blocks_batch.json"))
    assert ([header.number for header in headers], missing) == (
        sorted(header.number for header in headers),
        1,
    )
    assert gas.mean_base_fee(headers, T1) == (0.343452909, 0)
    assert gas.mean_base_fee(headers, DAY) == (None, 4)
    assert gas.mean_base_fee([*headers, *headers], T1) == (0.343452909, 4)


@pytest.mark.parametrize("written", ["-0x1", "0x", "0x-1", "0x1_0", "12", None, 7, "0x" + "f" * 65])
def test_what_is_no_quantity_is_none(written):
    assert gas.hexadecimal(written) is None


def test_new_york_fed_takes_numbers_and_texts():
    assert len(rates.read_nyfed(body("alternates/nyfed_sofr.json"))) == 7
    row = {"effectiveDate": "2026-11-19", "type": "SOFRAI", "average30day": "3.7", "index": None}
    assert rates.read_nyfed(encoded({"refRates": [row]})) == [rates.Rate("SOFR30DAYAVG", T1, 3.7)]


def test_treasury_is_read_by_the_names_of_its_columns():
    found = rates.read_treasury(body("alternates/treasury_yield_curve.csv"), DAY)
    of_day = {rate.series_id: rate.value for rate in found if rate.day == T1}
    assert of_day == {
        **{"DGS1MO": 3.82, "DGS3MO": 3.86, "DGS6MO": 3.8, "DGS1": 3.72, "DGS2": 3.68, "DGS10": 4.1},
        **{"DGS30": 4.7, "T10Y2Y": 0.42},
    }
    assert not [rate for rate in found if rate.series_id == "T10Y3MM"]  # the month is not over
    text = b'Date,"10 Yr","4 Mo","3 Mo"\r\n10/30/2026,4.00,1,3.50\r\n10/29/2026,4.10,,3.40\r\n'
    assert rates.Rate("T10Y3MM", date(2026, 10, 1), 0.6) in rates.read_treasury(text, DAY)


@pytest.mark.parametrize("name", ["fred/old_header.csv", "fred/observations.json"])
def test_fred_leaves_out_what_is_missing(name):
    found = rates.read_fred(body(name), "DGS10")
    assert [rate.day.day for rate in found] == [9, 10, 12, 13, 16, 17, 18, 19]


def test_fred_takes_the_day_by_position_and_the_series_by_its_id():
    found = rates.read_fred(body("fred/new_header_two_ids.csv"), "SOFR")
    assert [(rate.day.day, rate.value) for rate in found][-1] == (18, 3.69)
    assert rates.read_fred(body("fred/header_only.csv"), "DGS10") == []
    with pytest.raises(Unreadable, match="expected a column 'SP500'"):
        rates.read_fred(body("fred/old_header.csv"), "SP500")


def test_markets_in_both_spellings_of_their_expiry():
    first, total, damaged = pendle.read_markets(body("pendle/v2_all.json"))
    assert [(market.expiry, len(market.tokens)) for market in first] == [
        (date(2027, 1, 28), 2),
        (date(2026, 12, 17), 1),
    ]
    assert (total, damaged) == (3, 0)
    assert len(pendle.read_markets(body("pendle/v2_all_skip2.json"))[0]) == 1


def test_the_accounting_asset_decides_then_the_first_approved_input():
    [market, _] = pendle.read_markets(body("pendle/v2_all.json"))[0]
    usde, susde = market.tokens
    assert pendle.underlying_of(market, {usde, susde}) == (usde,)
    assert pendle.underlying_of(market, {susde}) == (susde,)
    assert pendle.underlying_of(market, set()) == (usde, susde)


def test_a_market_is_found_by_its_tokens_or_by_underlying_and_maturity_never_by_a_guess():
    [susde, _] = pendle.read_markets(body("pendle/v2_all.json"))[0]
    pools = {pool.pool_id[-2:]: pool for pool in llama.read_pools(body("llama/pools.json"))[0]}
    markets = pendle.Markets([susde])
    assert markets.of(pools["06"], None) == susde  # LP: its principal token is among its tokens
    assert markets.of(pools["07"], None) == susde  # PT: the underlying, and the day in its description
    assert markets.of(pools["08"], susde.market) == susde
    assert markets.of(pools["08"], None) is None
    assert pendle.Markets([susde, susde]).of(pools["07"], None) is None


def test_the_day_of_maturity_is_written_where_the_description_lacks_it():
    assert pendle.with_maturity("For LP | Maturity 28JAN2027", date(2027, 1, 28)).count("2027") == 1
    assert pendle.with_maturity("For LP", date(2026, 9, 4)) == "For LP | Maturity 04SEP2026"
    assert pendle.with_maturity(None, date(2026, 9, 4)) == "Maturity 04SEP2026"
    assert pendle.maturity_of("For LP | Maturity 31FEB2027") is None


def test_a_renamed_protocol_keeps_its_approved_name_from_the_aliass_day_on():
    approved = {"morpho-v1", "maple"}
    assert protocols.approved_name("morpho-blue", approved, DAY) == "morpho-v1"
    assert protocols.approved_name("morpho-blue", approved, date(2025, 12, 31)) == "morpho-blue"
    assert protocols.approved_name("morpho-blue", approved | {"morpho-blue"}, DAY) == "morpho-blue"
    assert protocols.approved_name("morpho-blue", {"maple"}, DAY) == "morpho-blue"
    assert protocols.approved_name(None, approved, DAY) is None


def test_fetching_and_ingest_know_the_same_renames():
    text = (CHECKOUT / "src" / "pools" / "renamed-protocols.ts").read_text()
    found = re.findall(r"before: '([^']+)', now: '([^']+)', since: '([^']+)'", text)
    ours = [(alias.before, alias.now, alias.since.isoformat()) for alias in protocols.ALIASES]
    assert found == ours
