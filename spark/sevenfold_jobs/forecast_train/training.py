"""One window: its model fitted, stored and committed, or nothing of it."""

import time
from datetime import date
from typing import Any

import numpy as np
import psycopg

from sevenfold_jobs.common.failures import InvalidInput, describe_piece
from sevenfold_jobs.common.fence import pass_units
from sevenfold_jobs.common.task import Task
from sevenfold_jobs.forecast import models
from sevenfold_jobs.forecast.series import Prices
from sevenfold_jobs.forecast.store import FittedModel, Window, has_model, save_model
from sevenfold_jobs.forecast_train.request import Request, Work

Result = dict[str, Any]

_DAY = np.timedelta64(1, "D")


def train_window(task: Task, fence: dict[str, Any], request: Request, prices: Prices, work: Work) -> Result:
    """`{trained, seconds}`, or `{model, modelVersion, trainingDate, errorType, message}`.

    Raises Fenced, Infrastructure and OutOfMemory, which are not the window's own.
    """
    try:
        return _train(task, fence, request, prices, work)
    except Exception as error:
        error_type, message = describe_piece(error)
        return {**work.described(), "errorType": error_type, "message": message}


def _train(task: Task, fence: dict[str, Any], request: Request, prices: Prices, work: Work) -> Result:
    window = request.window(work)
    with task.connect() as connection:
        seconds = 0.0
        trained = request.replace or not has_model(connection, window)
        # A fit needs no transaction, and an idle one keeps the database from cleaning up.
        connection.rollback()
        if trained:
            model = fit_model(prices, window, request.settings, request.minimum_rows)
            seconds = model.fit_seconds
            trained = save_model(connection, model, request.object_folder, request.replace)
        _commit(connection, task, fence, work)
    return {"trained": trained, "seconds": seconds}


def _commit(connection: psycopg.Connection, task: Task, fence: dict[str, Any], work: Work) -> None:
    task.failpoint("before-commit")
    pass_units(
        connection,
        fence["runId"],
        "window",
        work.model_version,
        [work.training_date],
        fence["attempt"],
        None,
        rows_due=1,
    )
    connection.commit()
    task.failpoint("after-commit")


def fit_model(prices: Prices, window: Window, settings: dict[str, Any], minimum_rows: int) -> FittedModel:
    """The window's model, from rows dated and known before its training date.

    Raises InvalidInput, naming the window, where there is too little history or a covariate is not there.
    """
    training_date = np.datetime64(window.training_date, "D")
    rows = prices.rows_before(training_date)
    if rows < minimum_rows:
        raise InvalidInput(
            f"{window.name} has too little history: {rows} rows before it, not {minimum_rows}."
        )
    series = prices.as_of(training_date - _DAY)
    module = models.load(window.model_key)
    began = time.perf_counter()
    try:
        state = module.train(series, settings)
    except InvalidInput as error:
        raise InvalidInput(f"{window.name}: {error}") from error
    seconds = time.perf_counter() - began
    known, digest = prices.digest(training_date - _DAY)
    return FittedModel(
        window=window,
        state=state,
        parameters={**module.PARAMETERS, "covariates": state.get("covariates", [])},
        training_cutoff_date=series.dates[-1].item(),
        training_start_date=date.fromisoformat(state["start"]),
        training_samples=state["samples"],
        data_hash=f"{known}:{digest}",
        fit_seconds=seconds,
    )
