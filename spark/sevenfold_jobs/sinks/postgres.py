"""The table `distributions` of PostgreSQL: a task is one transaction, with its part of the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import psycopg
from psycopg import sql

from sevenfold_jobs.common.clock import Clock
from sevenfold_jobs.common.copy import FixedRows, copy_fixed_rows
from sevenfold_jobs.common.copy_reading import POSTGRES_DAY_0, days_of, read_fixed_rows
from sevenfold_jobs.common.fence import count_passed, pass_units
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.forecast.paths import MOST_DAYS
from sevenfold_jobs.forecast_infer import tables
from sevenfold_jobs.forecast_infer.checks import DateFound, check_paths, check_small_tables
from sevenfold_jobs.forecast_infer.forecasts import Forecasts
from sevenfold_jobs.forecast_infer.summaries import PathSummaries
from sevenfold_jobs.sinks.sink import Answer, Fence, StoredPaths

if TYPE_CHECKING:
    from sevenfold_jobs.common.batch import Batch
    from sevenfold_jobs.forecast_infer.request import Request

# Rows sent at once for a date with very many paths; 2,000 are 276 KB and fit the processor's cache.
_ROWS_AT_ONCE = 4_096


@dataclass(frozen=True)
class PostgresSink:
    """Each leaf of the table holds one model version of one commodity; its key is (date, path)."""

    leaf: str = ""
    name: ClassVar[str] = "postgres"
    id: ClassVar[str] = "postgres"

    def opened(self, connection: psycopg.Connection, commodity: str, version: str) -> "PostgresSink":
        """Made before the tasks: a new leaf locks the table for a moment."""
        [leaf] = connection.execute("select distributions_leaf(%s, %s)", [commodity, version]).fetchone()
        connection.commit()
        return replace(self, leaf=leaf)

    def to_read(self, connection: psycopg.Connection, commodity: str, version: str) -> "PostgresSink":
        """Nothing is needed."""
        return self

    def write(
        self, connection: psycopg.Connection, task: Task, fence: Fence, forecasts: Forecasts, watch: Clock
    ) -> Answer:
        """Replaces what is stored of the dates, checks it and commits behind the fence."""
        request, dates = forecasts.request, forecasts.starts.tolist()
        with watch.time("delete"):
            connection.execute(
                sql.SQL("delete from {} where forecast_start_date = any(%s)").format(
                    sql.Identifier(self.leaf)
                ),
                [dates],
            )
            tables.delete_rows(connection, request, dates)
            # From now on the paths are of what the metadata says.
            tables.forget_fingerprints(connection, self.name, request, dates)
        with watch.time("paths"):
            summaries = self._copy_paths(connection, task, forecasts, watch)
        with watch.time("tables"):
            for table, rows in tables.small_rows(forecasts, summaries, watch.seconds["draw"]).items():
                task.copy(connection, table, rows.schema.names, [rows])
        with watch.time("checks"):
            check_paths(forecasts, self._found(connection, forecasts))
            check_small_tables(connection, request, dates)
        with watch.time("commit"):
            pass_units(
                connection,
                fence["runId"],
                "date",
                request.model_version,
                dates,
                fence["attempt"],
                forecasts.fingerprints,
                request.paths,
            )
            task.failpoint("before-commit")
            connection.commit()
        task.failpoint("after-commit")
        return {}

    def commit(self, batch: "Batch", request: "Request", answers: Sequence[Answer]) -> dict[str, float]:
        """Every task has committed its own."""
        return {}

    def made(self, connection: psycopg.Connection, request: "Request", fence: Fence) -> int:
        """Dates that this attempt has committed."""
        return count_passed(
            connection, fence["runId"], "date", request.model_version, request.dates, fence["attempt"]
        )

    def read_paths(
        self,
        connection: psycopg.Connection,
        commodity: str,
        version: str,
        dates: Sequence[date],
        horizon: int,
        paths: int | None = None,
    ) -> StoredPaths:
        """In the order of the leaf's key; a null is NaN on the wire."""
        columns = [sql.Identifier(f"day_{day}") for day in range(1, MOST_DAYS + 1)]
        beyond = columns[horizon:]
        statement = sql.SQL(
            """
            copy (select forecast_start_date, path_id, data_cutoff_date, {beyond}, {values} from distributions
                   where commodity = {commodity} and model_version = {version}
                     and forecast_start_date = any({dates}) and path_id > 0 {bound}
                   order by forecast_start_date, path_id)
              to stdout (format binary)
            """
        ).format(
            beyond=sql.SQL("num_nonnulls({})").format(sql.SQL(", ").join(beyond)) if beyond else sql.SQL("0"),
            values=sql.SQL(", ").join(
                sql.SQL("coalesce({}, 'NaN')").format(column) for column in columns[:horizon]
            ),
            commodity=sql.Literal(commodity),
            version=sql.Literal(version),
            bound=sql.SQL("" if paths is None else "and path_id <= {}").format(sql.Literal(paths)),
            dates=sql.Literal(list(dates)),
        )
        fields = [
            *((name, ">i4") for name in ("date", "path", "cutoff", "beyond")),
            ("days", ">f4", horizon),
        ]
        rows = read_fixed_rows(connection, statement, None, fields)
        values = np.ascontiguousarray(rows["days"]["value"]).reshape(len(rows), horizon)
        return StoredPaths(
            days_of(rows["date"]),
            rows["path"].astype(np.int32),
            days_of(rows["cutoff"]),
            values,
            rows["beyond"],
        )

    def extra_paths(
        self, connection: psycopg.Connection, commodity: str, version: str, dates: Sequence[date], paths: int
    ) -> dict[date, tuple[int, int]]:
        """Apart from the others, because nothing bounds their number."""
        found = connection.execute(
            """
            select forecast_start_date, count(*), min(path_id) from distributions
             where commodity = %s and model_version = %s and forecast_start_date = any(%s) and path_id > %s
             group by 1
            """,
            [commodity, version, list(dates), paths],
        )
        return {start: (count, first) for start, count, first in found}

    def put(
        self,
        connection: psycopg.Connection,
        commodity: str,
        version: str,
        rows: StoredPaths,
        fingerprints: Mapping[date, str],
    ) -> None:
        """In one transaction."""
        dates = list(fingerprints)
        # Days beyond the horizon are no numbers; the rows of a whole date have all others.
        horizon = int(np.isfinite(rows.days).any(axis=0).sum())
        fixed = _fixed_rows(horizon, _ROWS_AT_ONCE)
        days = fixed.block("day_1", horizon)

        def fillings() -> Iterator[int]:
            for first in range(0, len(rows.ids), len(fixed)):
                part = slice(first, first + len(fixed))
                count = len(rows.ids[part])
                fixed["forecast_start_date"][:count] = _wire_days(rows.dates[part])
                fixed["data_cutoff_date"][:count] = _wire_days(rows.cutoffs[part])
                fixed["path_id"][:count] = rows.ids[part]
                days[:count] = rows.days[part, :horizon]
                yield count

        connection.execute(
            sql.SQL("delete from {} where forecast_start_date = any(%s)").format(sql.Identifier(self.leaf)),
            [dates],
        )
        copy_fixed_rows(connection, self.leaf, fixed, fillings(), lambda _: None)
        connection.execute(
            """
            insert into path_fingerprints (sink, commodity, model_version, forecast_start_date, fingerprint)
            select %s, %s, %s, date, fingerprint
              from unnest(%s::date[], %s::text[]) as n (date, fingerprint)
            on conflict (sink, commodity, model_version, forecast_start_date)
              do update set fingerprint = excluded.fingerprint
            """,
            [self.id, commodity, version, dates, list(fingerprints.values())],
        )
        connection.commit()

    def _copy_paths(
        self, connection: psycopg.Connection, task: Task, forecasts: Forecasts, watch: Clock
    ) -> PathSummaries:
        """Date by date, in the order of the key. The leaf's defaults say commodity, version and kind."""
        summaries = PathSummaries.empty(forecasts)
        horizon = forecasts.request.horizon
        rows = _fixed_rows(horizon, min(forecasts.request.paths, _ROWS_AT_ONCE))
        days = rows.block("day_1", horizon)

        def fillings() -> Iterator[int]:
            for index in range(len(forecasts)):
                with watch.time("draw"):
                    paths = forecasts.paths(index)
                rows["forecast_start_date"][:] = _wire_day(forecasts.starts[index])
                rows["data_cutoff_date"][:] = _wire_day(forecasts.cutoffs[index])
                for first in range(0, len(paths), len(rows)):
                    piece = paths[first : first + len(rows)]
                    rows["path_id"][: len(piece)] = np.arange(first + 1, first + 1 + len(piece))
                    days[: len(piece)] = piece
                    yield len(piece)
                # While the server takes in what it was sent.
                with watch.time("scores"):
                    summaries.add(index, paths, forecasts.actuals[index])

        copy_fixed_rows(connection, self.leaf, rows, fillings(), task.failpoint)
        return summaries

    def _found(self, connection: psycopg.Connection, forecasts: Forecasts) -> dict[date, DateFound]:
        """What the transaction's own rows say, by date."""
        horizon = forecasts.request.horizon
        days = [sql.Identifier(f"day_{day}") for day in range(1, MOST_DAYS + 1)]
        # One scan of the key's range: with a list of dates instead it takes a third longer. `row is null` and
        # `is not null` are tests of the columns, all of them.
        statement = sql.SQL(
            """
            select forecast_start_date, count(*), min(path_id), max(path_id), min(data_cutoff_date),
                   max(data_cutoff_date), count(*) filter (where row({complete}) is not null),
                   count(*) filter (where {beyond}), {sums}
              from {leaf} where forecast_start_date between %s and %s group by forecast_start_date
            """
        ).format(
            complete=sql.SQL(", ").join(days[:horizon]),
            beyond=sql.SQL("row({}) is null").format(sql.SQL(", ").join(days[horizon:]))
            if horizon < MOST_DAYS
            else sql.SQL("true"),
            # In double precision: the sum of reals is a real. One infinite or NaN value makes it not finite.
            sums=sql.SQL(", ").join(sql.SQL("sum({}::float8)").format(day) for day in days[:horizon]),
            leaf=sql.Identifier(self.leaf),
        )
        starts: list[date] = forecasts.starts.tolist()
        return {
            start: DateFound(
                count=count,
                first=first,
                last=last,
                cutoffs=(oldest, newest),
                complete=complete,
                beyond=beyond,
                sums=np.array(sums),
            )
            for start, count, first, last, oldest, newest, complete, beyond, *sums in connection.execute(
                statement, [starts[0], starts[-1]]
            )
        }


def _fixed_rows(horizon: int, rows: int) -> FixedRows:
    columns = {"forecast_start_date": ">i4", "path_id": ">i4", "data_cutoff_date": ">i4"}
    return FixedRows(columns | {f"day_{day}": ">f4" for day in range(1, horizon + 1)}, rows)


def _wire_days(days: np.ndarray) -> np.ndarray:
    return (days.astype("datetime64[D]") - POSTGRES_DAY_0).astype(np.int64)


def _wire_day(day: np.datetime64 | date) -> int:
    return int((np.datetime64(day, "D") - POSTGRES_DAY_0).astype(int))
