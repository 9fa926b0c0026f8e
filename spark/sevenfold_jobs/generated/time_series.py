"""Two classes by hourly features: a benchmark of cross-validation over time."""

import numpy as np
import pyarrow as pa
from scipy.signal import lfilter
from sklearn.datasets import make_classification

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.generated import components
from sevenfold_jobs.generated.labelled import hourly, label

FEWEST_FEATURES = 10
FEWEST_ROWS = 100

_INFORMATIVE, _REDUNDANT, _REPEATED = 0.20, 0.10, 0.05
_SEPARATION = 1.5
_SHARE_OF_CLASS_0 = 0.6
_LABEL_NOISE = 0.05

# Parts of the label's score, in deviations: what the row itself shows, the day before, and the slow level
# to which the past adds up.
_OWN, _DAY_BEFORE, _LEVEL = 1.0, 0.5, 1.0
_HOURS_A_DAY = 24
# The level forgets within this share of the rows. A trend tells a tree roughly which rows are near in
# time: with folds drawn at random it reads the level off the neighbours, with folds in time it cannot.
_MEMORY = 1 / 30


def time_series(rows: int = 300_000, features: int = 100, seed: int = 42, parity: bool = False) -> pa.Table:
    """`date`, `feature_0` …, `target` (0 or 1), one row an hour.

    The base is scikit-learn's `make_classification`: of the features 20 % are informative, 10 % redundant,
    5 % repeated, the rest noise. Then every column gets its component of time (`components`).
    parity: labels as drawn with the clusters, before and without any time; else they depend on the row,
    on the day before it and on a slow level of all that came before, and 5 % of them are redrawn.

    Raises InvalidInput for fewer than 100 rows or 10 features.
    """
    if parity:
        check_size(rows, features)
        X, target = clusters(rows, features, seed, _LABEL_NOISE)
        components.add_originals(X)
    else:
        X, score, random = scored(rows, features, seed)
        target = (score > np.quantile(score, _SHARE_OF_CLASS_0)).astype(np.int64)
        redrawn = random.random(rows) < _LABEL_NOISE
        target[redrawn] = random.integers(0, 2, int(redrawn.sum()))
    table = hourly(X, target.astype(np.int8))
    return label(table, "timeseries", seed, components.of_columns(features), parity)


def scored(rows: int, features: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Features (rows, features) with their components, the score (rows,) that the target follows, and the
    random numbers that come next."""
    check_size(rows, features)
    X, group = clusters(rows, features, seed, 0.0)
    own = _direction(X, group)
    components.add(X)
    smooth = [number for number in range(features) if components.NAMES[number % 4] == "autocorrelation"]
    random = np.random.Generator(np.random.PCG64(seed))
    weights = random.choice((-1.0, 1.0), len(smooth))
    driver = _standard(X[:, smooth]) @ weights
    # The row's own values take no part in what it inherits.
    past = np.concatenate(([0.0], driver[:-1]))
    day = lfilter(np.full(_HOURS_A_DAY, 1 / _HOURS_A_DAY), [1.0], past)
    kept = 1 - 1 / max(_HOURS_A_DAY, rows * _MEMORY)
    level = lfilter([1 - kept], [1.0, -kept], past)
    score = _OWN * _standard(own) + _DAY_BEFORE * _standard(day) + _LEVEL * _standard(level)
    return X, score, random


def clusters(rows: int, features: int, seed: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian clusters of two classes, rows and columns shuffled: (rows, features) and (rows,)."""
    return make_classification(
        n_samples=rows,
        n_features=features,
        n_informative=int(_INFORMATIVE * features),
        n_redundant=int(_REDUNDANT * features),
        n_repeated=int(_REPEATED * features),
        n_classes=2,
        class_sep=_SEPARATION,
        flip_y=noise,
        weights=[_SHARE_OF_CLASS_0, 1 - _SHARE_OF_CLASS_0],
        shuffle=True,
        random_state=seed,
    )


def check_size(rows: int, features: int) -> None:
    """Raises InvalidInput, with the least there must be."""
    if rows < FEWEST_ROWS:
        raise InvalidInput(f"{rows} rows are too few: give at least {FEWEST_ROWS}")
    if features < FEWEST_FEATURES:
        raise InvalidInput(f"{features} features are too few: give at least {FEWEST_FEATURES}")


def _direction(X: np.ndarray, group: np.ndarray) -> np.ndarray:
    """How far a row lies towards class 1, with the class itself as half of it."""
    apart = X[group == 1].mean(axis=0) - X[group == 0].mean(axis=0)
    return _standard(X @ (apart / X.var(axis=0))) + _standard(group.astype(np.float64))


def _standard(x: np.ndarray) -> np.ndarray:
    deviation = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
