"""Columns that nearly tell the outcome by themselves: usually something that is known only after it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.cv.roles import Table

_NEAR_PERFECT = 0.95
# With three classes or more the worst pair is compared; honest measurements separate it well too (iris).
_NEAR_PERFECT_OF_MANY = 0.99
_CONSPICUOUS, _AHEAD = 0.8, 0.1

_MOST_ROWS = 20_000
# A share of so few rows says nothing.
_FEWEST = 10
_MOST_PAIRS_OF_CLASSES = 10
_MOST_LEVELS_OF_OWN = 100


@dataclass(frozen=True)
class Separation:
    """How well a column tells rows apart: 0.5 not at all, 1 perfectly; `by_gaps`: by being filled or not."""

    name: str
    value: float
    by_gaps: bool = False


def leak_warnings(table: Table) -> list[str]:
    """A sentence a suspicious column, the most suspicious first.

    Separation: the area under the ROC of a column's values, or of whether it has one, against event or
    class; for a time or a number also the concordance with it. Suspicious is 0.95 (0.99 of more than two
    classes); of classes also 0.8 that is 0.1 ahead of the next column. Not so of events: how long ago a
    person was born is that far ahead and honest. Of many rows every k-th is looked at.
    """
    found = sorted(separations(table), key=lambda each: -each.value)
    limit = _NEAR_PERFECT_OF_MANY if len(table.classes) > 2 else _NEAR_PERFECT
    what = "event" if table.event is not None else "target"
    warnings = []
    for place, each in enumerate(found):
        ahead = False
        if table.classes and place == 0 and len(found) > 1:
            ahead = each.value >= _CONSPICUOUS and each.value - found[1].value >= _AHEAD
        if each.value < limit and not ahead:
            break
        how = "whether it has a value" if each.by_gaps else "its values"
        warnings.append(
            f"Column {each.name} nearly tells the {what} by itself ({how}: {each.value:.2f} of 1): "
            "if it is known only afterwards, exclude it."
        )
    return warnings


def separations(table: Table) -> list[Separation]:
    """How well each feature separates outcomes."""
    rows = np.arange(0, len(table.rows), -(-len(table.rows) // _MOST_ROWS))
    found = []
    for name, values in table.numbers.items():
        found.append(_of_column(table, rows, name, values[rows], ~np.isnan(values[rows]), None))
    for name, column in table.categories.items():
        codes = column.codes[rows]
        found.append(_of_column(table, rows, name, codes, codes >= 0, column))
    return found


def _of_column(
    table: Table,
    rows: np.ndarray,
    name: str,
    values: np.ndarray,
    known: np.ndarray,
    column: Categorical | None,
) -> Separation:
    scores = [(0.5, False)]
    for outcome in _outcomes(table, rows):
        of_pairs, of_gaps = [], []
        for positive, among in outcome:
            there = among & known
            rates = _as_means(values, positive.astype(float), there, column)
            of_pairs.append(_roc(rates, positive, there))
            of_gaps.append(_roc(known.astype(float), positive, among))
        scores.append((min(of_gaps), True))
        # Any good feature separates the halves of a numeric target: there only concordance counts.
        if table.event is not None or table.classes:
            scores.append((min(of_pairs), False))
    if table.time is not None and known.any():
        scores.append((_concordance(table, rows, values, known, column), False))
    if table.target is not None and not table.classes and known.sum() >= _FEWEST:
        target = table.target[rows]
        of_values = _as_means(values, target, known, column)
        # Late: it takes a second to import.
        from scipy.stats import kendalltau

        tau = kendalltau(of_values[known], target[known]).statistic
        scores.append((0.5 if np.isnan(tau) else (1 + abs(tau)) / 2, False))
    value, by_gaps = max(scores)
    return Separation(name, float(value), by_gaps)


def _outcomes(table: Table, rows: np.ndarray) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """(which rows are positive, which rows count) of each pair of classes."""
    if table.event is not None:
        return [[(table.event[rows], np.ones(len(rows), bool))]]
    target = table.target[rows]
    if not table.classes:
        return [[(target > np.median(target), np.ones(len(rows), bool))]]
    common = np.argsort(-np.bincount(target, minlength=len(table.classes)), kind="stable")
    pairs = [(one, other) for place, one in enumerate(common) for other in common[:place]]
    return [
        [
            (target == one, (target == one) | (target == other))
            for one, other in pairs[:_MOST_PAIRS_OF_CLASSES]
        ]
    ]


def _roc(values: np.ndarray, positive: np.ndarray, among: np.ndarray) -> float:
    """Area under the ROC, in whichever direction is better."""
    positive = positive[among]
    count, others = int(positive.sum()), int((~positive).sum())
    if min(count, others) < _FEWEST:
        return 0.5
    ranks = pd.Series(values[among]).rank().to_numpy()
    area = (ranks[positive].sum() - count * (count + 1) / 2) / (count * others)
    return max(area, 1 - area)


def _concordance(
    table: Table, rows: np.ndarray, values: np.ndarray, known: np.ndarray, column: Categorical | None
) -> float:
    from sevenfold_jobs.survival.metrics import harrell_c

    time, event = table.time[rows][known], table.event[rows][known]
    if event.sum() < _FEWEST:
        return 0.5
    if column is None:
        risk = values[known]
    else:
        codes = values[known]
        at_risk = np.bincount(codes, weights=time, minlength=len(column.levels))
        events = np.bincount(codes, weights=event, minlength=len(column.levels))
        risk = (events / np.where(at_risk > 0, at_risk, 1.0))[codes]
    concordance = harrell_c(time, event, risk)
    return 0.5 if np.isnan(concordance) else max(concordance, 1 - concordance)


def _as_means(
    values: np.ndarray, outcome: np.ndarray, there: np.ndarray, column: Categorical | None
) -> np.ndarray:
    """A numeric column as it is; a categorical one as the mean outcome of its levels."""
    if column is None:
        return values
    if len(column.levels) <= _MOST_LEVELS_OF_OWN:
        return _means(values[there], outcome[there], len(column.levels), 0.0)[values]
    # With few rows a level its mean is mostly the row's own outcome: noise would tell everything. So each
    # half of the rows has the means of the other.
    taken = np.random.default_rng(0).permutation(np.flatnonzero(there))
    halves = taken[::2], taken[1::2]
    found = np.zeros(len(values))
    usual = float(outcome[taken].mean()) if len(taken) else 0.0
    for mine, others in (halves, halves[::-1]):
        found[mine] = _means(values[others], outcome[others], len(column.levels), usual)[values[mine]]
    return found


def _means(codes: np.ndarray, outcome: np.ndarray, levels: int, usual: float) -> np.ndarray:
    """(levels,); `usual` of levels without a row."""
    rows = np.bincount(codes, minlength=levels)
    sums = np.bincount(codes, weights=outcome, minlength=levels)
    return np.where(rows > 0, sums / np.maximum(rows, 1), usual)
