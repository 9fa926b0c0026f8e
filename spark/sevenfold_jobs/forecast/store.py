"""Fitted models in their table: plain JSON, with a hash that is checked whenever one is read."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.objects import read_object, write_object

# A state from this size on lies in the object store, not in the table.
BYTES_IN_TABLE = 1_048_576

_KEY = """
  commodity = %(commodity)s and model_key = %(model_key)s and model_version = %(model_version)s
  and train_frequency = %(train_frequency)s and training_date = %(training_date)s
"""


@dataclass(frozen=True)
class Window:
    """Which fitted model: the table's key."""

    commodity: str
    model_key: str
    model_version: str
    train_frequency: str
    training_date: date

    @property
    def name(self) -> str:
        """As messages say it."""
        return f"{self.commodity} {self.model_version} window {self.training_date}"


@dataclass(frozen=True)
class FittedModel:
    """A model's state and what it was fitted on; `data_hash` stands for the rows that were read."""

    window: Window
    state: dict[str, Any]
    parameters: dict[str, Any]
    training_cutoff_date: date
    training_start_date: date
    training_samples: int
    data_hash: str
    fit_seconds: float

    @property
    def content(self) -> bytes:
        """The state's canonical JSON. ValueError for a number that JSON cannot hold."""
        return json.dumps(
            self.state, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()


@dataclass(frozen=True)
class StoredModel(FittedModel):
    """A model as it was read: `sha256` is that of its state's bytes."""

    sha256: str
    size_bytes: int


def save_model(
    connection: psycopg.Connection, model: FittedModel, object_folder: str | Path, replace: bool = False
) -> bool:
    """Stores the model inside the connection's transaction; says whether it did.

    A window that has a model keeps it, unless `replace`. A large state is on disk before its row can be
    seen; its file name carries the hash, so a replaced row never points at bytes that are not its own.
    """
    content = model.content
    digest = hashlib.sha256(content).hexdigest()
    window = model.window
    large = len(content) >= BYTES_IN_TABLE
    object_uri = _object_uri(window, digest) if large else None
    if object_uri is not None:
        write_object(f"{object_folder}/{object_uri}", content)
    conflict = (
        """
        do update set training_cutoff_date = excluded.training_cutoff_date,
          training_start_date = excluded.training_start_date, training_samples = excluded.training_samples,
          parameters = excluded.parameters, state_json = excluded.state_json,
          object_uri = excluded.object_uri, size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
          data_hash = excluded.data_hash, fit_seconds = excluded.fit_seconds, created_at = now()
        """
        if replace
        else "do nothing"
    )
    stored = connection.execute(
        f"""
        insert into fitted_models (commodity, model_key, model_version, train_frequency, training_date,
                                   training_cutoff_date, training_start_date, training_samples, parameters,
                                   state_json, object_uri, size_bytes, sha256, data_hash, fit_seconds)
        values (%(commodity)s, %(model_key)s, %(model_version)s, %(train_frequency)s, %(training_date)s,
                %(training_cutoff_date)s, %(training_start_date)s, %(training_samples)s, %(parameters)s,
                %(state_json)s, %(object_uri)s, %(size_bytes)s, %(sha256)s, %(data_hash)s, %(fit_seconds)s)
            on conflict (commodity, model_key, train_frequency, training_date, model_version) {conflict}
        """,
        {
            **vars(window),
            "training_cutoff_date": model.training_cutoff_date,
            "training_start_date": model.training_start_date,
            "training_samples": model.training_samples,
            "parameters": json.dumps(model.parameters),
            "state_json": None if large else content.decode(),
            "object_uri": object_uri,
            "size_bytes": len(content),
            "sha256": digest,
            "data_hash": model.data_hash,
            "fit_seconds": model.fit_seconds,
        },
    )
    return stored.rowcount == 1


def has_model(connection: psycopg.Connection, window: Window) -> bool:
    """Whether one is stored, whatever it is worth."""
    return (
        connection.execute(f"select 1 from fitted_models where {_KEY}", vars(window)).fetchone() is not None
    )


def load_model(connection: psycopg.Connection, window: Window, object_folder: str | Path) -> StoredModel:
    """The window's model. JobError, naming the window, where it is missing or its bytes are not its own."""
    row = connection.execute(
        f"""
        select parameters, training_cutoff_date, training_start_date, training_samples, data_hash,
               fit_seconds, sha256, size_bytes, state_json, object_uri
          from fitted_models where {_KEY}
        """,
        vars(window),
    ).fetchone()
    if row is None:
        raise JobError(f"{window.name} has no {window.train_frequency} model: train it first.")
    *described, sha256, size_bytes, state_json, object_uri = row
    content = state_json.encode() if object_uri is None else _read(window, f"{object_folder}/{object_uri}")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise JobError(
            f"{window.name}: the stored model has hash {found[:12]}, its row says {sha256[:12]}. "
            "It was altered: train it again with --retrain."
        )
    return StoredModel(window, json.loads(content), *described, sha256, size_bytes)


def _object_uri(window: Window, digest: str) -> str:
    """Relative to the object store."""
    file = f"{window.training_date}-{window.model_version}-{digest[:12]}.json"
    return f"models/{window.commodity}/{window.model_key}/{window.train_frequency}/{file}"


def _read(window: Window, address: str) -> bytes:
    try:
        return read_object(address)
    except FileNotFoundError as error:
        raise JobError(
            f"{window.name}: its model's file {address} is gone. Train it with --retrain."
        ) from error
