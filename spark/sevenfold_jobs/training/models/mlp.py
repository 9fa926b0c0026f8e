"""A neural network of a few layers (rectified linear units), by scikit-learn, kept as arrays.

From 500 rows on one training row in ten stops it (scikit-learn's early stopping), else the number of steps.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.training.models.packed import pack, product, unpack

encoding = "linear"
USUAL = {"width": 64, "layers": 1, "alpha": 1e-3, "learning_rate": 1e-3}
_STEPS = 200
_ROWS_TO_STOP = 500


@dataclass(frozen=True)
class Network:
    """`weights` (inputs, outputs) and `biases` (outputs,) by layer; `mean` and `deviation` of a number."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    classes: int
    mean: float
    deviation: float

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        values = X
        for place, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = product(values, weights.T) + biases
            if place < len(self.weights) - 1:
                values = np.maximum(values, 0)
        if self.classes == 0:
            return values[:, 0] * self.deviation + self.mean
        if self.classes == 2:
            positive = 1 / (1 + np.exp(-np.clip(values[:, 0], -700, 700)))
            return np.column_stack((1 - positive, positive))
        shares = np.exp(values - values.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        arrays = {f"weights{place}": each for place, each in enumerate(self.weights)}
        arrays |= {f"biases{place}": each for place, each in enumerate(self.biases)}
        about = {"classes": self.classes, "layers": len(self.weights)}
        return pack(about, scale=np.array([self.mean, self.deviation]), **arrays)


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Network:
    """As `models.Model` has it. ValueError where a class has no row."""
    import warnings

    from sklearn.neural_network import MLPClassifier, MLPRegressor

    own = USUAL | params
    kind = MLPClassifier if task == "classification" else MLPRegressor
    if task == "classification":
        mean, deviation, targets = 0.0, 1.0, y
        smallest = int(np.bincount(y, minlength=classes).min())
        if smallest == 0:
            raise ValueError("a class has no row among those that train")
    else:
        mean, deviation, classes, smallest = float(y.mean()), float(y.std()) or 1.0, 0, len(y)
        targets = (y - mean) / deviation
    model = kind(
        hidden_layer_sizes=(int(own["width"]),) * int(own["layers"]),
        alpha=own["alpha"],
        learning_rate_init=own["learning_rate"],
        max_iter=_STEPS,
        # Each class needs a row on either side.
        early_stopping=len(X) >= _ROWS_TO_STOP and smallest >= 20,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # That it could have gone on is what the number of steps is for.
        warnings.simplefilter("ignore")
        model.fit(X, targets)
    weights = [np.ascontiguousarray(each, np.float64) for each in model.coefs_]
    biases = [np.ascontiguousarray(each, np.float64) for each in model.intercepts_]
    return Network(weights, biases, classes, mean, deviation)


def read(parts: dict[str, bytes]) -> Network:
    """As `models.Model` has it."""
    about, arrays = unpack(parts)
    layers = range(about["layers"])
    mean, deviation = arrays["scale"].tolist()
    return Network(
        [arrays[f"weights{place}"] for place in layers],
        [arrays[f"biases{place}"] for place in layers],
        about["classes"],
        mean,
        deviation,
    )
