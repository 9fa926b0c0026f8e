"""How differently the values of a column are distributed than they were in training: the population stability
index.

PSI = sum over parts of (share now - share then) × ln(share now / share then); below 0.1 nothing, from 0.25 on
a lot. Parts are tenths of the training rows, or levels, with gaps as a part of their own.
"""

from typing import Any

import numpy as np

from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.encoding import known_as

_TENTHS = 10
_MOST_LEVELS = 50
# A part without rows would make the index infinite: it counts as half a row of those that are there, and as
# no less than this.
_LEAST_SHARE = 1e-4


def reference(columns: Columns) -> dict[str, Any]:
    """What is kept of the training rows: `{name: {edges, shares}}` or `{name: {levels, shares}}`; gaps come
    last.
    """
    kept: dict[str, Any] = {}
    for name, values in columns.numbers.items():
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, np.arange(1, _TENTHS) / _TENTHS)) if len(known) else np.zeros(0)
        kept[name] = {"edges": [float(edge) for edge in edges], "shares": _of_numbers(values, edges)}
    for name, column in columns.categories.items():
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        common = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
        levels = [column.levels[code] for code in sorted(common) if counts[code]]
        kept[name] = {"levels": levels, "shares": _of_levels(column.codes, column.levels, levels)}
    return kept


def psi(kept: dict[str, Any], columns: Columns) -> dict[str, float]:
    """By feature, against what `reference` kept."""
    found = {}
    for name, then in kept.items():
        if "edges" in then:
            now = _of_numbers(columns.numbers[name], np.array(then["edges"]))
        else:
            column = columns.categories[name]
            now = _of_levels(column.codes, column.levels, then["levels"])
        least = max(_LEAST_SHARE, 0.5 / max(columns.rows, 1))
        ours, theirs = (np.maximum(np.array(each), least) for each in (now, then["shares"]))
        found[name] = float(((ours - theirs) * np.log(ours / theirs)).sum())
    return found


def _of_numbers(values: np.ndarray, edges: np.ndarray) -> list[float]:
    gaps = np.isnan(values)
    parts = np.searchsorted(edges, values[~gaps], side="right")
    counts = np.append(np.bincount(parts, minlength=len(edges) + 1), gaps.sum())
    return _shares(counts)


def _of_levels(codes: np.ndarray, levels: list[str], kept: list[str]) -> list[float]:
    """Shares of the kept levels, of all others together, and of gaps."""
    place = {level: number for number, level in enumerate(kept)}
    places = np.array([*(known_as(place, level, len(kept)) for level in levels), len(kept) + 1])
    return _shares(np.bincount(places[codes], minlength=len(kept) + 2))


def _shares(counts: np.ndarray) -> list[float]:
    total = max(int(counts.sum()), 1)
    return [float(count) / total for count in counts]
