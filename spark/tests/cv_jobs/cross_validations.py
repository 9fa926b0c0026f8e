"""What tests of the jobs share: small data in a file, prepared folds, and batches of fits over them."""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.cv_fit.main import run as run_fits
from sevenfold_jobs.cv_prepare.main import run as run_preparation

COX = {"ridge": 1.0, "max_iter": 100, "tolerance": 1e-9}
WEIBULL = {"penalty": 0.0, "max_iter": 100, "tolerance": 1e-12}


def survival_table(rows: int = 300, seed: int = 5) -> pa.Table:
    """Two numeric columns (one with gaps), one of two levels and some missing, about 60 % events."""
    generator = np.random.default_rng(seed)
    age, dose = generator.normal(60, 10, rows), generator.gamma(2.0, 1.0, rows)
    group = generator.choice(["a", "b"], rows)
    scale = np.exp(-(age - 60) / 15 + 0.5 * (group == "a"))
    event_time, censored = generator.exponential(20 * scale), generator.exponential(30, rows)
    time = np.round(np.minimum(event_time, censored) + 0.1, 1)
    dose[generator.random(rows) < 0.1] = np.nan
    unknown = generator.random(rows) < 0.05
    return pa.table(
        {
            "id": np.arange(1, rows + 1),
            "time": time,
            "event": (event_time <= censored).astype(np.int8),
            "age": age,
            "dose": pa.array(dose, from_pandas=True),
            "group": pa.array([None if no else each for each, no in zip(group, unknown, strict=True)]),
        }
    )


def class_table(rows: int = 400, seed: int = 7) -> pa.Table:
    """A label of two classes and a number, both from two numeric columns and one of three levels."""
    generator = np.random.default_rng(seed)
    one, two = generator.normal(size=rows), generator.normal(size=rows)
    kind = generator.choice(["x", "y", "z"], rows)
    number = one + 0.5 * two * (kind == "x") + 0.3 * generator.normal(size=rows)
    one[generator.random(rows) < 0.05] = np.nan
    return pa.table(
        {
            "one": pa.array(one, from_pandas=True),
            "two": two,
            "kind": kind,
            "label": np.where(number + 0.5 * generator.normal(size=rows) > 0, "yes", "no"),
            "number": number,
        }
    )


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """The table with this column, in place of one of its name."""
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, pa.array(values))
    return table.append_column(name, pa.array(values))


def lightgbm_set(task: str, **params: Any) -> dict[str, Any]:
    """A small set of parameters."""
    objective = "binary" if task == "classification" else "regression"
    return {
        "objective": objective,
        "metric": "binary_logloss" if task == "classification" else "rmse",
        "num_leaves": 7,
        "learning_rate": 0.1,
        "lambda_l1": 0.3,
        "num_iterations": 60,
        "early_stopping_rounds": 10,
        **params,
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class CrossValidation:
    """One source and one data version in a database of the test."""

    def __init__(self, url: str, make_batch: Callable[..., Batch], folder: Path) -> None:
        self.url, self.make_batch, self.folder = url, make_batch, folder
        self.data_version = uuid.uuid4().hex[:16]
        self.object_root = str(folder / "objects" / "cv" / self.data_version)
        self.task = "survival"
        self.parity = False

    def ask(self, statement: str, *values: Any) -> list[tuple]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def preparation(self, source: pa.Table | Path, **given: Any) -> Batch:
        path = self.folder / "source.parquet"
        if isinstance(source, Path):
            path = source
        else:
            pq.write_table(source, path)
        request = {
            "path": str(path),
            "name": path.stem,
            "source": path.name,
            "sourceSha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "dataVersion": self.data_version,
            "objectRoot": self.object_root,
            "task": "survival",
            "completeRows": False,
            "folds": 3,
            "splitter": "stratified",
            "gap": 0,
            "seed": 42,
            "runType": "sample",
            "horizons": [5, 10],
            "parity": False,
            "lightgbm": {},
            **given,
        }
        self.task, self.parity = request["task"], request["parity"]
        return self.make_batch("cv_prepare", request, unit="folds")

    def prepare(self, source: pa.Table | Path, **given: Any) -> dict[str, Any]:
        return run_preparation(self.preparation(source, **given))

    def fits(
        self,
        models: dict[str, dict[str, Any]],
        folds: Sequence[int] = (1, 2, 3),
        mode: str = "pandas",
        attempt: int = 1,
        estimate_mb: float = 200.0,
        **given: Any,
    ) -> Batch:
        fits = [
            {
                "unit": f"{model}/fold {fold}",
                "fitKey": _hash(f"{self.data_version} {model} {fold} {params}")[:16],
                "model": model.split("@")[0],
                "fold": fold,
                "params": params,
                "paramsHash": _hash(f"{model} {params}")[:8],
                "seed": 42,
                "threads": 1,
                "estimateSeconds": 1.0,
                "estimateMb": estimate_mb,
            }
            for fold in folds
            for model, params in models.items()
        ]
        request = {
            "dataVersion": self.data_version,
            "objectRoot": self.object_root,
            "task": self.task,
            "mode": mode,
            "processes": 2,
            "memoryMb": 4000,
            "runType": "sample",
            "parity": self.parity,
            "horizons": [5, 10],
            "fits": fits,
            **given,
        }
        batch = self.make_batch("cv_fit", request, unit="chunk 1")
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into units (run_id, unit, kind, model_version, position, attempt, fingerprint)"
                " values (%s, %s, 'fit', %s, %s, %s, 'planned')",
                [(batch.fence["runId"], fit["unit"], fit["model"], fit["fold"], attempt) for fit in fits],
            )
        return batch

    def fit(self, models: dict[str, dict[str, Any]], **given: Any) -> tuple[Batch, dict[str, Any]]:
        batch = self.fits(models, **given)
        return batch, run_fits(batch)

    def refit(self, fits: Batch, model: str, attempt: int = 1, **given: Any) -> Batch:
        """A batch that refits `model` of the run of `fits`, which selects it."""
        run_id = fits.fence["runId"]
        found = next(fit for fit in fits.input["fits"] if fit["model"] == model)
        self.ask(
            "insert into cv_selections (run_id, model, params_hash, metric, leaderboard, reason)"
            " values (%s, %s, %s, 'cindex_tau', '[]', 'a test chose it') on conflict do nothing",
            *(run_id, model, found["paramsHash"]),
        )
        self.ask(
            "insert into units (run_id, unit, attempt, fingerprint) values (%s, 'refit', %s, 'today')"
            " on conflict do nothing",
            *(run_id, attempt),
        )
        request = {
            **{key: fits.input[key] for key in ("dataVersion", "objectRoot", "task", "runType")},
            "resultRoot": str(self.folder / "results"),
            "stamp": "20260102_030405",
            "runId": run_id,
            "selection": {key: found[key] for key in ("model", "params", "paramsHash")},
            "fits": [
                {key: fit[key] for key in ("model", "fold", "paramsHash", "fitKey")}
                for fit in fits.input["fits"]
            ],
            "seed": 42,
            "threads": 1,
            "horizons": [5, 10, 5000],
            "name": "source",
            **given,
        }
        fence = {"runId": run_id, "unit": "refit", "attempt": 1, "fingerprint": "today"}
        return Batch(
            {
                "batchId": f"sf-cv-refit-{uuid.uuid4().hex[:8]}",
                "job": "cv_refit",
                "input": request,
                "fence": fence,
                "directory": str(self.folder),
                "databaseUrl": self.url,
            }
        )

    def rows(self, batch: Batch) -> list[tuple]:
        """(model, fold, status, cindex_tau, ibs, mean_auc) of the run's fits."""
        return self.ask(
            "select model, fold, status, cindex_tau, ibs, mean_auc from cv_fits where run_id = %s"
            " order by model, params_hash, fold",
            batch.fence["runId"],
        )

    def committed(self, batch: Batch) -> list[str]:
        rows = self.ask(
            "select unit from units where run_id = %s and kind = 'fit' and committed_attempt = attempt"
            " order by unit",
            batch.fence["runId"],
        )
        return [unit for (unit,) in rows]
