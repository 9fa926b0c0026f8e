"""What a model goes by: columns shuffled, contributions to the score of each row, and the shape of an
effect.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.metrics import row_losses
from sevenfold_jobs.training.model_files import Member, StoredModel

_REPEATS = 3
_POINTS = 20
_MOST_LEVELS = 12
# The mean effect over so many rows is drawn.
_MOST_ROWS = 1_000


def sources(model: StoredModel) -> dict[str, list[str]]:
    """Features by the column of the file that they are read from."""
    found: dict[str, list[str]] = defaultdict(list)
    for feature in model.features:
        found[feature.source].append(feature.name)
    return dict(found)


def permutation(
    model: StoredModel, columns: Columns, y: np.ndarray, seed: int, repeats: int = _REPEATS
) -> dict[str, dict[str, float]]:
    """`{column: {mean, deviation}}`: by how much the mean loss (log loss, squared error) grows when the
    column's values are dealt to other rows; all features of a column together."""
    before = float(row_losses(model.task, y, model.predict(columns)).mean())
    found = {}
    for place, (source, names) in enumerate(sources(model).items()):
        losses = []
        for repeat in range(repeats):
            order = np.random.default_rng([seed, place, repeat]).permutation(columns.rows)
            losses.append(
                float(row_losses(model.task, y, model.predict(_shuffled(columns, names, order))).mean())
            )
        found[source] = {"mean": float(np.mean(losses)) - before, "deviation": float(np.std(losses))}
    return found


def contributions(model: StoredModel, columns: Columns) -> dict[str, np.ndarray] | None:
    """`{column: (rows, outputs)}` to the raw score, weighted over the members.

    None where a member has none, or where a forest's shares and another's log odds would be added up.
    """
    units = {model.task == "classification" and each.model == "random_forest" for each in model.members}
    if len(units) > 1:
        return None
    source_of = {feature.name: feature.source for feature in model.features}
    total: dict[str, Any] = dict.fromkeys(sources(model), 0.0)
    for member in model.members:
        X = member.encoder.transform(columns)
        parts = member_contributions(member, X)
        if parts is None:
            return None
        for place, feature in enumerate(member.encoder.features):
            source = source_of[feature["of"]]
            total[source] = total[source] + member.weight * parts[:, :, place]
    zero = np.zeros((columns.rows, 1))
    return {source: values if isinstance(values, np.ndarray) else zero for source, values in total.items()}


def member_contributions(member: Member, X: np.ndarray) -> np.ndarray | None:
    """(rows, outputs, columns + 1), the last being the same for every row: they add up to the raw score."""
    fitted: Any = member.fitted
    if hasattr(fitted, "contributions"):
        return fitted.contributions(X)
    if hasattr(fitted, "coefficients"):
        parts = X[:, None, :] * fitted.coefficients[None, :, :]
        intercepts = np.broadcast_to(fitted.intercepts[None, :, None], (*parts.shape[:2], 1))
        return np.concatenate((parts, intercepts), axis=2)
    if member.model == "baseline":
        return np.zeros((len(X), 1, X.shape[1] + 1))
    return None


def dependence(model: StoredModel, columns: Columns, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    """`{column: [{value, mean}]}`: the mean prediction were the column's value the same in all rows; of two
    classes the probability of the second, of more the largest class's. Columns that became several features
    have none.
    """
    rows = np.arange(0, columns.rows, max(1, columns.rows // _MOST_ROWS))
    some = columns.take(rows)
    predicted = model.predict(some)
    shown = 1 if model.classes and len(model.classes) == 2 else None
    if shown is None and model.classes:
        shown = int(predicted.sum(axis=0).argmax())
    found = {}
    for name in names:
        features = sources(model)[name]
        if len(features) != 1:
            continue
        found[name] = [
            {"value": value, "mean": _mean(model, _with(some, features[0], value), shown)}
            for value in _values(columns, features[0])
        ]
    return found


def _mean(model: StoredModel, columns: Columns, shown: int | None) -> float:
    predicted = model.predict(columns)
    return float((predicted if shown is None else predicted[:, shown]).mean())


def _values(columns: Columns, name: str) -> list[Any]:
    if name in columns.numbers:
        known = columns.numbers[name][~np.isnan(columns.numbers[name])]
        if len(known) == 0:
            return []
        return [float(each) for each in np.unique(np.quantile(known, np.linspace(0.02, 0.98, _POINTS)))]
    column = columns.categories[name]
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    return [column.levels[code] for code in np.argsort(-counts, kind="stable")[:_MOST_LEVELS] if counts[code]]


def _with(columns: Columns, name: str, value: Any) -> Columns:
    if name in columns.numbers:
        return Columns(
            columns.rows, {**columns.numbers, name: np.full(columns.rows, float(value))}, columns.categories
        )
    from sevenfold_jobs.cv.columns import Categorical

    one = Categorical(np.zeros(columns.rows, np.int32), [value])
    return Columns(columns.rows, columns.numbers, {**columns.categories, name: one})


def _shuffled(columns: Columns, names: list[str], order: np.ndarray) -> Columns:
    return Columns(
        columns.rows,
        {name: values[order] if name in names else values for name, values in columns.numbers.items()},
        {
            name: column.take(order) if name in names else column
            for name, column in columns.categories.items()
        },
    )
