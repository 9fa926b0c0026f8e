"""Where a fold is scored."""

import numpy as np
import pytest

from sevenfold_jobs.survival.curves import censoring_curve
from sevenfold_jobs.survival.grid import horizons_for, time_grid

ALL = np.ones(1000, dtype=bool)
TIMES = np.linspace(1.0, 100.0, 1000)


def test_points_lie_between_the_percentiles_of_the_training_times() -> None:
    grid = time_grid(TIMES, ALL, np.array([0.5, 200.0]))
    low, high = np.percentile(TIMES, [5, 95])
    assert grid.points == pytest.approx(np.linspace(low, high, 50))
    assert grid.tau == grid.points[-1]


def test_points_keep_one_per_mille_of_the_range_away_from_the_ends_of_the_test_times() -> None:
    spaced = np.linspace(*np.percentile(TIMES, [5, 95]), 50)
    grid = time_grid(TIMES, ALL, np.array([spaced[3] - 0.098, spaced[40] + 0.1]))
    assert grid.points == pytest.approx(spaced[4:41])


def test_the_unit_of_time_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    train, test = rng.exponential(30, 500), rng.exponential(30, 100)
    event = rng.random(500) < 0.5
    months, years = time_grid(train, event, test), time_grid(train / 12, event, test / 12)
    assert years.points * 12 == pytest.approx(months.points)


def test_the_grid_ends_where_the_training_censoring_curve_falls_under_5_percent() -> None:
    rng = np.random.default_rng(2)
    time = np.concatenate((rng.uniform(1, 50, 990), np.linspace(50, 100, 110)))
    event = np.concatenate((rng.random(990) < 0.1, np.ones(110, dtype=bool)))
    # Nearly all are censored by 50; events up to 100 keep the 95th percentile beyond that.
    time[:950] = rng.uniform(1, 30, 950)
    event[:950] = False
    time[950:1090], event[950:1090] = 31.0, False
    grid = time_grid(time, event, rng.uniform(1, 100, 100))
    curve = censoring_curve(time, event)
    assert np.percentile(time, 95) >= 31.0 > grid.tau
    assert (curve.at(grid.points) >= 0.05).all()
    assert horizons_for([5, 40], grid) == [5.0]


def test_the_grid_is_spaced_anew_where_no_point_is_left() -> None:
    narrow = time_grid(TIMES, ALL, np.array([50.0, 50.5]))
    assert len(narrow.points) == 50
    assert (narrow.points[0], narrow.points[-1]) == (50.0, 50.5)
    outside = time_grid(TIMES, ALL, np.array([0.2, 0.6]))
    assert (outside.points[0], outside.points[-1]) == (0.2, 0.6)


def test_equal_test_times_leave_one_point() -> None:
    assert time_grid(TIMES, ALL, np.array([7.0, 7.0])).points.tolist() == [7.0]


def test_horizons_outside_the_supported_times_are_left_out() -> None:
    grid = time_grid(TIMES, ALL, np.array([4.0, 90.0]))
    assert horizons_for([3, 24, 6, 6, 89, 120], grid) == [6.0, 24.0, 89.0]
