"""Generalised linear models with a logarithmic link, by scikit-learn: counts, amounts, amounts with zeros.

`family`: poisson, gamma or tweedie (`power` between 1 and 2); left out, by the target: whole numbers are
counts, numbers above 0 amounts. `alpha` is the penalty on the squares of the coefficients.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.naming import known_name
from sevenfold_jobs.training.models.packed import pack, product, unpack

encoding = "linear"
FAMILIES = ("poisson", "gamma", "tweedie")
_POWERS = {"poisson": 1.0, "gamma": 2.0, "tweedie": 1.5}
_ALPHA = 1e-3
#: e to this is more than any target: a row far outside the training rows is no infinity.
MOST = 50.0


@dataclass(frozen=True)
class Glm:
    """`coefficients` (1, columns), `intercepts` (1,) of the mean's logarithm; `notes` has the family."""

    coefficients: np.ndarray
    intercepts: np.ndarray
    notes: list[str]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As `models.Fitted` has it."""
        scores = product(X, self.coefficients)[:, 0] + self.intercepts[0]
        return np.exp(np.minimum(scores, MOST))

    def parts(self) -> dict[str, bytes]:
        """As `models.Fitted` has it."""
        return pack({"notes": self.notes}, coefficients=self.coefficients, intercepts=self.intercepts)


def fit(
    X: np.ndarray,
    y: np.ndarray,
    task: str,
    classes: int,
    params: dict[str, Any],
    seed: int,
    categorical: list[int],
) -> Glm:
    """As `models.Model` has it. InvalidInput for a target that the family cannot have."""
    import warnings

    from sklearn.linear_model import TweedieRegressor

    family = params.get("family") or _family_of(y)
    known_name("Family of glm", family, FAMILIES)
    if y.min() < 0 or (family == "gamma" and y.min() == 0):
        least = "above 0" if family == "gamma" else "of at least 0"
        raise InvalidInput(f"The family {family} needs numbers {least}, and the target has {y.min():g}.")
    power = float(params.get("power", _POWERS[family])) if family == "tweedie" else _POWERS[family]
    model = TweedieRegressor(
        power=power, alpha=float(params.get("alpha", _ALPHA)), link="log", max_iter=1_000, tol=1e-6
    )
    notes = [f"family {family}"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    if any("converge" in str(each.message) for each in caught):
        notes.append("not converged after 1,000 steps")
    return Glm(np.array(model.coef_)[None, :], np.array([float(model.intercept_)]), notes)


def read(parts: dict[str, bytes]) -> Glm:
    """As `models.Model` has it."""
    about, arrays = unpack(parts)
    return Glm(arrays["coefficients"], arrays["intercepts"], about["notes"])


def _family_of(y: np.ndarray) -> str:
    if (y == np.round(y)).all():
        return "poisson"
    return "gamma" if y.min() > 0 else "tweedie"
