"""Figures are rounded by the job that writes them (docs/decisions/004-figures-are-doubles.md)."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np


def round_half_away(values: np.ndarray, decimals: int) -> np.ndarray:
    """Half away from zero on the shortest decimal text of each double, as SQL numeric rounds a literal."""
    step = Decimal(1).scaleb(-decimals)
    flat = [
        float(Decimal(repr(value)).quantize(step, ROUND_HALF_UP)) if np.isfinite(value) else value
        for value in np.asarray(values, float).ravel().tolist()
    ]
    return np.array(flat, float).reshape(np.shape(values))
