"""A commodity of a test whose paths go into a Delta table of the test's own folder."""

import json
from pathlib import Path

import pytest
from forecast_batches import STARTS, Forecasting

from sevenfold_jobs.forecast_infer.main import run
from sevenfold_jobs.sinks.delta.table import find_snapshot
from sevenfold_jobs.sinks.look import look
from sevenfold_jobs.sinks.sums import sums

DAYS = [f"day_{day}" for day in range(1, 15)]


class InDelta(Forecasting):
    """A commodity whose paths go into a table of the test's own folder."""

    folder: Path
    #: A place in a bucket, instead of the folder.
    bucket: str | None = None

    @property
    def place(self):
        return self.bucket or str(self.folder)

    @property
    def sink(self):
        return {"name": "delta", "path": self.place}

    def infer(self, dates=STARTS, attempt=1, **given):
        return run(self.batch_of("forecast_infer", dates, attempt, **given))

    def batch_of(self, job, dates=STARTS, attempt=1, **given):
        return self.batch(job, dates, attempt, **{"sink": self.sink, "taskDates": 15, **given})

    def snapshot(self):
        return find_snapshot(self.place)

    def files(self):
        """Data files in the folder, of the table or not."""
        return {
            str(each.relative_to(self.folder)) for each in self.folder.glob("model_version=*/*/*.parquet")
        }

    def known(self):
        return {file.path for file in self.snapshot().files(self.commodity, self.model)}

    def orphans(self):
        """Data files in the folder that no version of the table ever had."""
        entries = [json.loads(line) for log in self.folder.glob("_delta_log/*.json") for line in log.open()]
        return self.files() - {entry["add"]["path"] for entry in entries if "add" in entry}

    def table(self):
        """Every row of the newest version, read by the Delta library itself."""
        return self.snapshot().table.to_pyarrow_table()

    def stored(self):
        """As `paths`, from the table."""
        rows = self.table().select(["forecast_start_date", "path_id", "data_cutoff_date", *DAYS]).to_pydict()
        return {(row[0], row[1]): row[2:] for row in zip(*rows.values(), strict=True)}

    def checksum(self, sink=None, paths=50, last=STARTS[-1]):
        """Dates, rows and sha256 of what lies in a sink up to a date; the table's where none is named."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_URL", self.url)
            request = {
                "sink": sink or self.sink,
                "commodity": self.commodity,
                "versions": [self.model],
                "first": str(STARTS[0]),
                "last": str(last),
                "paths": paths,
            }
            [found] = sums(request)["checksums"]
        return found["dates"], found["rows"], found["sha256"]

    def looked(self, paths=50, horizon=14, last=STARTS[-1]):
        return look(
            {
                "path": self.place,
                "commodity": self.commodity,
                "version": self.model,
                "first": str(STARTS[0]),
                "last": str(last),
                "paths": paths,
                "horizon": horizon,
            }
        )
