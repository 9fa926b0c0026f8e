"""Job `training_select`: one model chosen by predictions of rows that its fits were not given."""

import hashlib
import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.printable import storable, stored_json
from sevenfold_jobs.training import clusters
from sevenfold_jobs.training.choice import Candidate, Choice, choose
from sevenfold_jobs.training.metrics import threshold
from sevenfold_jobs.training.models import SIMPLEST_FIRST
from sevenfold_jobs.training.prepared import Place, load_predictions, read_prepared, read_split


def run(batch: Batch) -> dict[str, Any]:
    """Reads the run's fits and their predictions, writes training_selections with the unit.

    Neither the test rows nor later files are read. Safe to repeat: the same fits give the same choice. Raises
    JobError where predictions are gone, and Fenced when a newer attempt owns the unit.
    """
    request = batch.input
    batch.progress(0, 1, "comparing the models")
    with batch.connect() as connection:
        rows = _read_fits(connection, request["runId"])
    fits_sha256 = hashlib.sha256("\n".join(sorted(row["fitKey"] for row in rows)).encode()).hexdigest()
    choice, cut = _groupings(rows) if request["task"] == "clustering" else _models(request, rows)
    with batch.connect() as connection:
        _write(connection, request, choice, cut, fits_sha256)
        batch.commit(connection, 1, {"chosen": choice.label})
    batch.progress(1, 1, choice.label)
    return {"chosen": choice.label, "reason": choice.reason}


def _models(request: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[Choice, float | None]:
    """The choice, and the threshold of two classes."""
    with Place(f"{request['objectRoot']}/data") as folder:
        data, split = read_prepared(folder), read_split(folder)
    assert data.target is not None
    target = np.concatenate([data.target[split.validation(fold)] for fold in _folds(request)])
    candidates, failed = _candidates(rows, request["folds"])
    choice = choose(
        candidates, target, request["task"], data.classes, request["metric"], request["seed"], failed=failed
    )
    cut = None
    if len(data.classes) == 2:
        cut = float(threshold(target, choice.predictions[:, 1], request["thresholdRule"]))
    return choice, cut


def _groupings(rows: list[dict[str, Any]]) -> tuple[Choice, None]:
    """The choice among groupings; without clear structure all rows are one group, kept as its centre.

    Whoever asks for one grouping gets it, whatever its figures.
    """
    trials: dict[str, int] = defaultdict(int)
    found = []
    rows = sorted(rows, key=lambda row: (SIMPLEST_FIRST.index(row["model"]), row["trial"]))
    for row in rows:
        trials[row["model"]] += 1
        figures = row["figures"]
        found.append(
            clusters.Grouping(
                row["model"],
                row["params"],
                int(figures.get("clusters") or row["params"].get("clusters") or 0),
                int(figures.get("noise") or 0),
                [],
                {name: figures.get(name) for name in clusters.FIGURES},
                row["error"],
            )
        )
    if all(each.error is not None for each in found):
        raise JobError(f"No grouping can be judged: {found[0].error}.")
    made = clusters.choose(found)
    if made.chosen is None and len(found) == 1:
        made = replace(made, chosen=found[0], reason=f"{made.reason} It is the only one that was asked for.")
    member = {"model": "kmeans", "trial": 0, "params": {"clusters": 1}, "weight": 1.0}
    if made.chosen is not None:
        place = next(number for number, each in enumerate(found) if each is made.chosen)
        row = rows[place]
        member |= {"model": row["model"], "trial": row["trial"], "params": row["params"]}
    choice = Choice(
        label="one group" if made.chosen is None else made.chosen.label,
        members=[member],
        leaderboard=clusters.leaderboard(made, trials),
        reason=made.reason,
        beats_baseline=not made.reason.startswith("No clear structure"),
        predictions=np.zeros(0),
    )
    return choice, None


def _folds(request: dict[str, Any]) -> range:
    return range(1, request["folds"] + 1)


def _read_fits(connection: psycopg.Connection, run_id: str) -> list[dict[str, Any]]:
    found = connection.execute(
        """
        select model, trial, fold, fit_key, params, status, error, predictions, figures
          from training_fits where run_id = %s order by model, trial, fold
        """,
        [run_id],
    ).fetchall()
    connection.rollback()
    names = ("model", "trial", "fold", "fitKey", "params", "status", "error", "predictions", "figures")
    return [dict(zip(names, row, strict=True)) for row in found]


def _candidates(rows: list[dict[str, Any]], folds: int) -> tuple[list[Candidate], dict[str, str]]:
    """Trials with predictions of every fold; and why models have none."""
    by_trial: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_trial[row["model"], row["trial"]].append(row)
    candidates, failed = [], {}
    for (model, trial), fits in by_trial.items():
        refused = next((fit["error"] for fit in fits if fit["status"] != "complete"), None)
        if refused is not None or len(fits) != folds:
            failed.setdefault(model, refused or f"trial {trial} lacks a fold")
            continue
        try:
            predictions = np.concatenate([load_predictions(fit["predictions"]) for fit in fits])
        except FileNotFoundError as error:
            raise JobError(
                f"{error.filename} is gone: start the run again, and the fit is made again."
            ) from None
        candidates.append(Candidate(model, trial, fits[0]["params"], predictions))
    return candidates, {
        model: why for model, why in failed.items() if model not in {c.model for c in candidates}
    }


def _write(
    connection: psycopg.Connection,
    request: dict[str, Any],
    choice: Choice,
    cut: float | None,
    fits_sha256: str,
) -> None:
    row = {
        "run_id": request["runId"],
        "label": choice.label,
        "members": json.dumps(storable(choice.members)),
        "metric": request["metric"],
        "leaderboard": stored_json(choice.leaderboard),
        "reason": storable(choice.reason),
        "beats_baseline": choice.beats_baseline,
        "threshold": cut,
        "fits_sha256": fits_sha256,
    }
    columns, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in row if name != "run_id")
    connection.execute(
        f"insert into training_selections ({columns}) values ({places}) "
        f"on conflict (run_id) do update set {replaced}, selected_at = now()",
        row,
    )
