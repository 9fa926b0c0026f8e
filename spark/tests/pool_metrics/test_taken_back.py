"""Rows that the source took back, without a JVM: which days are due, and which rows lose their figures."""

from datetime import date, timedelta

import psycopg
import pytest
from psycopg import sql

from sevenfold_jobs.pool_metrics import planning, sink

FIRST, DAYS = date(2025, 1, 1), 60
LAST = FIRST + timedelta(days=DAYS - 1)
TAKEN_BACK = """
    with gone as (
      delete from pool_history where dataset = %s and pool_id = %s and date between %s and %s returning *)
    insert into removed_rows select dataset, 'pool_history', pool_id, date, nextval('change_seq') from gone
"""


@pytest.fixture
def connection(database_url, request):
    """Three pools with every day of history and of metrics, in a data set of the test's name."""
    dataset = request.node.name
    with psycopg.connect(database_url) as connection:
        connection.execute("select setval('change_seq', 100)")
        connection.execute(
            "insert into pool_history select %s, 'pool-' || n, day, 5, 1e6, 1"
            " from generate_series(0, 2) n, generate_series(%s::date, %s::date, '1 day') day",
            [dataset, FIRST, LAST],
        )
        connection.execute(
            "insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, metrics_version)"
            " select dataset, pool_id, date, apy, 1 from pool_history where dataset = %s",
            [dataset],
        )
        sink.store_state(
            connection, {"dataset": dataset, "version": 1, "change": 1, "first": FIRST, "last": LAST}
        )
        connection.dataset = dataset
        yield connection


def planned(connection) -> tuple[planning.Plan, set[tuple]]:
    table = sql.Identifier("staging", f"{connection.dataset}-plan")
    plan = planning.make_plan(connection, table, {"dataset": connection.dataset}, 1)
    found = connection.execute(sql.SQL("select pool_id, first, last from {}").format(table)).fetchall()
    connection.execute(sql.SQL("drop table {}").format(table))
    return plan, set(found)


def test_a_row_taken_back_is_due_as_far_as_it_reached(connection):
    assert planned(connection)[0].mode == "nothing"
    day = FIRST + timedelta(days=10)
    connection.execute(TAKEN_BACK, [connection.dataset, "pool-1", day, day])
    plan, due = planned(connection)
    assert (plan.mode, plan.lost_history) == ("increment", True)
    assert due == {("pool-1", day, day + timedelta(days=37))}
    assert plan.change > 1


def test_the_grid_ends_where_the_history_ends_and_a_pool_without_any_has_no_rows(connection):
    dataset = connection.dataset
    connection.execute(TAKEN_BACK, [dataset, "pool-2", FIRST, LAST])
    for pool in ("pool-0", "pool-1"):
        connection.execute(TAKEN_BACK, [dataset, pool, FIRST, FIRST])
        connection.execute(TAKEN_BACK, [dataset, pool, LAST, LAST])
    plan, due = planned(connection)
    first, last = FIRST + timedelta(days=1), LAST - timedelta(days=1)
    assert (plan.first, plan.last, plan.pools, plan.rows_in_all) == (first, last, 2, 2 * (DAYS - 2))
    assert due == {(pool, first, first + timedelta(days=36)) for pool in ("pool-0", "pool-1")}
    # a verdict on the last day belongs to another phase
    connection.execute(
        "update pool_daily_metrics set prefilter_reason = 'chain', is_filtered_out = true"
        " where dataset = %s and pool_id = 'pool-0' and date = %s",
        [dataset, LAST],
    )
    assert sink.clear_rows_without_history(connection, dataset, first, last) == DAYS + 4
    kept = connection.execute(
        "select count(*), min(date), max(date) from pool_daily_metrics"
        " where dataset = %s and metrics_version is not null",
        [dataset],
    ).fetchone()
    assert kept == (2 * (DAYS - 2), first, last)
    others = connection.execute(
        "select pool_id, date, actual_apy, prefilter_reason from pool_daily_metrics"
        " where dataset = %s and metrics_version is null",
        [dataset],
    ).fetchall()
    assert others == [("pool-0", LAST, None, "chain")]
