"""What a fit will hold, before it is started: against the memory there is.

The constants were measured with LightGBM 4.7 on one thread: parameter sets 1, 14, 27 and 40 of the grid on
16,000 rows and set 1 on 60,000 and 240,000 rows, 100 columns each.
"""

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


def estimate_mb(rows: int, columns: int, params: Mapping[str, Any]) -> float:
    """Peak megabytes of the process of one fit. `rows`: of training and test together."""
    leaves = parameters.most_leaves(params, rows)
    histograms = leaves * columns * (params.get("max_bin", _DEFAULT_BINS) + 1) * _BYTES_A_BIN / _MB
    pool = float(params.get("histogram_pool_size", -1))
    if pool > 0:
        histograms = min(histograms, pool)
    trees = _trees(params) * leaves * _BYTES_A_LEAF / _MB
    return _PROCESS_MB + histograms + trees + rows * columns * _BYTES_A_VALUE / _MB


def _trees(params: Mapping[str, Any]) -> int:
    most = int(params.get("num_iterations", _DEFAULT_TREES))
    return min(most, _ASSUMED_TREES) if params.get("early_stopping_rounds", 0) else most
