"""A live ingest on a real PostgreSQL: stored answers give the tables that the same facts give as files."""

import json

import psycopg
import pytest
from folders import write_folder
from live_days import AAVE, CURVE, DAY, NEWFARM, NEXT_DAY, STALE, charts, folder_of, request, store, store_day

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest.main import run

TABLES = (
    "pools",
    "pool_history",
    "token_prices_daily",
    "gas_fees_daily",
    "macroeconomic_data",
    "portfolio_transactions",
)
OBSERVED = (
    "observed_pool_history",
    "observed_token_prices_daily",
    "observed_gas_fees_daily",
    "observed_macroeconomic_data",
    "observed_revisions",
)


@pytest.fixture
def world(database_url, make_batch, tmp_path):
    """Answers are stored and ingested here; every test begins with none."""

    class World:
        def change(self, statement: str, *values):
            with psycopg.connect(database_url) as connection:
                connection.execute(statement, values)

        def store(self, source, key, day, content, **how):
            with psycopg.connect(database_url) as connection:
                store(connection, source, key, day, content, **how)

        def store_day(self, day):
            with psycopg.connect(database_url) as connection:
                store_day(connection, day)

        def live(self, day):
            return run(make_batch("pool_ingest", request(day), unit="ingest"))

        def files(self, day):
            folder = write_folder(tmp_path / day.isoformat(), **folder_of(day))
            asked = {**request(day, "files/same"), "source": "files", "path": str(folder)}
            return run(make_batch("pool_ingest", asked, unit="ingest"))

        def cells(self, dataset: str, tables=TABLES, but_pool: str = "none") -> dict[str, list]:
            """Every cell but the data set's name and what only says when a row came."""
            found = {}
            with psycopg.connect(database_url) as connection:
                for table in tables:
                    rows = connection.execute(
                        f"select to_jsonb(t) - '{{dataset,change_seq,last_updated}}'::text[] from {table} t"
                        " where dataset = %s and coalesce(to_jsonb(t) ->> 'pool_id', '') <> %s",
                        (dataset, but_pool),
                    ).fetchall()
                    found[table] = sorted(json.dumps(row, sort_keys=True) for (row,) in rows)
            return found

        def rows(self, statement: str, *values):
            with psycopg.connect(database_url) as connection:
                return connection.execute(statement, values).fetchall()

    with psycopg.connect(database_url) as connection:
        for table in (*TABLES, *OBSERVED, "raw_responses", "removed_rows"):
            connection.execute(f"delete from {table}")
    return World()


def rewritten(day, pool: str, row: int, **figures) -> bytes:
    """The pool's chart of a day with some figures of one row replaced."""
    value = json.loads(charts(day)[pool])
    value["data"][row] |= figures
    return json.dumps(value).encode()


def test_both_days_equal_a_files_run_on_the_same_facts_cell_by_cell(world):
    world.store_day(DAY)
    live, files = world.live(DAY), world.files(DAY)
    assert live["due"] == files["due"]
    assert live["changed"] == files["changed"]
    first = world.cells("live")
    assert all(first[table] for table in TABLES if table != "portfolio_transactions")
    assert first == world.cells("files/same")

    world.store_day(NEXT_DAY)
    world.live(NEXT_DAY)
    world.files(NEXT_DAY)
    # the pool that vanished keeps its history here; a folder that no longer has it takes it away
    assert world.cells("live", but_pool=NEWFARM) == world.cells("files/same", but_pool=NEWFARM)
    assert world.rows(
        "select is_active, (select count(*) from pool_history h where h.dataset = p.dataset and"
        " h.pool_id = p.pool_id) from pools p where dataset = 'live' and pool_id = %s",
        NEWFARM,
    ) == [(False, 1)]
    assert world.cells("live") != first


def test_says_what_a_person_should_look_at(world):
    world.store_day(DAY)
    warnings = world.live(DAY)["warnings"]
    assert f"stale charts: 1 ({STALE} ends 2026-11-11, 9 days before 2026-11-20)" in warnings
    assert "gas-blocks: the base fee of 2026-11-19 is the mean of 4 headers; 1 were not given" in warnings
    [unmatched] = [line for line in warnings if line.startswith("approved protocols that no pool has")]
    assert "sparklend" in unmatched
    assert "morpho-v1" not in unmatched  # morpho-blue by its alias
    [left_out] = [line for line in warnings if "leaves out" in line]
    assert "aave-v2, morpho-v0-aavev2, morpho-v0-compoundv2" in left_out
    world.store_day(NEXT_DAY)
    warnings = world.live(NEXT_DAY)["warnings"]
    assert (
        "protocol 'maple' is called 'maple-finance' now (1 pool with the same id): "
        "approve the new name in config/pools" in warnings
    )
    assert "gas-blocks: the answers of 2026-11-20 stand in, aged 1 day" in warnings
    assert any(
        line.startswith("approved protocols that no pool has") and "maple" in line for line in warnings
    )


def test_a_pool_that_turns_exactly_zero_is_not_learnt_from_until_it_is_corrected(world):
    def apys():
        return world.rows(
            "select date::text, apy from pool_history where dataset = 'live' and pool_id = %s"
            " and date >= '2026-11-18' order by date",
            AAVE,
        )

    world.store_day(DAY)
    world.change("delete from raw_responses where key = %s", AAVE)
    world.store("llama-charts", AAVE, DAY, rewritten(DAY, AAVE, -2, apy=0, apyBase=0))
    warnings = world.live(DAY)["warnings"]
    assert any(
        line.startswith("APY or TVL that suddenly is exactly 0, left out: ") and f"{AAVE} 2026-11-19" in line
        for line in warnings
    )
    [(day, apy)] = apys()
    assert (day, apy > 0) == ("2026-11-18", True)
    world.store_day(NEXT_DAY)  # with what the provider says of the day by now
    assert not any("stored day" in line for line in world.live(NEXT_DAY)["warnings"])
    assert apys() == [("2026-11-18", apy), ("2026-11-19", 3.91742), ("2026-11-20", 4.25)]


def test_a_rewritten_history_is_reported_once_and_not_followed(world):
    world.store_day(DAY)
    world.live(DAY)
    before, observed = world.cells("live"), world.cells("live", OBSERVED)
    world.store_day(NEXT_DAY)
    world.change("delete from raw_responses where key = %s and day = %s", AAVE, NEXT_DAY)
    changed = json.loads(rewritten(NEXT_DAY, AAVE, 3, apy=99.5))
    del changed["data"][7]  # and a day is gone
    world.store("llama-charts", AAVE, NEXT_DAY, json.dumps(changed).encode())
    said = (
        "pool_history: the provider says something else of 2 stored days from 2026-10-14 to 2026-10-18 of 1 "
        f"series such as {AAVE}: the first observation stays (table observed_revisions)"
    )
    assert said in world.live(NEXT_DAY)["warnings"]
    next_day = world.cells("live")
    assert set(before["pool_history"]) < set(next_day["pool_history"])
    assert world.rows(
        "select date::text, kept ->> 'apy', offered ->> 'apy', noticed_on::text from observed_revisions"
        " order by 1"
    ) == [
        ("2026-10-14", "4.08842", "99.5", "2026-11-21"),
        ("2026-10-18", "4.31138", None, "2026-11-21"),
    ]
    # again, and the day before again: both as they were, and the revision is said where it was noticed
    assert said in world.live(NEXT_DAY)["warnings"]
    assert world.cells("live") == next_day
    again = world.live(DAY)
    assert not [line for line in again["warnings"] if "says something else" in line]
    until = [row for row in world.cells("live")["pool_history"] if json.loads(row)["date"] < DAY.isoformat()]
    assert until == before["pool_history"]
    assert {k: v for k, v in world.cells("live", OBSERVED).items() if k != "observed_revisions"}.keys()
    assert set(observed["observed_pool_history"]) < set(
        world.cells("live", OBSERVED)["observed_pool_history"]
    )


def test_a_past_day_gives_the_same_rows_whatever_later_days_brought(world):
    world.store_day(DAY)
    world.live(DAY)
    before = world.cells("live")
    world.store_day(NEXT_DAY)
    # a hole of the stored history, filled later by the provider
    world.change("delete from raw_responses where key = %s and day = %s", CURVE, NEXT_DAY)
    value = json.loads(charts(NEXT_DAY)[CURVE])
    value["data"].insert(-3, {**value["data"][-3], "timestamp": "2026-11-11T23:01:00.000Z", "apy": 3.33})
    world.store("llama-charts", CURVE, NEXT_DAY, json.dumps(value).encode())
    world.live(NEXT_DAY)
    after = world.cells("live")
    filled = (
        "select count(*) from pool_history where dataset = 'live' and pool_id = %s and date = '2026-11-11'"
    )
    assert world.rows(filled, CURVE) == [(1,)]
    again = world.live(DAY)
    assert [line for line in again["warnings"] if "known after" in line] == [
        "pool_history: 1 row of 2026-11-11 became known after 2026-11-20 and was set aside; "
        "the next later run brings it back"
    ]
    now = world.cells("live")
    assert now["pools"] == before["pools"]
    for table in TABLES[1:]:
        assert [row for row in now[table] if json.loads(row)["date"] < DAY.isoformat()] == before[table]
    world.live(NEXT_DAY)
    assert world.cells("live") == after


def test_days_out_of_order_end_with_the_same_observations(world):
    world.store_day(DAY)
    world.store_day(NEXT_DAY)
    world.live(NEXT_DAY)
    world.live(DAY)
    world.live(NEXT_DAY)
    late = world.cells("live", (*TABLES, *OBSERVED))
    for table in (*TABLES, *OBSERVED):
        world.change(f"delete from {table} where dataset = 'live'")
    world.live(DAY)
    world.live(NEXT_DAY)
    assert {**world.cells("live", (*TABLES, *OBSERVED)), "pools": []} == {**late, "pools": []}


def test_the_lowest_accepted_attempt_is_the_days_and_rejected_ones_are_not_read(world):
    world.store_day(DAY)
    world.change("update raw_responses set attempt = 2 where source = 'llama-pools'")
    world.store("llama-pools", "pools", DAY, b"<html>", attempt=1, accepted=False)
    assert world.live(DAY)["due"]["pools"] == 12


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("llama-pools", "Nothing of source llama-pools is stored for 2026-11-20"),
        ("llama-charts", "Nothing of source llama-charts is stored for 2026-11-20"),
    ],
)
def test_a_day_without_what_it_needs_is_refused_and_leaves_nothing(world, source, said):
    world.store_day(DAY)
    world.change("delete from raw_responses where source = %s", source)
    with pytest.raises(InvalidInput, match=said):
        world.live(DAY)
    assert not any(world.cells("live", (*TABLES, *OBSERVED)).values())


@pytest.mark.parametrize(
    "source", ["llama-addresses", "llama-coins", "coinbase", "gas-blocks", "nyfed", "treasury", "pendle"]
)
@pytest.mark.parametrize("damage", ["gone", "html", "empty", "other shape"])
def test_what_the_day_can_do_without_never_blocks_it(world, source, damage):
    world.store_day(DAY)
    if damage == "gone":
        world.change("delete from raw_responses where source = %s", source)
    else:
        content = {"html": b"<html>", "empty": b"", "other shape": b'{"status":[1]}'}[damage]
        world.change("delete from raw_responses where source = %s", source)
        key = "2026-11-19/1" if source == "gas-blocks" else "ETH-USD" if source == "coinbase" else "0"
        world.store(source, key, DAY, content)
    result = world.live(DAY)
    assert result["due"]["pools"] == 12
    assert result["due"]["pool_history"] == 95
    if damage in ("html", "empty"):
        assert [
            line for line in result["warnings"] if line.startswith(f"{source} ") and "cannot be read" in line
        ]


def test_a_body_that_is_not_the_one_that_was_accepted_is_refused(world):
    world.store_day(DAY)
    world.change("update raw_responses set sha256 = 'ab' where source = 'llama-pools'")
    with pytest.raises(InvalidInput, match="The stored body of llama-pools pools of 2026-11-20 is damaged"):
        world.live(DAY)


def test_a_chart_that_cannot_be_read_costs_its_pool_alone(world):
    world.store_day(DAY)
    world.change("delete from raw_responses where key = %s", AAVE)
    world.store("llama-charts", AAVE, DAY, b'{"status":"success","data":7}')
    [line] = [each for each in world.live(DAY)["warnings"] if each.startswith("charts that cannot be read")]
    assert (
        line == f"charts that cannot be read: 1 ({AAVE}: expected 'data' in the object, found the number '7')"
    )


def test_all_charts_stale_is_refused_with_the_newest_day(world):
    world.store_day(DAY)
    world.change("delete from raw_responses where source = 'llama-charts' and key <> %s", STALE)
    with pytest.raises(
        InvalidInput, match=r"No pool's chart has 2026-11-19.*the newest day of all is 2026-11-11"
    ):
        world.live(DAY)
