"""What a fit will cost, before it is started: for its place in the queue and against the memory there is."""

from collections.abc import Mapping
from typing import Any

from sevenfold_jobs.boosting import parameters

_DEFAULT_BINS = 255
_BYTES_A_BIN = 16
# Python, numpy and LightGBM themselves.
_PROCESS_MB = 220.0
_MB = 1024.0 * 1024.0
_DEFAULT_TREES = 100


def estimate_mb(rows: int, columns: int, params: Mapping[str, Any]) -> float:
    """Peak megabytes of the process of one fit. `rows`: of training and test together."""
    leaves = parameters.most_leaves(params, rows)
    histograms = leaves * columns * (params.get("max_bin", _DEFAULT_BINS) + 1) * _BYTES_A_BIN / _MB
    pool = float(params.get("histogram_pool_size", -1))
    if pool > 0:
        histograms = min(histograms, pool)
    # A byte a value binned, eight a value of the test block, which is at most as large as the rest.
    data = rows * columns * (1 + 8 / 2) / _MB
    return _PROCESS_MB + histograms + data


def work(rows: int, columns: int, params: Mapping[str, Any], trees: int | None = None) -> float:
    """CPU seconds of one fit on one thread, roughly."""
    trees = trees or params.get("num_iterations", _DEFAULT_TREES)
    leaves = parameters.most_leaves(params, rows)
    share = columns * params.get("feature_fraction", 1.0)
    bins = params.get("max_bin", _DEFAULT_BINS)
    return trees * (rows * share * 2e-8 + leaves * share * bins * 4e-9 + 1e-3)
