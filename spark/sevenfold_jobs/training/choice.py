"""The choice among models, by predictions of rows that none of their fits was given.

A trial counts by its mean over all those rows, not by fold. Models are compared by differences row by row:
what any other has to beat is one standard error of its difference to the best, and among those the simplest
is kept. Simpler is what a person can follow: no forest of trees is simpler than another, there the figures
decide. The baseline, against which the best of dozens of trials stands, has to be beaten by two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.training import metrics
from sevenfold_jobs.training.models import SIMPLEST_FIRST

_TENTHS = 10
_RESAMPLES = 200
# The best of dozens of trials is ahead of the baseline by more than one error now and then, where nothing is.
_ERRORS_TO_BASELINE = 2.0
_FOLLOWED = ("linear", "glm", "naive_bayes", "tree")
# Metrics that are means of a loss over rows have a standard error without drawing.
_OF_ROWS = ("log_loss", "rmse", "mae", "accuracy")


@dataclass(frozen=True)
class Candidate:
    """`predictions` are those of the validation rows of all folds, one behind the other."""

    model: str
    trial: int
    params: dict[str, Any]
    predictions: np.ndarray


@dataclass(frozen=True)
class Choice:
    """`members` are `{model, trial, params, weight}`; `predictions` the chosen one's, on validation rows."""

    label: str
    members: list[dict[str, Any]]
    leaderboard: list[dict[str, Any]]
    reason: str
    beats_baseline: bool
    predictions: np.ndarray


@dataclass(frozen=True)
class _Entry:
    label: str
    members: list[tuple[Candidate, float]]
    predictions: np.ndarray
    value: float


def choose(
    candidates: Sequence[Candidate],
    y: np.ndarray,
    task: str,
    classes: list[str],
    metric: str,
    seed: int,
    failed: dict[str, str] | None = None,
) -> Choice:
    """Compares the best trial of every model, and a weighted mean of those.

    `failed` says by model why it has no trial. JobError where no candidate has the metric, and where models
    were asked for and none could be fitted: the baseline would look like what the data have come to.
    """
    names = list(dict.fromkeys(candidate.model for candidate in candidates))
    names.sort(key=SIMPLEST_FIRST.index)
    entries = []
    trials = {}
    for name in names:
        mine = [each for each in candidates if each.model == name]
        trials[name] = len(mine)
        scored = [(metrics.value_of(metric, task, y, each.predictions, classes), each) for each in mine]
        known = [(value, each) for value, each in scored if value is not None and np.isfinite(value)]
        if known:
            value, best = min(known, key=lambda pair: (_sign(metric) * pair[0], pair[1].trial))
            entries.append(_Entry(name, [(best, 1.0)], best.predictions, float(value)))
    if not entries:
        raise JobError(f"No model has a {metric} on the validation rows: {_reasons(failed)}.")
    if failed and [each.label for each in entries] == ["baseline"]:
        raise JobError(
            f"None of the models could be fitted ({_reasons(failed)}), and the baseline is no choice."
        )
    blend = _blend(entries, y, task, classes, metric)
    if blend is not None:
        entries.append(blend)
    best = min(entries, key=lambda each: (_sign(metric) * each.value, entries.index(each)))
    entries.sort(key=lambda each: (_rank(each), _sign(metric) * each.value))
    compared = {
        each.label: _difference(each, best, y, task, classes, metric, seed)
        for each in entries
        if each is not best
    }
    # Equal predictions, averaged, differ by a rounding that is no reason.
    nothing = 1e-9 * abs(best.value)
    chosen = next(
        each
        for each in entries
        if each is best or compared[each.label][0] <= compared[each.label][1] + nothing
    )
    baseline = next((each for each in entries if each.label == "baseline"), None)
    beats = chosen.label != "baseline"
    if baseline is not None and beats:
        mean, error = _difference(baseline, chosen, y, task, classes, metric, seed)
        beats = mean > _ERRORS_TO_BASELINE * error
        if not beats:
            chosen = baseline
    board = [
        _row(each, y, task, classes, metric, compared.get(each.label), trials, each is chosen)
        for each in sorted(entries, key=lambda each: (_sign(metric) * each.value, entries.index(each)))
    ]
    for name, why in (failed or {}).items():
        board.append({"label": name, "value": None, "error": why})
    return Choice(
        label=chosen.label,
        members=[
            {"model": each.model, "trial": each.trial, "params": each.params, "weight": weight}
            for each, weight in chosen.members
        ],
        leaderboard=board,
        reason=_reason(chosen, best, entries, compared, metric, len(y), beats),
        beats_baseline=beats,
        predictions=chosen.predictions,
    )


def blended(predictions: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The weighted mean of predictions of the same rows."""
    total = np.zeros_like(predictions[0])
    for each, weight in zip(predictions, weights, strict=True):
        total += weight * each
    return total


def _rank(entry: _Entry) -> int:
    """How hard it is to follow."""
    if len(entry.members) > 1:
        return 3
    if entry.label == "baseline":
        return 0
    return 1 if entry.label in _FOLLOWED else 2


def _sign(metric: str) -> int:
    return -1 if metrics.higher_is_better(metric) else 1


def _blend(entries: list[_Entry], y: np.ndarray, task: str, classes: list[str], metric: str) -> _Entry | None:
    """The models averaged: on small tables often better than any of them.

    Tenth by tenth the model is added whose addition leaves the best figure (Caruana et al. 2004), so most get
    no weight. None where one gets all of it.
    """
    single = [each for each in entries if each.label != "baseline"]
    if len(single) < 2:
        return None
    total = np.zeros_like(single[0].predictions)
    tenths = dict.fromkeys((each.label for each in single), 0)
    for count in range(_TENTHS):
        tried = []
        for place, each in enumerate(single):
            mean = (total + each.predictions) / (count + 1)
            value = metrics.value_of(metric, task, y, mean, classes)
            if value is not None:
                tried.append((_sign(metric) * value, place))
        if not tried:
            return None
        added = single[min(tried)[1]]
        total = total + added.predictions
        tenths[added.label] += 1
    # The linear one last: it is what the others are averaged with.
    chosen = [each for each in single if tenths[each.label] > 0]
    if len(chosen) < 2:
        return None
    chosen.sort(key=lambda each: (each.label == "linear", -tenths[each.label]))
    weights = [tenths[each.label] / _TENTHS for each in chosen]
    predictions = blended([each.predictions for each in chosen], weights)
    value = metrics.value_of(metric, task, y, predictions, classes)
    if value is None:
        return None
    members = [(each.members[0][0], weight) for each, weight in zip(chosen, weights, strict=True)]
    return _Entry(" + ".join(each.label for each in chosen), members, predictions, float(value))


def _difference(
    one: _Entry, other: _Entry, y: np.ndarray, task: str, classes: list[str], metric: str, seed: int
) -> tuple[float, float]:
    """(by how much `one` is worse, the standard error of that), in the unit of the metric."""
    worse = _sign(metric) * (one.value - other.value)
    if metric in _OF_ROWS:
        differences = _losses(one, y, task, metric) - _losses(other, y, task, metric)
        error = float(differences.std(ddof=1) / np.sqrt(len(y))) if len(y) > 1 else 0.0
        if metric == "rmse":
            # By the delta method: the root's slope at the mean of both.
            error /= max(one.value + other.value, 1e-300)
        return worse, error
    draws = np.random.default_rng(seed)
    found = []
    for _ in range(_RESAMPLES):
        rows = draws.integers(0, len(y), len(y))
        values = [
            metrics.value_of(metric, task, y[rows], each.predictions[rows], classes) for each in (one, other)
        ]
        if values[0] is not None and values[1] is not None:
            found.append(values[0] - values[1])
    return worse, float(np.std(found, ddof=1)) if len(found) > 1 else 0.0


def _losses(entry: _Entry, y: np.ndarray, task: str, metric: str) -> np.ndarray:
    if metric == "mae":
        return np.abs(y - entry.predictions)
    if metric == "accuracy":
        return (metrics.decide(entry.predictions, None) != y).astype(np.float64)
    return metrics.row_losses(task, y, entry.predictions)


def _row(
    entry: _Entry,
    y: np.ndarray,
    task: str,
    classes: list[str],
    metric: str,
    difference: tuple[float, float] | None,
    trials: dict[str, int],
    is_chosen: bool,
) -> dict[str, Any]:
    """A row of the leaderboard; `standardError` belongs to the figure itself, if that is a mean over rows."""
    error = None
    if metric in _OF_ROWS:
        error = float(_losses(entry, y, task, metric).std(ddof=1) / np.sqrt(len(y)))
        if metric == "rmse":
            error /= max(2 * entry.value, 1e-300)
    return {
        "label": entry.label,
        "value": entry.value,
        "standardError": error,
        "difference": 0.0 if difference is None else difference[0],
        "differenceError": None if difference is None else difference[1],
        "figures": metrics.figures(task, y, entry.predictions, classes),
        "trial": entry.members[0][0].trial if len(entry.members) == 1 else None,
        "trials": trials.get(entry.label),
        "members": [
            {"model": each.model, "trial": each.trial, "weight": weight} for each, weight in entry.members
        ],
        "chosen": is_chosen,
    }


def _reason(
    chosen: _Entry,
    best: _Entry,
    entries: list[_Entry],
    compared: dict[str, tuple[float, float]],
    metric: str,
    rows: int,
    beats: bool,
) -> str:
    title = metrics.METRICS[metric]["title"]
    if title[1:2].islower():  # RMSE and AUC stay as they are
        title = title[0].lower() + title[1:]
    if len(entries) == 1:
        return (
            f"{chosen.label} is the only candidate: {title} {chosen.value:.4f} on {rows:,} validation rows."
        )
    if chosen is best:
        others = [(compared[each.label], each.label) for each in entries if each is not best]
        (mean, error), nearest = min(others)
        words = (
            f"{chosen.label} has the best {title} on {rows:,} validation rows, {chosen.value:.4f}; "
            f"{nearest} is {mean:.4f} behind, with a standard error of {error:.4f}."
        )
    else:
        mean, error = compared[chosen.label]
        within = "its standard error" if mean <= error else "twice its standard error"
        words = (
            f"{chosen.label} is kept, with {title} {chosen.value:.4f} on {rows:,} validation rows: "
            f"{best.label} is better by {mean:.4f}, which is within {within} of {error:.4f}, "
            f"and {chosen.label} is simpler."
        )
    return words if beats else f"{words} It is no better than the baseline."


def _reasons(failed: dict[str, str] | None) -> str:
    return "; ".join(f"{name}: {why}" for name, why in (failed or {}).items()) or "there is no fit"
