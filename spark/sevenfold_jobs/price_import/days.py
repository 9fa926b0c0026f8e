"""Days as whole numbers: those since 1970-01-01, as NumPy and Arrow count them, int64."""

import numpy as np
import pyarrow as pa

_THURSDAY = 3  # 1970-01-01, where Monday is 0


def as_text(day: int) -> str:
    """YYYY-MM-DD."""
    return str(np.datetime64(int(day), "D"))


def is_weekend(days: np.ndarray) -> np.ndarray:
    """Saturdays and Sundays."""
    return (days + _THURSDAY) % 7 >= 5


def as_dates(days: np.ndarray, empty: np.ndarray | None = None) -> pa.Array:
    """Arrow's date32; null where `empty`."""
    return pa.array(days.astype(np.int32), pa.int32(), mask=empty).view(pa.date32())
