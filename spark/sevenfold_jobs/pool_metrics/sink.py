"""Where the computed rows go: one staging table first, then in one transaction to their place."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from sevenfold_jobs.common.task import Task
from sevenfold_jobs.pool_metrics.rules import COLUMNS, DECIMALS

_FIGURES = [*DECIMALS, "stale_days"]


def staging(batch_id: str, what: str = "") -> sql.Identifier:
    """The batch's own table in schema `staging`."""
    return sql.Identifier("staging", batch_id + what)


def create_staging(connection: psycopg.Connection, table: sql.Identifier) -> None:
    """A logged table: a crash of the server in the middle of a batch would empty an unlogged one."""
    figures = sql.SQL(", ").join(
        sql.SQL("{} double precision").format(sql.Identifier(name)) for name in DECIMALS
    )
    connection.execute(
        sql.SQL(
            "create table {} (pool_id text, date date, {}, stale_days integer, part integer)"
            " with (autovacuum_enabled = false)"
        ).format(table, figures)
    )


def drop_staging(connection: psycopg.Connection, batch_ids: Iterable[str]) -> None:
    """Drops what batches left behind. What a dying predecessor still holds is left for the next one."""
    for batch_id in batch_ids:
        for what in ("", "-plan"):
            try:
                with connection.transaction():
                    connection.execute("set local lock_timeout = '2s'")
                    connection.execute(sql.SQL("drop table if exists {}").format(staging(batch_id, what)))
            except psycopg.errors.LockNotAvailable:
                pass


def copy_part(task: Task, table: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """For mapInArrow: sends a partition into `table` in one transaction, answers with its number of rows."""

    def send(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        part = context.partitionId()
        name = sql.Identifier(*table.split(".", 1))
        with task.connect() as connection:
            if context.attemptNumber() > 0:  # what an earlier attempt of this task may have committed
                connection.execute(sql.SQL("delete from {} where part = %s").format(name), [part])
            numbered = (
                batch.append_column("part", pa.array([part] * batch.num_rows, pa.int32()))
                for batch in batches
            )
            rows = task.copy(connection, table, [*COLUMNS, "part"], numbered)
        yield pa.RecordBatch.from_pydict({"rows": pa.array([rows], pa.int64())})

    return send


def move(connection: psycopg.Connection, table: sql.Identifier, dataset: str, version: int) -> int:
    """Writes the staged rows that are new or differ and returns how many.

    Forecasts, filter flags and group of a row belong to others and stay.
    """
    figures = sql.SQL(", ").join(map(sql.Identifier, _FIGURES))
    statement = sql.SQL(
        """
        insert into pool_daily_metrics (dataset, pool_id, date, {figures}, metrics_version)
        select %(dataset)s, s.pool_id, s.date, {staged}, %(version)s
          from {table} s
          left join pool_daily_metrics m
            on m.dataset = %(dataset)s and m.pool_id = s.pool_id and m.date = s.date
         where m.dataset is null or ({stored}, m.metrics_version) is distinct from ({staged}, %(version)s)
            on conflict (dataset, pool_id, date) do update
           set ({figures}, metrics_version) = row ({excluded}, excluded.metrics_version)
        """
    ).format(
        figures=figures,
        table=table,
        staged=_qualified("s"),
        stored=_qualified("m"),
        excluded=_qualified("excluded"),
    )
    return connection.execute(statement, {"dataset": dataset, "version": version}).rowcount


def store_state(connection: psycopg.Connection, state: dict[str, Any]) -> None:
    """Notes up to which change the metrics go."""
    connection.execute(
        """
        insert into pool_metrics_state (dataset, metrics_version, change_seq, first_date, last_date)
        values (%(dataset)s, %(version)s, %(change)s, %(first)s, %(last)s)
            on conflict (dataset) do update
           set metrics_version = excluded.metrics_version, change_seq = excluded.change_seq,
               first_date = excluded.first_date, last_date = excluded.last_date, updated_at = now()
        """,
        state,
    )


def _qualified(prefix: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(prefix, name) for name in _FIGURES)
