"""What was observed ends with the follow-up of those it was observed of."""

import numpy as np
import pytest

from sevenfold_jobs.survival.curves import observed_survival
from sevenfold_jobs.survival.grid import time_grid
from sevenfold_jobs.survival.metrics import evaluate, pairs_to_compare

TIME, EVENT = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False])


def test_nothing_is_observed_beyond_the_last_row() -> None:
    seen = observed_survival(TIME, EVENT, np.array([0.5, 3.0, 4.0, 4.1]))
    assert seen[:3].tolist() == pytest.approx([1.0, 0.375, 0.375])
    assert np.isnan(seen[3])


def test_a_curve_that_has_reached_0_stays_there() -> None:
    assert observed_survival(TIME, np.ones(4, bool), np.array([4.0, 9.0])).tolist() == [0.0, 0.0]


def test_a_group_followed_for_less_than_the_horizon_has_nothing_observed() -> None:
    rng = np.random.default_rng(1)
    # Those of low risk were followed for 10, the others for 100.
    late = np.repeat([True, False], 100)
    time = np.where(late, rng.uniform(1, 100, 200), rng.uniform(1, 10, 200))
    event = rng.random(200) < np.where(late, 0.6, 0.1)
    grid = time_grid(time, event, time)
    horizon = float(grid.tau)
    survival = np.repeat(np.where(late, 0.3, 0.9)[:, None], len(grid.points), axis=1)
    strata = late.astype(np.int32)
    detail = evaluate(
        time, event, time, event, -survival[:, 0], survival, grid, [5.0, horizon], strata, ["short", "long"]
    )["detail"]
    early, last = detail["horizons"]
    assert all(group["observed"] is not None for group in early["calibration"])
    assert [group["observed"] is None for group in last["calibration"]] == [False] * 5 + [True] * 5
    assert last["observed"] is not None
    curves = {each["stratum"]: each["km"] for each in detail["strata"]}
    assert curves["short"][-1] is None
    assert curves["long"][-1] is not None


def test_times_keep_their_digits_in_any_unit() -> None:
    for unit in (1e-12, 1.0, 1e12):
        grid = time_grid(TIME * unit, EVENT, TIME * unit)
        detail = evaluate(
            TIME * unit,
            EVENT,
            TIME * unit,
            EVENT,
            -TIME,
            np.full((4, len(grid.points)), 0.5),
            grid,
            [2.5 * unit],
        )["detail"]
        assert detail["grid"] == pytest.approx(grid.points.tolist(), rel=1e-9)
        assert detail["tau"] == pytest.approx(grid.tau, rel=1e-9)
        assert [each["t"] for each in detail["horizons"]] == pytest.approx([2.5 * unit], rel=1e-9)


def test_pairs_count_what_a_truncated_c_rests_on() -> None:
    assert pairs_to_compare(TIME, EVENT, TIME, EVENT, 4.0) == 3 + 1
    assert pairs_to_compare(TIME, EVENT, TIME, EVENT, 3.0) == 3
    assert pairs_to_compare(TIME, EVENT, TIME, EVENT, 1.0) == 0
    assert pairs_to_compare(TIME, EVENT, np.array([1.0, 5.0]), np.array([False, True]), 9.0) == 0
