"""Figures of predictions, as scikit-learn computes them, and what a page draws of them."""

import json
import math
from typing import Any

import numpy as np

from sevenfold_jobs.common.resources import text_of

#: {name: {tasks, higherIsBetter, title}}
METRICS: dict[str, dict[str, Any]] = json.loads(text_of("training/catalogue.json"))["metrics"]

# A probability of 0 would cost infinitely much; scikit-learn's bound.
_CLIP = float(np.finfo(np.float64).eps)
_RESAMPLES = 500
# Resampling so many rows is enough for an interval, and bounds the work.
_MOST_RESAMPLED = 20_000
_POINTS = 100
_TENTHS = 10


def higher_is_better(metric: str) -> bool:
    """Whether larger values of the metric, a name in METRICS, are better."""
    return bool(METRICS[metric]["higherIsBetter"])


def row_losses(task: str, y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(rows,) whose mean is the log loss, or the squared error."""
    if task == "classification":
        return -np.log(np.clip(predicted[np.arange(len(y)), y], _CLIP, 1 - _CLIP))
    return (y - predicted) ** 2


def figures(
    task: str, y: np.ndarray, predicted: np.ndarray, classes: list[str], threshold: float | None = None
) -> dict[str, float | None]:
    """By name. Two classes: of the second, precision, recall and F1 at `threshold` (0.5 where none is given);
    KS over all scores. More: plain averages over classes, AUC one against the rest. None where the rows
    cannot say it.
    """
    if task == "regression":
        error = y - predicted
        spread = float(((y - y.mean()) ** 2).sum())
        return {
            "rmse": math.sqrt(float((error**2).mean())),
            "mae": float(np.abs(error).mean()),
            "median_absolute_error": float(np.median(np.abs(error))),
            "r2": 1 - float((error**2).sum()) / spread if spread > 0 else None,
        }
    count = len(classes)
    decided = decide(predicted, threshold)
    found: dict[str, float | None] = {
        "log_loss": float(row_losses(task, y, predicted).mean()),
        "auc": auc(y, predicted),
        "accuracy": float((decided == y).mean()),
        **_rates(confusion_matrix(y, decided, count), count == 2),
    }
    if count == 2:
        found["ks"] = ks(y, predicted[:, 1])
        found["brier"] = float(((predicted[:, 1] - y) ** 2).mean())
    return found


def decide(predicted: np.ndarray, threshold: float | None) -> np.ndarray:
    """(rows,) codes: of two classes the second from the threshold on, else the most probable."""
    if predicted.shape[1] == 2:
        return (predicted[:, 1] >= (0.5 if threshold is None else threshold)).astype(np.int64)
    return predicted.argmax(axis=1)


def auc(y: np.ndarray, predicted: np.ndarray) -> float | None:
    """Area under the ROC; of more than two classes the mean of each against the rest. None without both
    sides.
    """
    count = predicted.shape[1]
    areas = []
    for code in [1] if count == 2 else range(count):
        positive = y == code
        inside, outside = int(positive.sum()), int((~positive).sum())
        if inside and outside:
            ranks = _ranks(predicted[:, code])
            areas.append((ranks[positive].sum() - inside * (inside + 1) / 2) / (inside * outside))
    return float(np.mean(areas)) if areas else None


def ks(y: np.ndarray, score: np.ndarray) -> float | None:
    """The largest distance between the distributions of the score in the two classes, over all scores."""
    positive = y == 1
    if not positive.any() or positive.all():
        return None
    order = np.argsort(score, kind="stable")
    inside = np.cumsum(positive[order]) / positive.sum()
    outside = np.cumsum(~positive[order]) / (~positive).sum()
    # Equal scores cannot be separated.
    last = np.append(np.diff(score[order]) > 0, True)
    return float(np.abs(inside - outside)[last].max())


def confusion_matrix(y: np.ndarray, decided: np.ndarray, classes: int) -> np.ndarray:
    """(actual, decided) rows."""
    return np.bincount(y * classes + decided, minlength=classes * classes).reshape(classes, classes)


def value_of(
    metric: str, task: str, y: np.ndarray, predicted: np.ndarray, classes: list[str]
) -> float | None:
    """One figure, without the others where it can be had alone."""
    if metric == "log_loss":
        return float(row_losses(task, y, predicted).mean())
    if metric == "auc":
        return auc(y, predicted)
    if metric == "ks":
        return ks(y, predicted[:, 1]) if len(classes) == 2 else None
    if metric == "rmse":
        return math.sqrt(float(((y - predicted) ** 2).mean()))
    if metric == "mae":
        return float(np.abs(y - predicted).mean())
    return figures(task, y, predicted, classes).get(metric)


def intervals(
    task: str, y: np.ndarray, predicted: np.ndarray, classes: list[str], seed: int
) -> dict[str, list[float]]:
    """{name: [low, high]}: the middle 95 % of the figure over rows drawn with replacement, seeded.

    More than 20,000 rows: so many are drawn, and the width shrinks by the root of the share.
    """
    names = ["rmse", "mae"] if task == "regression" else ["log_loss", "auc", "accuracy"]
    if len(classes) == 2:
        names.append("ks")
    rows, draws = len(y), np.random.default_rng(seed)
    size = min(rows, _MOST_RESAMPLED)
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(_RESAMPLES if rows <= 5_000 else _RESAMPLES // 5):
        drawn = draws.integers(0, rows, size)
        for name in names:
            value = value_of(name, task, y[drawn], predicted[drawn], classes)
            if value is not None:
                found[name].append(value)
    whole = {name: value_of(name, task, y, predicted, classes) for name in names}
    share = math.sqrt(size / rows)
    bounds = {}
    for name, values in found.items():
        middle = whole[name]
        if values and middle is not None:
            low, high = np.quantile(values, (0.025, 0.975))
            bounds[name] = [middle + (low - middle) * share, middle + (high - middle) * share]
    return {name: [float(low), float(high)] for name, (low, high) in bounds.items()}


def threshold(y: np.ndarray, score: np.ndarray, rule: str | dict[str, float]) -> float:
    """From which probability on a row counts as positive: `half`, the best `f1`, or what costs least
    (`{falsePositive, falseNegative}`). Only values between scores that occur are looked at."""
    if rule == "half":
        return 0.5
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(y[order] == 1)
    wrong = np.arange(1, len(y) + 1) - found
    last = np.append(np.diff(-score[order]) > 0, True)
    positives = int((y == 1).sum())
    if rule == "f1":
        worth = 2 * found / np.maximum(found + wrong + positives, 1)
    else:
        assert isinstance(rule, dict)
        worth = -(rule["falsePositive"] * wrong + rule["falseNegative"] * (positives - found))
    best = int(np.argmax(np.where(last, worth, -np.inf)))
    at = float(score[order][best])
    below = score[order][best + 1] if best + 1 < len(y) else 0.0
    return (at + float(below)) / 2


def details(
    task: str, y: np.ndarray, predicted: np.ndarray, classes: list[str], cut: float | None
) -> dict[str, Any]:
    """What a page draws: curves of at most 100 points, deciles, calibration, confusion; or residuals."""
    if task == "regression":
        return _residuals(y, predicted)
    count = len(classes)
    matrix = confusion_matrix(y, decide(predicted, cut), count)
    found: dict[str, Any] = {
        "confusion": {"threshold": 0.5 if cut is None else cut, "classes": classes, "rows": matrix.tolist()},
        "byClass": _by_class(matrix, classes),
    }
    if count == 2 and 0 < int((y == 1).sum()) < len(y):
        score = predicted[:, 1]
        found |= {
            "roc": roc(y, score),
            "precisionRecall": precision_recall(y, score),
            "deciles": deciles(y, score),
            "calibration": calibration(y, score),
        }
    return found


def roc(y: np.ndarray, score: np.ndarray) -> list[list[float]]:
    """[[false positive rate, true positive rate], …] from (0, 0) to (1, 1)."""
    found, wrong, _ = _at_scores(y, score)
    points = np.column_stack((np.append(0, wrong / wrong[-1]), np.append(0, found / found[-1])))
    return _thinned(points)


def precision_recall(y: np.ndarray, score: np.ndarray) -> list[list[float]]:
    """[[recall, precision], …] by falling threshold."""
    found, wrong, _ = _at_scores(y, score)
    return _thinned(np.column_stack((found / found[-1], found / (found + wrong))))


def deciles(y: np.ndarray, score: np.ndarray) -> list[dict[str, float]]:
    """Rows by falling score in ten parts: `{decile, rows, positives, rate, lift, captured, ks}`; `captured`
    and `ks` are those of all rows down to the end of the part."""
    order = np.argsort(-score, kind="stable")
    positives, rate = int((y == 1).sum()), float((y == 1).mean())
    table, seen, caught = [], 0, 0
    for number, rows in enumerate(np.array_split(order, _TENTHS), 1):
        if len(rows) == 0:
            continue
        mine = int((y[rows] == 1).sum())
        seen, caught = seen + len(rows), caught + mine
        others = (seen - caught) / max(len(y) - positives, 1)
        table.append(
            {
                "decile": number,
                "rows": len(rows),
                "positives": mine,
                "rate": mine / len(rows),
                "lift": mine / len(rows) / rate,
                "captured": caught / positives,
                "ks": caught / positives - others,
            }
        )
    return table


def calibration(y: np.ndarray, score: np.ndarray) -> list[dict[str, float]]:
    """Rows by rising score in ten parts: `{rows, predicted, observed}`, means."""
    order = np.argsort(score, kind="stable")
    return [
        {"rows": len(rows), "predicted": float(score[rows].mean()), "observed": float((y[rows] == 1).mean())}
        for rows in np.array_split(order, min(_TENTHS, len(order)))
    ]


def _at_scores(y: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(-score[order]) > 0, True)
    found = np.cumsum(y[order] == 1)
    wrong = np.arange(1, len(y) + 1) - found
    return found[last].astype(float), wrong[last].astype(float), score[order][last]


def _thinned(points: np.ndarray) -> list[list[float]]:
    places = np.unique(np.linspace(0, len(points) - 1, _POINTS).round().astype(int))
    return [[round(float(x), 5), round(float(each), 5)] for x, each in points[places]]


def _residuals(y: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    error = y - predicted
    counts, edges = np.histogram(error, bins=40)
    order = np.argsort(predicted, kind="stable")
    step = max(1, len(y) // 400)
    return {
        "residuals": {"edges": [float(each) for each in edges], "rows": counts.tolist()},
        "calibration": [
            {"rows": len(rows), "predicted": float(predicted[rows].mean()), "observed": float(y[rows].mean())}
            for rows in np.array_split(order, min(_TENTHS, len(order)))
        ],
        "scatter": [[float(predicted[row]), float(y[row])] for row in order[::step]],
    }


def _rates(matrix: np.ndarray, two: bool) -> dict[str, float | None]:
    """precision, recall, f1 and balanced accuracy; a ratio without rows is 0."""
    right, decided, actual = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = right / np.maximum(decided, 1)
    recall = right / np.maximum(actual, 1)
    both = np.maximum(decided + actual, 1)
    f1 = 2 * right / both
    there = actual > 0
    balanced = float(recall[there].mean())
    if two:
        values = (precision[1], recall[1], f1[1])
    else:
        # Average over the classes that occur, among the actual or the decided.
        some = (actual > 0) | (decided > 0)
        values = (precision[some].mean(), recall[some].mean(), f1[some].mean())
    names = ("precision", "recall", "f1")
    return {name: float(value) for name, value in zip(names, values, strict=True)} | {
        "balanced_accuracy": balanced
    }


def _by_class(matrix: np.ndarray, classes: list[str]) -> list[dict[str, Any]]:
    right, decided, actual = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    return [
        {
            "name": name,
            "rows": int(actual[code]),
            "precision": float(right[code] / max(decided[code], 1)),
            "recall": float(right[code] / max(actual[code], 1)),
        }
        for code, name in enumerate(classes)
    ]


def _ranks(values: np.ndarray) -> np.ndarray:
    """From 1, equal values sharing the mean of theirs."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[codes.reshape(-1)]
