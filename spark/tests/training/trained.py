"""What tests of the training jobs share: a table in a file, and its jobs one after the other as the workflow
asks them.
"""

import hashlib
import importlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.batch import Batch


def houses(rows: int = 240, seed: int = 3, first_day: str = "2024-01-01") -> pa.Table:
    """A price by size and kind, a column of noise, a date a row; sizes have gaps."""
    generator = np.random.default_rng(seed)
    size, kind = generator.normal(100, 25, rows), generator.choice(["flat", "house", "villa"], rows)
    price = 2 * size + 60 * (kind == "villa") + generator.normal(0, 10, rows)
    size[generator.random(rows) < 0.05] = np.nan
    days = np.datetime64(first_day) + np.arange(rows)
    return pa.table(
        {
            "sold": pa.array(days),
            "size": pa.array(size, from_pandas=True),
            "kind": kind,
            "noise": generator.normal(size=rows),
            "price": price,
            "dear": np.where(price > 210, "yes", "no"),
        }
    )


METRICS = {"regression": "rmse", "classification": "log_loss", "clustering": "silhouette"}


class Training:
    """One run in a database of the test: its jobs are done one by one, each a batch of the same run."""

    def __init__(
        self, url: str, make_batch: Callable[..., Batch], folder: Path, tasks: int | None = None
    ) -> None:
        """`tasks`: on the distributed path, the rows of a fit in so many."""
        self.in_tasks = {} if tasks is None else {"tasks": tasks}
        self.url, self.make_batch, self.folder = url, make_batch, folder
        self.tracking = False
        self.data_version = uuid.uuid4().hex[:16]
        self.root = str(folder / "objects" / self.data_version)
        self.run_id = ""

    def ask(self, statement: str, *values: Any) -> list[tuple]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def file(self, table: pa.Table, name: str = "houses") -> dict[str, str]:
        path = self.folder / f"{name}.parquet"
        pq.write_table(table, path)
        return {"name": name, "source": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    def do(self, job: str, unit: str, given: dict[str, Any]) -> Any:
        batch = self.make_batch(job, given, unit=unit)
        if self.run_id:
            # The same run: the batch stands in the ledger under the run of its own that the fixture made.
            self.ask(
                "insert into units (run_id, unit, attempt, fingerprint) values (%s, %s, 1, 'today')"
                " on conflict do nothing",
                *(self.run_id, unit),
            )
            batch.fence["runId"] = self.run_id
        else:
            self.run_id = batch.fence["runId"]
        return importlib.import_module(f"sevenfold_jobs.{job}.main").run(batch)

    def prepare(
        self, table: pa.Table, target: str | None, later: list[pa.Table] | None = None, **given: Any
    ) -> Any:
        source = self.file(table)
        oot = [self.file(each, f"later{number}") for number, each in enumerate(later or [], 1)]
        self.settings = {
            **{"task": "auto", "target": target, "features": None, "exclude": [], "id": None, "date": None},
            **{"types": {}, "positive": None, "validation": "auto", "folds": None, "seed": 42},
            **given,
        }
        common = {"dataVersion": self.data_version, "objectRoot": self.root, "settings": self.settings}
        asked = {"name": "houses", "source": source["source"], "sourceSha256": source["sha256"], "oot": oot}
        profiled = self.do("training_profile", "profile", common | asked | self.in_tasks)
        self.task, self.oot = profiled["task"], [each["name"] for each in oot]
        split = self.do("training_split", "split", common)
        self.folds = split["folds"]
        return profiled, split

    def fit(self, models: dict[str, int], **given: Any) -> Any:
        """`models` says how many trials each has."""
        metric = METRICS[self.task]
        fits = [
            {"unit": f"{model}/trial {trial}/fold {fold}", "model": model, "trial": trial, "fold": fold}
            for model, trials in models.items()
            for trial in range(trials)
            for fold in range(1, self.folds + 1)
        ]
        for each in fits:
            self.ask(
                "insert into units (run_id, unit, kind, model_version, attempt, fingerprint)"
                " values (%s, %s, 'fit', %s, 1, 'planned') on conflict do nothing",
                *(self.run_id, each["unit"], each["model"]),
            )
        request = {
            **{
                "dataVersion": self.data_version,
                "objectRoot": self.root,
                "task": self.task,
                "metric": metric,
            },
            **{"folds": self.folds, "parallel": 2, "params": {}, "maxFeatures": None, "seed": 42},
            **{"processes": 2, "memoryMb": 4000, "fits": fits},
            **self.in_tasks,
            **given,
        }
        self.max_features = request["maxFeatures"]
        return self.do("training_fit", "fit", request)

    def decide(self) -> str:
        """Select, refit, evaluate and explain; answers with the model's id."""
        common = self._common
        self.do("training_select", "select", common)
        [(label, members, threshold, fits)] = self.ask(
            "select label, members, threshold, fits_sha256 from training_selections where run_id = %s",
            self.run_id,
        )
        model_id = self.refit(label, members, threshold, fits)
        model = {"modelId": model_id, "modelRoot": f"{self.folder}/models/{model_id}"}
        evaluated = (
            common | model | {"oot": self.oot, "threshold": threshold, "resultRoot": str(self.folder / "out")}
        )
        self.do("training_evaluate", "evaluate", evaluated)
        explained = {"resultRoot": str(self.folder / "out"), "tracking": self.tracking}
        self.do("training_explain", "explain", common | model | explained)
        return model_id

    def refit(self, label: str, members: list, threshold: float | None = None, fits: str = "") -> str:
        """The named models as files; answers with the model's id."""
        selection = {"label": label, "members": members, "threshold": threshold, "fitsSha256": fits}
        refit = self.do(
            "training_refit",
            "refit",
            self._common
            | self.in_tasks
            | {"selection": selection, "sourceSha256": "", "maxFeatures": self.max_features}
            | {"modelsRoot": str(self.folder / "models")},
        )
        return refit["modelId"]

    @property
    def _common(self) -> dict[str, Any]:
        return {
            **{"runId": self.run_id, "dataVersion": self.data_version, "name": "houses"},
            **{"objectRoot": self.root, "seed": 42, "task": self.task, "folds": self.folds},
            **{"metric": METRICS[self.task], "thresholdRule": "half"},
        }
