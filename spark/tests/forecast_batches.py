"""What tests of forecast jobs share: a small series with its models, and batches over its dates."""

import datetime as dt
import os
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.forecast.store import FittedModel, Window, save_model

FIRST = np.datetime64("2020-01-01")
DAYS = np.busday_offset(FIRST, np.arange(400), roll="forward")
# The forecast dates of most tests: from the first training date on, over two windows.
STARTS = [day.item() for day in DAYS[300:340]]
TRAINED = (STARTS[0], STARTS[25])


def walk(days: int = len(DAYS)) -> np.ndarray:
    """Closes to the cent, with moves that differ in size."""
    generator = np.random.default_rng(20)
    return np.round(60 + np.cumsum(generator.standard_t(4, days)), 2)


_asked: Counter[str] = Counter()


def commodity_of_test() -> str:
    """A name of this test only, the same in every run: what is drawn for a date depends on it.

    With a random name, a changed close was sometimes not among the 700 moves that a date draws.
    """
    test = os.environ["PYTEST_CURRENT_TEST"].split(" ")[0]
    _asked[test] += 1
    return f"T{zlib.crc32(f'{test} {_asked[test]}'.encode()):08X}"


@dataclass
class Forecasting:
    """A commodity for one test, with prices and stored models, in a database."""

    url: str
    make_batch: Callable[..., Batch]
    model: str = "random_walk"
    closes: np.ndarray = field(default_factory=walk)
    commodity: str = field(default_factory=commodity_of_test)

    def __post_init__(self) -> None:
        days = [day.item() for day in DAYS]
        rows = [(self.commodity, day, day, close) for day, close in zip(days, self.closes, strict=True)]
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "insert into commodities (commodity, name, unit, source) values (%s, 'Test', 'USD', 'us')",
                [self.commodity],
            )
            cursor.executemany(
                """
                insert into prices (commodity, date, known_at, is_trading_day, close)
                values (%s, %s, %s, true, %s)
                """,
                rows,
            )
            for training_date in TRAINED:
                self.save(connection, training_date)

    def save(self, connection: psycopg.Connection, training_date: dt.date) -> None:
        """A model whose state is only its name, as those of naive and random_walk are."""
        place = int(np.searchsorted(DAYS, np.datetime64(training_date)))
        window = Window(self.commodity, self.model, self.model, "semiannually", training_date)
        cutoff, start = DAYS[place - 1].item(), DAYS[0].item()
        model = FittedModel(window, {"model": self.model}, {}, cutoff, start, place, "rows", 0.25)
        save_model(connection, model, "objects")

    @property
    def leaf(self) -> str:
        return f"paths_{self.commodity}${self.model}".lower()

    def execute(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement, values)

    def ask(self, statement: str, *values: Any) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement, values).fetchall()

    def batch(self, job: str, dates: Sequence[dt.date] = STARTS, attempt: int = 1, **given: Any) -> Batch:
        """A batch over the dates, whose units wait for attempt 1; `attempt` is that of the batch."""
        windows: dict[dt.date, list[str]] = {}
        for day in dates:
            training_date = max((each for each in TRAINED if each <= day), default=TRAINED[0])
            windows.setdefault(training_date, []).append(day.isoformat())
        request = {
            "commodity": self.commodity,
            "model": self.model,
            "modelVersion": self.model,
            "calendar": "trading",
            "trainFrequency": "semiannually",
            "trainVersion": self.model,
            "paths": 50,
            "horizon": 14,
            "seed": 0,
            "draw": "bootstrap",
            "objectFolder": "objects",
            "settings": {},
            "taskDates": 60,
            "windows": [{"trainingDate": str(day), "dates": of} for day, of in windows.items()],
            **given,
        }
        version = request["modelVersion"]
        batch = self.make_batch(job, request, unit="chunk 1")
        batch.fence["attempt"] = attempt
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.executemany(
                """
                insert into units (run_id, unit, kind, attempt, model_version, date, rows_due, chunk)
                values (%s, %s, 'date', 1, %s, %s, %s, 1)
                """,
                [(batch.fence["runId"], f"{version}/{day}", version, day, request["paths"]) for day in dates],
            )
        return batch

    def paths(self) -> dict[tuple[dt.date, int], tuple]:
        """Stored days by date and path."""
        days = ", ".join(f"day_{day}" for day in range(1, 15))
        rows = self.ask(
            f"""
            select forecast_start_date, path_id, data_cutoff_date, {days} from distributions
             where commodity = %s and model_version = %s order by 1, 2
            """,
            self.commodity,
            self.model,
        )
        return {(row[0], row[1]): row[2:] for row in rows}

    def units(self, batch: Batch) -> dict[dt.date, tuple]:
        """Committed attempt, committed fingerprint, rows due and detail by date."""
        rows = self.ask(
            """
            select date, committed_attempt, committed_fingerprint, rows_due, detail from units
             where run_id = %s and kind = 'date'
            """,
            batch.fence["runId"],
        )
        return {row[0]: row[1:] for row in rows}

    def alter_rows(self, change: str) -> None:
        """A trigger on the leaf that applies `change` to every new row."""
        name = f"alter_{self.leaf}"
        self.execute("select distributions_leaf(%s, %s)", self.commodity, self.model)
        self.execute(
            f"""
            create or replace function {name}() returns trigger language plpgsql as $$
            begin {change} return new; end $$
            """
        )
        self.execute(
            f"create or replace trigger alter_rows before insert on {self.leaf} "
            f"for each row execute function {name}()"
        )

    def leave_rows(self) -> None:
        """Drops that trigger."""
        self.execute(f"drop trigger alter_rows on {self.leaf}")
