"""The one judgement of whether a forecast could have seen what it forecasts."""

from datetime import date

import numpy as np

from sevenfold_jobs.common.failures import JobError


class Leakage(JobError):  # noqa: N818 - like the other failures
    """A forecast that knows its own future is never written."""

    type = "CheckFailed"


def has_data_leakage(first_days: np.ndarray, data_cutoffs: np.ndarray) -> np.ndarray:
    """Whether a day that is forecast lies on or before the newest row that was read for it."""
    return np.asarray(first_days) <= np.asarray(data_cutoffs)


def refuse_leakage(
    training_date: date, training_cutoff: date, starts: np.ndarray, cutoffs: np.ndarray, targets: np.ndarray
) -> None:
    """Raises Leakage unless training cutoff < training date <= each start, and each cutoff < start, targets.

    `starts` and `cutoffs` (dates,), `targets` (dates, horizon), datetime64[D]; cutoffs are the dates of the
    newest rows that were read, not what was asked for.
    """
    if not training_cutoff < training_date:
        raise Leakage(f"The model of {training_date} was fitted on rows up to {training_cutoff}.")
    early = starts < np.datetime64(training_date)
    if early.any():
        raise Leakage(f"{starts[early][0]} lies before its model's training date {training_date}.")
    leaking = has_data_leakage(starts, cutoffs) | has_data_leakage(targets, cutoffs[:, None]).any(axis=1)
    if leaking.any():
        raise Leakage(f"The forecast of {starts[leaking][0]} has read rows up to {cutoffs[leaking][0]}.")
