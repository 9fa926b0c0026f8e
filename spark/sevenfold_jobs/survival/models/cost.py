"""What a fit will take, before it starts: CPU seconds to order and group fits, megabytes to fit them in.

Measured on 207,000 rows × 14 columns and 5,216 × 8 columns, one thread, fit and scores of a quarter as many
test rows on 50 times. Other machines differ by a factor that is much the same for all models.
"""

import math
from collections.abc import Mapping
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput

# A forked process with its libraries, before it reads anything.
_PROCESS_MB = 150.0
_GRID = 50


def work(name: str, params: Mapping[str, Any], rows: int, columns: int) -> float:
    """CPU seconds of a fit of `rows` training rows (n) × encoded columns, with its scores."""
    cells = float(rows) * max(columns, 1)
    return 0.02 + 1.4e-6 * rows + _fit(name, params, rows, columns, cells)


def _fit(name: str, params: Mapping[str, Any], rows: int, columns: int, cells: float) -> float:
    if name in ("cox_ph", "cox_stratified"):
        return 1.1e-7 * cells
    if name == "coxnet":
        return 0.02 + 1.15e-8 * cells * params["n_penalties"]
    if name == "weibull_aft":
        return 5.5e-8 * cells
    if name == "gbsa":
        return params["trees"] * (0.0015 + 4.5e-8 * cells * params["depth"] * params["subsample"])
    if name == "xgb_cox":
        share = params["row_sample"] * params["column_sample"]
        return 0.02 + params["rounds"] * 2.2e-9 * cells * params["depth"] * share
    if name == "lgb_cox":
        return 0.03 + params["rounds"] * (3e-4 + 8e-9 * cells)
    if name == "rsf":
        return params["trees"] * _survival_tree(params, rows, columns)
    raise InvalidInput(f'Model "{name}" has no estimate of its work.')


def _survival_tree(params: Mapping[str, Any], rows: int, columns: int) -> float:
    """Levels × candidates where values are binned; without bins its rule is quadratic in the rows."""
    features = min(params["features"] or columns, columns)
    levels = math.log2(max(rows / params["min_leaf"], 2.0))
    if params["depth"] is not None:
        levels = min(levels, params["depth"])
    # Nodes of few rows have fewer candidates than groups, hence the root of the rows.
    binned = rows * features * levels * 1.8e-7 * (rows / 2e5) ** 0.25
    if params["feature_bins"] is None:
        return binned + 6e-10 * float(rows) ** 2 * features
    return binned * params["feature_bins"] / 256


def estimate_mb(name: str, params: Mapping[str, Any], rows: int, columns: int, distinct_times: int) -> float:
    """Peak megabytes of the process of a fit, rather too many than too few.

    The training rows are held twice (sorted or binned), the test rows' survival on the grid three times, and
    curves of the baseline once; a survival forest adds its bootstrap rows.
    """
    numbers = 2.0 * columns + 16 + 3.0 * _GRID / 4
    total = _PROCESS_MB + (rows * numbers + 20.0 * distinct_times) * 8 / 1e6
    if name == "rsf":
        # A time's position and the event in 2 bytes, or 4; about 2 n / min_leaf nodes a tree.
        width = 2 if 2 * distinct_times <= 0xFFFF else 4
        nodes = 2.0 * rows / params["min_leaf"]
        if params["depth"] is not None:
            nodes = min(nodes, 2.0 ** (params["depth"] + 1))
        total += params["trees"] * (rows * width + nodes * 60) / 1e6 + rows * columns * 8 / 1e6
    return total
