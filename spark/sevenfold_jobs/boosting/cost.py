"""What a fit will cost, before it is started: for its place in the queue and against the memory there is.

The constants were measured with LightGBM 4.7 on one thread: parameter sets 1, 14, 27 and 40 of the grid on
16,000 rows and set 1 on 60,000 and 240,000 rows, 100 columns each.
"""

import math
from collections.abc import Mapping
from typing import Any

from sevenfold_jobs.boosting import parameters

_DEFAULT_BINS = 255
_DEFAULT_TREES = 100
_MB = 1024.0 * 1024.0

# How many trees there will be where training stops by itself; between 1,000 and 10,000 were seen.
_ASSUMED_TREES = 3000

# Python, NumPy, scikit-learn and LightGBM.
_PROCESS_MB = 200.0
_BYTES_A_BIN = 16
# A tree keeps its arrays as long as the most leaves it could have had.
_BYTES_A_LEAF = 81
# Two of the binned training rows and, a quarter as many, eight of the test block.
_BYTES_A_VALUE = 4

_SECONDS_A_TREE = 6e-4
_SECONDS_A_LEAF = 1.2e-5
_SECONDS_A_BIN = 1e-9
_SECONDS_A_ROW_AND_LEVEL = 1.0e-8
_SECONDS_A_VALUE_AND_LEVEL = 1.5e-10
# All of the test block passes through all trees that count.
_SECONDS_A_ROW_SCORED = 2e-8


def estimate_mb(rows: int, columns: int, params: Mapping[str, Any]) -> float:
    """Peak megabytes of the process of one fit. `rows`: of training and test together."""
    leaves = parameters.most_leaves(params, rows)
    histograms = leaves * columns * (params.get("max_bin", _DEFAULT_BINS) + 1) * _BYTES_A_BIN / _MB
    pool = float(params.get("histogram_pool_size", -1))
    if pool > 0:
        histograms = min(histograms, pool)
    trees = _trees(params) * leaves * _BYTES_A_LEAF / _MB
    return _PROCESS_MB + histograms + trees + rows * columns * _BYTES_A_VALUE / _MB


def work(rows: int, columns: int, params: Mapping[str, Any], trees: int | None = None) -> float:
    """CPU seconds of one fit on one thread, within a factor of two or so. `rows`: of training and test.

    How many leaves a tree has depends on the data; a penalty on their weights (lambda_l1) is what makes
    them few.
    """
    used = max(1.0, columns * params.get("feature_fraction", 1.0))
    most = parameters.most_leaves(params, rows)
    leaves = max(2.0, 0.45 * most / (1 + 0.45 * params.get("lambda_l1", 0.0)))
    a_tree = (
        _SECONDS_A_TREE
        + leaves * (_SECONDS_A_LEAF + used * params.get("max_bin", _DEFAULT_BINS) * _SECONDS_A_BIN)
        + rows * math.log2(leaves) * (_SECONDS_A_ROW_AND_LEVEL + used * _SECONDS_A_VALUE_AND_LEVEL)
        + rows * _SECONDS_A_ROW_SCORED
    )
    return (trees or _trees(params)) * a_tree


def _trees(params: Mapping[str, Any]) -> int:
    most = int(params.get("num_iterations", _DEFAULT_TREES))
    return min(most, _ASSUMED_TREES) if params.get("early_stopping_rounds", 0) else most
