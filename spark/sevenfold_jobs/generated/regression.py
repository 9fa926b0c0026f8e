"""A numeric target by the hourly features of the time series."""

import pyarrow as pa

from sevenfold_jobs.generated import components
from sevenfold_jobs.generated.labelled import hourly, label
from sevenfold_jobs.generated.time_series import scored

_CENTRE, _SCALE, _NOISE = 100.0, 20.0, 5.0


def regression(rows: int = 300_000, features: int = 100, seed: int = 42) -> pa.Table:
    """`date`, `feature_0` …, `target`: 100 + 20 x the score of the time series + normal noise of deviation 5.

    Raises InvalidInput for fewer than 100 rows or 10 features.
    """
    X, score, random = scored(rows, features, seed)
    target = _CENTRE + _SCALE * score + _NOISE * random.standard_normal(rows)
    return label(hourly(X, target), "regression", seed, components.of_columns(features))
