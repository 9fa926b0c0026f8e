"""Figures of predictions on a test block."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

# Beyond it a logarithm says nothing but that a regression left [0, 1].
_CLIP = 1e-15


def of_classes(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[Any]) -> dict[str, Any]:
    """accuracy, precision, recall, f1, auc, log_loss and detail.classification_report.

    labels: (n,) class numbers. probabilities: (n,) of the second class where there are two, else (n, k).
    Two classes: precision, recall and F1 of the second, threshold 0.5. More: plain averages over classes,
    AUC one against the rest. A ratio without rows is 0; an AUC without both sides is None.
    """
    # Only who scores needs it: binning and the fit on all rows do not wait for it.
    from sklearn import metrics

    count = len(classes)
    if count == 2:
        predicted = (probabilities > 0.5).astype(np.int64)
        shares = np.column_stack((1 - probabilities, probabilities))
    else:
        predicted = probabilities.argmax(axis=1)
        shares = probabilities
    precision, recall, f1, rows = metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(count), zero_division=0.0
    )
    areas = [
        metrics.roc_auc_score(labels == number, shares[:, number])
        for number in ([1] if count == 2 else range(count))
        if 0 < np.count_nonzero(labels == number) < len(labels)
    ]
    own = np.clip(shares[np.arange(len(labels)), labels], _CLIP, 1 - _CLIP)
    averages = (
        (precision[1], recall[1], f1[1]) if count == 2 else (precision.mean(), recall.mean(), f1.mean())
    )
    return {
        "accuracy": float(np.mean(predicted == labels)),
        "precision": float(averages[0]),
        "recall": float(averages[1]),
        "f1": float(averages[2]),
        "auc": float(np.mean(areas)) if areas else None,
        "log_loss": float(-np.mean(np.log(own))),
        "detail": {
            "classification_report": {
                str(name): {
                    "precision": round(float(precision[number]), 6),
                    "recall": round(float(recall[number]), 6),
                    "f1": round(float(f1[number]), 6),
                    "rows": int(rows[number]),
                }
                for number, name in enumerate(classes)
            }
        },
    }


def of_numbers(target: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """rmse, mae and r2 of (n,) numbers; r2 is None where the target does not vary."""
    error = target - predicted
    spread = float(np.sum((target - target.mean()) ** 2))
    return {
        "rmse": math.sqrt(float(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
        "r2": 1 - float(np.sum(error**2)) / spread if spread > 0 else None,
        "detail": {},
    }
