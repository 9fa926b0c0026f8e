"""A row years from all others of its series is found; a series that is only thin is left alone."""

import numpy as np

from sevenfold_jobs.common.lone import lone_rows

DAYS = np.arange(20_000, 20_400)


def lone(*series: np.ndarray) -> list[int]:
    codes = np.concatenate([np.full(len(days), code) for code, days in enumerate(series)])
    days = np.concatenate(series)
    return days[lone_rows(codes, days)].tolist()


def test_a_mistyped_year_is_found_before_after_and_between():
    assert lone(np.append(DAYS, 16_000)) == [16_000]
    assert lone(np.concatenate([DAYS, [24_000]])) == [24_000]
    assert lone(np.concatenate([DAYS, [22_000], DAYS + 4_000])) == [22_000]


def test_each_series_is_looked_at_by_itself():
    assert lone(DAYS, np.append(DAYS[:10] - 5_000, 19_999)) == [19_999]


def test_a_piece_of_a_series_a_short_one_and_a_yearly_one_are_not_lone():
    assert lone(np.concatenate([DAYS, DAYS[:4] - 4_000])) == []
    assert lone(np.array([1, 20_000])) == []
    assert lone(np.arange(0, 20_000, 365)) == []
    assert lone(np.arange(0, 20_000, 500)) == []
    assert lone(np.array([], np.int64)) == []
