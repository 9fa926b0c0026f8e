"""The job around the figures: what it leaves alone, what it cleans up, when it must not commit."""

import json

import psycopg
import pytest
from panels import random_panel
from test_against_reference import store_panel

from sevenfold_jobs.common.failures import Fenced, Infrastructure, InvalidInput
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.pool_metrics import main
from sevenfold_jobs.pool_metrics.main import run

PANEL = random_panel(21, pools=4, days=40)
VERSION = json.loads(text_of("result_versions.json"))["pool_metrics"]


@pytest.fixture
def dataset(database_url, request):
    name = request.node.name
    store_panel(database_url, name, *PANEL)
    return name


def staging_tables(query):
    return query("select tablename from pg_tables where schemaname = 'staging'")


def test_forecast_filter_and_group_of_a_row_stay(spark, make_batch, query, dataset):
    last = PANEL[0].date.max()
    query(
        "insert into pool_daily_metrics (dataset, pool_id, date, forecasted_apy, is_filtered_out,"
        " filter_reason, pool_group) values (%s, 'pool-00', %s, 9.5, true, 'too small', 3) returning 1",
        dataset,
        last,
    )
    run(make_batch("pool_metrics", {"dataset": dataset}))
    [row] = query(
        "select forecasted_apy, is_filtered_out, filter_reason, pool_group, actual_apy is not null,"
        " metrics_version from pool_daily_metrics where dataset = %s and pool_id = 'pool-00' and date = %s",
        dataset,
        last,
    )
    assert row == (9.5, True, "too small", 3, True, VERSION)


def test_the_planner_knows_at_once_what_was_written(spark, make_batch, query, database_url):
    store_panel(database_url, "estimates", *random_panel(22, pools=30, days=60))
    run(make_batch("pool_metrics", {"dataset": "estimates"}))
    [(rows,)] = query("select reltuples from pg_class where relname = 'pool_daily_metrics'")
    assert rows >= 30 * 60


def test_the_driver_and_the_tasks_write_the_same_rows(
    spark, make_batch, query, dataset, database_url, monkeypatch
):
    run(make_batch("pool_metrics", {"dataset": dataset}))
    monkeypatch.setattr(main, "ROWS_FROM_THE_DRIVER", 0)
    monkeypatch.setattr(main, "ROWS_IN_A_TASK", 50)
    again = run(make_batch("pool_metrics", {"dataset": dataset, "full": True}))
    assert (again["mode"], again["rowsComputed"], again["rowsWritten"]) == ("full", 160, 0)
    store_panel(database_url, f"{dataset} by tasks", *PANEL)
    assert run(make_batch("pool_metrics", {"dataset": f"{dataset} by tasks"}))["rowsWritten"] == 160
    assert staging_tables(query) == []


def test_what_an_earlier_attempt_left_in_staging_is_dropped(spark, make_batch, query, dataset, database_url):
    first = make_batch("pool_metrics", {"dataset": dataset})
    second = make_batch("pool_metrics", {"dataset": dataset})
    with psycopg.connect(database_url) as connection:
        connection.execute(f'create table staging."{first.batch_id}" (pool_id text)')
        connection.execute(f'create table staging."{first.batch_id}-plan" (pool_id text)')
        connection.execute("create table staging.other (pool_id text)")
        # as a second attempt of the same unit has it
        connection.execute(
            "update batches set run_id = %s where batch_id = %s", [second.fence["runId"], first.batch_id]
        )
    run(second)
    assert staging_tables(query) == [("other",)]
    with psycopg.connect(database_url) as connection:
        connection.execute("drop table staging.other")


def test_an_overtaken_attempt_writes_nothing_and_leaves_no_staging(spark, make_batch, query, dataset):
    batch = make_batch("pool_metrics", {"dataset": dataset})
    query("update units set attempt = 2 where run_id = %s returning 1", batch.fence["runId"])
    with pytest.raises(Fenced):
        run(batch)
    assert query("select count(*) from pool_daily_metrics where dataset = %s", dataset) == [(0,)]
    assert query("select count(*) from pool_metrics_state where dataset = %s", dataset) == [(0,)]
    assert staging_tables(query) == []


@pytest.mark.parametrize(
    "moved",
    [
        "update pool_history set change_seq = nextval('change_seq') where dataset = %s returning 1",
        "insert into pool_metrics_state values (%s, 1, 5, '2025-01-01', '2025-01-02') returning 1",
    ],
)
def test_data_that_move_meanwhile_make_it_plan_again(spark, make_batch, query, dataset, moved, monkeypatch):
    compute = main._stage_from_driver

    def compute_then_move(*given):
        compute(*given)
        query(moved, dataset)

    monkeypatch.setattr(main, "_stage_from_driver", compute_then_move)
    with pytest.raises(Infrastructure, match="moved while they were computed"):
        run(make_batch("pool_metrics", {"dataset": dataset}))
    assert query("select count(*) from pool_daily_metrics where dataset = %s", dataset) == [(0,)]
    assert staging_tables(query) == []


def test_without_history_there_is_nothing_to_compute(make_batch):
    with pytest.raises(InvalidInput, match="has no pool history"):
        run(make_batch("pool_metrics", {"dataset": "empty"}))


def test_the_ledger_hears_what_is_due_and_the_state_how_far_it_goes(spark, make_batch, query, dataset):
    batch = make_batch("pool_metrics", {"dataset": dataset})
    run(batch)
    [(rows_due, detail)] = query("select rows_due, detail from units where run_id = %s", batch.fence["runId"])
    assert (rows_due, detail) == (160, {"mode": "full", "written": 160})
    [(change, first, last)] = query(
        "select change_seq, first_date, last_date from pool_metrics_state where dataset = %s", dataset
    )
    [(newest,)] = query("select max(change_seq) from gas_fees_daily where dataset = %s", dataset)
    assert (change, first, last) == (newest, PANEL[0].date.min(), PANEL[0].date.max())


def test_data_sets_do_not_mix(spark, make_batch, query, dataset, database_url):
    store_panel(database_url, f"{dataset}'s", *random_panel(22, pools=2, days=30))
    assert run(make_batch("pool_metrics", {"dataset": f"{dataset}'s"}))["rowsWritten"] == 60
    assert query("select count(*) from pool_daily_metrics where dataset = %s", dataset) == [(0,)]
