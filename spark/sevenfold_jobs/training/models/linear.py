"""Logistic and ridge regression, with the penalty that does best on inner folds.

The penalty is chosen by log loss or squared error over folds of the training rows, on one path from strong to
weak; `penalty` fixes it. `l1_ratio` above 0 mixes in the sum of absolute coefficients (elastic net).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sevenfold_jobs.cv.splits import stratified, tenths
from sevenfold_jobs.training.models.packed import pack, product, unpack

encoding = "linear"

#: 1/C of scikit-learn, a row: from strong to weak.
PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)
_INNER_FOLDS = 4
# So few rows say little by four folds: ten choose better (docs/decisions/057).
_FEW_ROWS, _INNER_FOLDS_OF_FEW = 2_000, 10
#: More rows choose no other penalty, and take long.
MOST_ROWS_TO_CHOOSE = 20_000
_ITERATIONS = 500


@dataclass(frozen=True)
class Linear:
    """`coefficients` (outputs, columns), `intercepts` (outputs,); two classes have one output."""

    coefficients: np.ndarray
    intercepts: np.ndarray
    of_classes: bool
    notes: list[str] = field(default_factory=list)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """(rows, outputs): log odds, or the value itself."""
        return product(X, self.coefficients) + self.intercepts

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        scores = self.scores(X)
        if not self.of_classes:
            return scores[:, 0]
        if scores.shape[1] == 1:
            positive = 1 / (1 + np.exp(-np.clip(scores[:, 0], -700, 700)))
            return np.column_stack((1 - positive, positive))
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        about = {"of_classes": self.of_classes, "notes": self.notes}
        return pack(about, coefficients=self.coefficients, intercepts=self.intercepts)


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Linear:
    """As `models.Model` has it."""
    of_classes = task == "classification"
    penalty = params.get("penalty")
    if penalty is None:
        penalty = chosen_penalty(X, y, of_classes, classes, params, seed)
    fitted = _fit(X, y, of_classes, classes, penalty, params, seed)
    fitted.notes.append(f"penalty {penalty:g}")
    return fitted


def read(parts: dict[str, bytes]) -> Linear:
    """As `models.Model` has it."""
    about, arrays = unpack(parts)
    return Linear(arrays["coefficients"], arrays["intercepts"], about["of_classes"], about["notes"])


def chosen_penalty(
    X: np.ndarray, y: np.ndarray, of_classes: bool, classes: int, params: dict[str, Any], seed: int
) -> float:
    """The one of PENALTIES that does best on inner folds of at most so many rows."""
    rows = np.arange(len(X))
    if len(rows) > MOST_ROWS_TO_CHOOSE:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS_TO_CHOOSE, replace=False))
    X, y = X[rows], y[rows]
    losses = np.zeros(len(PENALTIES))
    folds = _INNER_FOLDS_OF_FEW if len(rows) <= _FEW_ROWS else _INNER_FOLDS
    for fold in stratified(y if of_classes else tenths(y), folds, seed):
        if of_classes and len(np.unique(y[fold.train])) < classes:
            continue
        for place, penalty in enumerate(PENALTIES):
            predicted = _fit(
                X[fold.train], y[fold.train], of_classes, classes, penalty, params, seed
            ).predict(X[fold.test])
            losses[place] += _loss(y[fold.test], predicted, of_classes)
    return PENALTIES[int(np.argmin(losses))]


def _loss(y: np.ndarray, predicted: np.ndarray, of_classes: bool) -> float:
    if of_classes:
        return float(-np.log(np.clip(predicted[np.arange(len(y)), y], 1e-15, 1)).sum())
    return float(((y - predicted) ** 2).sum())


def _fit(
    X: np.ndarray,
    y: np.ndarray,
    of_classes: bool,
    classes: int,
    penalty: float,
    params: dict[str, Any],
    seed: int,
) -> Linear:
    mixed = float(params.get("l1_ratio", 0.0))
    if of_classes:
        return _fit_classes(X, y, classes, penalty, mixed, seed)
    return _fit_numbers(X, y, penalty, mixed, seed)


def _fit_classes(
    X: np.ndarray, y: np.ndarray, classes: int, penalty: float, mixed: float, seed: int
) -> Linear:
    from sklearn.linear_model import LogisticRegression

    # C is the inverse of the penalty on the sum over rows.
    strength = 1 / (penalty * len(X))
    if mixed > 0:
        model = LogisticRegression(
            C=strength, l1_ratio=mixed, solver="saga", max_iter=_ITERATIONS, random_state=seed, tol=1e-5
        )
    else:
        model = LogisticRegression(C=strength, max_iter=_ITERATIONS)
    notes: list[str] = []
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    if any("converge" in str(each.message) for each in caught):
        notes.append(f"not converged after {_ITERATIONS} steps")
    present = model.classes_
    coefficients, intercepts = model.coef_, model.intercept_
    if classes > 2 and len(present) < classes:
        raise ValueError(f"its rows have {len(present)} of {classes} classes")
    # In C order: sums over a row depend on how its neighbours lie.
    return Linear(np.ascontiguousarray(coefficients), np.ascontiguousarray(intercepts), True, notes)


def _fit_numbers(X: np.ndarray, y: np.ndarray, penalty: float, mixed: float, seed: int) -> Linear:
    mean, deviation = float(y.mean()), float(y.std()) or 1.0
    scaled = (y - mean) / deviation
    if mixed > 0:
        from sklearn.linear_model import ElasticNet

        model = ElasticNet(alpha=penalty, l1_ratio=mixed, max_iter=10_000, random_state=seed)
        model.fit(X, scaled)
        weights, intercept = model.coef_, float(model.intercept_)
    else:
        # Normal equations: a column a feature, so they are small whatever the rows.
        centre = X.mean(axis=0)
        centred = X - centre
        gram = centred.T @ centred
        gram[np.diag_indices_from(gram)] += penalty * len(X)
        weights = np.linalg.solve(gram, centred.T @ (scaled - scaled.mean()))
        intercept = float(scaled.mean() - centre @ weights)
    return Linear((weights * deviation)[None, :], np.array([intercept * deviation + mean]), False)
