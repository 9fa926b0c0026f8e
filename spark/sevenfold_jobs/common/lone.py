"""Days that stand alone, years from all others of their series: most often a year that was mistyped."""

import numpy as np

#: Longer than the year between two figures of a yearly series.
YEARS_APART = 400
#: More rows than this are a piece of the series, and no slip of the pen.
_MOST_LONE_ROWS = 3
_FEWEST_ROWS = 5


def lone_rows(series: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Positions of rows that are more than 400 days from all but two others of their series, in order.

    `series` (codes) and `days` (numbered) have shape (n,). Nothing is said of a series of fewer than five
    rows, nor of one that has no part larger than what stands alone.
    """
    if len(days) == 0:
        return np.array([], np.int64)
    order = np.lexsort((days, series))
    code, day = series[order], days[order]
    starts = np.ones(len(day), bool)
    starts[1:] = (code[1:] != code[:-1]) | (day[1:] - day[:-1] > YEARS_APART)
    piece = np.cumsum(starts) - 1
    rows_of_piece = np.bincount(piece)
    _, series_number = np.unique(code, return_inverse=True)
    rows_of_series = np.bincount(series_number)
    largest = np.zeros(len(rows_of_series), np.int64)
    np.maximum.at(largest, series_number, rows_of_piece[piece])
    lone = (
        (rows_of_piece[piece] <= _MOST_LONE_ROWS)
        & (rows_of_piece[piece] < largest[series_number])
        & (rows_of_series[series_number] >= _FEWEST_ROWS)
    )
    return np.sort(order[lone])
