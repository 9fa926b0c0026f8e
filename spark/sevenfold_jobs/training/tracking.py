"""A training as a run of MLflow, where MLFLOW_TRACKING_URI says that somebody keeps such.

The ledger stays the truth: what is sent is read from it. The address may hold a password, so it is read from
the environment of the job and stands in no request.
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from sevenfold_jobs.common.failures import InvalidInput, JobError
from sevenfold_jobs.training.exports.graph import library

#: The variable that says where.
ADDRESS = "MLFLOW_TRACKING_URI"
_TAG = "sevenfold.run"
# Longer values are cut by servers, or refused.
_MOST_CHARACTERS = 500


def track(connection: psycopg.Connection, request: dict[str, Any]) -> None:
    """Sends parameters, figures on test and later rows, the leaderboard, tables and the model's files.

    Safe to repeat: a training is one run of MLflow, found again by its tag. Raises InvalidInput where the
    library is not there, and JobError, with what it says, where the server does not take them.
    """
    address = os.environ.get(ADDRESS, "").strip()
    if not address:
        raise InvalidInput(
            f"{ADDRESS} is set for the worker and not where its batches are started: "
            "take the stack down and up again."
        )
    # What is asked for goes there, and nothing else anywhere.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    mlflow = library("mlflow", f"{ADDRESS} is set, and sending a training there")
    found = _read(connection, request["runId"])
    try:
        client = mlflow.MlflowClient(address)
        run_id = _run_of(client, f"sevenfold/{found['name']}", found["key"])
        _send(client, mlflow.entities, run_id, found, request)
        client.set_terminated(run_id)
    except mlflow.exceptions.MlflowException as error:
        words = _without_password(str(error).strip().splitlines()[0], address)
        raise JobError(f"{ADDRESS} is set, and the training was not taken there: {words}") from None


def _run_of(client: Any, experiment: str, key: str) -> str:
    """The run that was begun for this training, or a new one."""
    known = client.get_experiment_by_name(experiment)
    experiment_id = client.create_experiment(experiment) if known is None else known.experiment_id
    begun = client.search_runs([experiment_id], f"tags.`{_TAG}` = '{_quoted(key)}'", max_results=1)
    if begun:
        return begun[0].info.run_id
    return client.create_run(experiment_id, tags={_TAG: key, "mlflow.runName": key}).info.run_id


def _send(client: Any, entities: Any, run_id: str, found: dict[str, Any], request: dict[str, Any]) -> None:
    # Parameters may be written once, so a repeat writes tags.
    described = {
        "sevenfold.model": request["modelId"],
        "sevenfold.chosen": found["label"],
        "sevenfold.members": json.dumps(found["members"]),
        "sevenfold.data_version": found["dataVersion"],
        **{name: str(found[name]) for name in ("target", "task", "rows")},
        **{
            name: str(found["request"].get(name))
            for name in ("seed", "trials", "parallel", "models", "metric")
        },
    }
    for name, value in described.items():
        client.set_tag(run_id, name, value[:_MOST_CHARACTERS])
    figures = {
        f"{part.replace(' ', '_')}_{candidate}_{name}": value
        for part, candidate, each in found["evaluations"]
        for name, value in each.items()
        if value is not None
    }
    [chosen] = [each for each in found["board"] if each.get("chosen")] or [{"figures": {}}]
    figures |= {f"validation_{name}": value for name, value in chosen["figures"].items() if value is not None}
    for name, value in figures.items():
        client.log_metric(run_id, name, float(value))
    for folder, place in ((request["resultRoot"], "tables"), (request["modelRoot"], "model")):
        # What lies in a bucket stays there.
        if Path(folder).is_dir():
            client.log_artifacts(run_id, folder, place)
        else:
            client.set_tag(run_id, f"sevenfold.{place}", folder)


def _read(connection: psycopg.Connection, run_id: str) -> dict[str, Any]:
    row = connection.execute(
        """
        select r.key, d.name, d.target, d.task, d.data_version, t.train_rows, s.label, s.members,
               s.leaderboard, coalesce(r.request, '{}')
          from training_refits t
          join runs r using (run_id)
          join training_data d using (data_version)
          join training_selections s using (run_id)
         where t.run_id = %s
        """,
        [run_id],
    ).fetchone()
    names = ("key", "name", "target", "task", "dataVersion", "rows", "label", "members", "board", "request")
    evaluations = connection.execute(
        "select part, candidate, figures from training_evaluations where run_id = %s", [run_id]
    ).fetchall()
    connection.rollback()
    return dict(zip(names, row, strict=True)) | {"evaluations": evaluations}


def _without_password(words: str, address: str) -> str:
    password = urlsplit(address).password
    return words.replace(address, "its address").replace(password, "…") if password else words


def _quoted(text: str) -> str:
    return text.replace("'", "''")
