"""Figures are rounded by the job that writes them (docs/decisions/004-figures-are-doubles.md)."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np


def round_decimal(value: float, decimals: int, rule: str = ROUND_HALF_UP) -> float:
    """Rounds the shortest decimal text of the double, as a database rounds the literal it is sent.

    What is not finite stays as it is.
    """
    if not np.isfinite(value):
        return float(value)
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rule))


def round_half_away(values: np.ndarray, decimals: int) -> np.ndarray:
    """`round_decimal` of every value, half away from zero."""
    flat = [round_decimal(value, decimals) for value in np.asarray(values, float).ravel().tolist()]
    return np.array(flat, float).reshape(np.shape(values))
