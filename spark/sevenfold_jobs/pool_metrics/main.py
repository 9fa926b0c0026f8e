"""Job `pool_metrics`: `{dataset, parity, full, date?}` → rows of pool_daily_metrics, in one Spark pass."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql
from pyspark.sql import DataFrame, SparkSession

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.estimates import renew_estimates
from sevenfold_jobs.common.failures import Infrastructure
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.pool_metrics import planning, sink
from sevenfold_jobs.pool_metrics.planning import Plan
from sevenfold_jobs.pool_metrics.rules import COLUMNS
from sevenfold_jobs.pool_metrics.transforms import pool_metrics

# Up to here one process sends the rows sooner than tasks are started for it.
ROWS_FROM_THE_DRIVER = 20_000
# A task sorts its rows in memory.
ROWS_IN_A_TASK = 1_000_000
ROWS_IN_AN_ARROW_BATCH = 65_536


def run(batch: Batch) -> dict[str, Any]:
    """Plans, computes, stages, moves.

    Returns `{mode, pools, rowsDue, rowsComputed, rowsWritten, fromDate, toDate}`; `rowsDue` is what the data
    set has when all is done. Raises InvalidInput for a data set without history, Infrastructure when data or
    metrics moved since the plan was made, Fenced when a newer attempt owns the unit.
    """
    version = json.loads(text_of("result_versions.json"))["pool_metrics"]
    with batch.connect() as connection, _staging_dropped(batch, connection):
        plan = _plan(batch, connection, version)
        batch.progress(0, plan.rows, f"{plan.mode}: computing {plan.rows} rows of {plan.pools} pools")
        if plan.rows > ROWS_FROM_THE_DRIVER:
            _stage_by_tasks(batch, connection, plan)
        elif plan.rows > 0:
            _stage_from_driver(batch, connection, plan)
        batch.progress(plan.rows, plan.rows, "moving the rows to their place")
        written = _finish(batch, connection, plan, version)
    return {
        "mode": plan.mode,
        "pools": plan.pools,
        "rowsDue": plan.rows_in_all,
        "rowsComputed": plan.rows,
        "rowsWritten": written,
        "fromDate": plan.first_due and plan.first_due.isoformat(),
        "toDate": plan.last_due and plan.last_due.isoformat(),
    }


@contextmanager
def _staging_dropped(batch: Batch, connection: psycopg.Connection) -> Iterator[None]:
    """However the batch ends; what a lost connection leaves is dropped by the unit's next attempt."""
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.rollback()
            sink.drop_staging(connection, [batch.batch_id])
            connection.commit()


def _plan(batch: Batch, connection: psycopg.Connection, version: int) -> Plan:
    earlier = connection.execute(
        "select batch_id from batches where run_id = %(runId)s and unit = %(unit)s", batch.fence
    ).fetchall()
    sink.drop_staging(connection, {batch.batch_id, *(row[0] for row in earlier)})
    connection.commit()
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    plan = planning.make_plan(connection, sink.staging(batch.batch_id, "-plan"), batch.input, version)
    if plan.rows > 0:
        sink.create_staging(connection, sink.staging(batch.batch_id))
        sink.create_parts(connection, sink.staging(batch.batch_id, "-parts"))
    connection.commit()
    connection.isolation_level = None
    return plan


def _computed(batch: Batch, plan: Plan) -> DataFrame:
    spark = batch.spark()
    parts = max(batch.partitions(a_core=1), -(-plan.rows // ROWS_IN_A_TASK))
    # Sizes are known here, and a join on (stretch, date) is content with a partitioning by stretch.
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    spark.conf.set("spark.sql.requireAllClusterKeysForCoPartition", "false")
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(ROWS_IN_AN_ARROW_BATCH))
    stretches, observations = _read(batch, spark, plan, parts)
    # by Arrow: from a list of rows each task would start a Python process to read it
    spark.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")
    days = plan.exogenous.reset_index()
    days["date"] = days["date"].dt.date
    exogenous = spark.createDataFrame(
        days, "date date, eth_open double, btc_open double, gas_price_gwei double"
    )
    return pool_metrics(
        stretches, observations, exogenous, parity=batch.input.get("parity", False), partitions=parts
    )


def _read(batch: Batch, spark: SparkSession, plan: Plan, parts: int) -> tuple[DataFrame, DataFrame]:
    """The plan and the observations it asks for, each part of the stretches by its own connection."""
    options = {
        **batch.jdbc(),
        "fetchsize": "20000",
        # binary from the first statement on: text costs a parse for each figure
        "prepareThreshold": "-1",
    }
    bounds = [plan.stretches * part // parts for part in range(parts + 1)]
    ranges = [f"stretch >= {low} and stretch < {high}" for low, high in itertools.pairwise(bounds)]
    name = sink.staging(batch.batch_id, "-plan").as_string(None)
    dataset = sql.Literal(batch.input["dataset"]).as_string(None)
    url = options.pop("url")
    stretches = spark.read.jdbc(url, name, predicates=ranges, properties=options)
    observations = spark.read.jdbc(
        url,
        f"""(select p.stretch, h.date, h.apy, h.tvl
               from {name} p
               join pool_history h on h.dataset = {dataset} and h.pool_id = p.pool_id
                                  and h.date between p.read_from and p.last) o""",
        predicates=ranges,
        properties=options,
    )
    return stretches, observations


def _stage_by_tasks(batch: Batch, connection: psycopg.Connection, plan: Plan) -> None:
    task, table = batch.task(), f"staging.{batch.batch_id}"
    sent = _computed(batch, plan).mapInArrow(task.metered(sink.copy_part(task, table)), "rows long").collect()
    _refuse_other_count(sum(row.rows for row in sent), plan)


def _stage_from_driver(batch: Batch, connection: psycopg.Connection, plan: Plan) -> None:
    batches = [part for part in _computed(batch, plan)._collect_as_arrow() if part.num_rows > 0]
    batch.copy(connection, f"staging.{batch.batch_id}", COLUMNS, batches)
    connection.commit()


def _finish(batch: Batch, connection: psycopg.Connection, plan: Plan, version: int) -> int:
    dataset = batch.input["dataset"]
    connection.execute("select pg_advisory_xact_lock(hashtextextended('sevenfold/' || %s, 0))", [dataset])
    if planning.read_state(connection, dataset) != plan.known_state or (
        planning.newest_change(connection, dataset) != plan.change
    ):
        raise Infrastructure(
            f"The data or the metrics of {dataset} moved while they were computed: plan again."
        )
    written = 0
    if plan.rows > 0:
        table = sink.staging(batch.batch_id)
        connection.execute(sql.SQL("analyze {}").format(table))
        [found] = connection.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
        _refuse_other_count(found, plan)
        written = sink.move(connection, table, dataset, version)
        renew_estimates(connection, "pool_daily_metrics", written)
    if plan.lost_history:
        written += sink.clear_rows_without_history(connection, dataset, plan.first, plan.last)
    state = {
        "dataset": dataset,
        "version": version,
        "change": plan.change,
        "first": plan.first,
        "last": plan.last,
    }
    sink.store_state(connection, state)
    batch.commit(connection, plan.rows_in_all, {"mode": plan.mode, "written": written})
    return written


def _refuse_other_count(found: int, plan: Plan) -> None:
    if found != plan.rows:
        raise Infrastructure(f"{found} rows are staged and {plan.rows} are due: nothing was written.")
