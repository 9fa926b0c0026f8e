"""Paths: the distribution that the rule states, and the same bytes for a date in any company."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from made_prices import day

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.paths import draw_paths

DRAWS = pytest.mark.parametrize("draw", ["bootstrap", "gaussian"])
# Skewed, with an outlier, as real ones.
POOL = np.append(np.random.default_rng(2).gamma(2, 1, 249), -25.0)
POOL -= POOL.mean()
POINTS = 60 + 0.25 * np.arange(1, 15)


def paths(count=2_000, points=POINTS, pool=POOL, seed=0, start="2020-04-21", draw="bootstrap", **names):
    named = {"commodity": "WTI", "model_key": "naive", **names}
    return draw_paths(points, pool, count, seed, named["commodity"], named["model_key"], day(start), draw)


@DRAWS
def test_the_mean_of_each_day_is_its_point_within_four_standard_errors(draw):
    many = paths(100_000, draw=draw).astype(np.float64)
    errors = POOL.std() * np.sqrt(np.arange(1, 15) / len(many))
    assert (np.abs(many.mean(axis=0) - POINTS) < 4 * errors).all()


@DRAWS
def test_the_variance_of_day_k_is_k_times_that_of_the_pool(draw):
    many = paths(100_000, draw=draw).astype(np.float64)
    np.testing.assert_allclose(many.var(axis=0), POOL.var() * np.arange(1, 15), rtol=0.05)


@DRAWS
def test_the_errors_of_two_days_have_nothing_to_do_with_each_other(draw):
    steps = np.diff(paths(100_000, draw=draw).astype(np.float64) - POINTS, axis=1, prepend=0)
    correlations = np.corrcoef(steps, rowvar=False) - np.eye(14)
    assert np.abs(correlations).max() < 4.5 / np.sqrt(100_000)


@DRAWS
def test_the_median_moves_with_the_drift(draw):
    flat = paths(points=np.full(14, 60.0), draw=draw)
    drifting = paths(draw=draw)
    moved = np.median(drifting, axis=0) - np.median(flat, axis=0)
    np.testing.assert_allclose(moved, POINTS - 60, atol=1e-5)


def test_every_error_of_the_pool_is_drawn_and_none_more_often_than_chance():
    first_day = paths(200_000, points=np.zeros(1)).ravel()
    values, counts = np.unique(first_day, return_counts=True)
    np.testing.assert_array_equal(values, np.sort(POOL).astype(np.float32))
    expected = 200_000 / len(POOL)
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < len(POOL) + 5 * np.sqrt(2 * len(POOL))


@DRAWS
def test_fewer_paths_are_the_first_of_more(draw):
    many = paths(draw=draw)
    for count in (1, 7, 1_999):
        assert paths(count, draw=draw).tobytes() == many[:count].tobytes()


@DRAWS
def test_fewer_days_are_the_first_of_more(draw):
    many = paths(draw=draw)
    for horizon in (1, 7, 13):
        assert paths(points=POINTS[:horizon], draw=draw).tobytes() == many[:, :horizon].tobytes()


@DRAWS
def test_a_dates_paths_hang_on_no_draw_before_them(draw):
    starts = [f"2021-03-{number:02}" for number in range(1, 20)]
    forwards = {start: paths(20, start=start, draw=draw).tobytes() for start in starts}
    backwards = {start: paths(20, start=start, draw=draw).tobytes() for start in reversed(starts)}
    assert forwards == backwards
    assert len(set(forwards.values())) == len(starts)


def test_seed_commodity_and_model_each_give_other_paths():
    variants = [paths(5), paths(5, seed=1), paths(5, commodity="BRENT"), paths(5, model_key="sarimax")]
    assert len({variant.tobytes() for variant in variants}) == 4


def test_a_date_is_the_same_day_whatever_its_type():
    as_date = draw_paths(POINTS, POOL, 5, 0, "WTI", "naive", date(2020, 4, 21))
    assert as_date.tobytes() == paths(5).tobytes()


def test_another_process_draws_the_same_bytes():
    script = (
        "import numpy as np, hashlib;"
        "from sevenfold_jobs.forecast.paths import draw_paths;"
        "a = draw_paths(60 + np.arange(14.0), np.arange(-3.0, 4.0), 100, 7, 'WTI', 'naive', '2020-04-21');"
        "print(hashlib.sha256(a.tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    # written down, so that a new NumPy cannot change stored forecasts unnoticed
    assert digests == {"2ae16a528652969361981545378c141ae67fbc694660184dc0a96d02817084de\n"}


def test_single_precision_is_what_is_stored_and_days_lie_together():
    drawn = paths()
    assert (drawn.dtype, drawn.shape) == (np.float32, (2_000, 14))
    assert drawn[:, 3].flags.c_contiguous


def test_an_unknown_draw_is_refused():
    with pytest.raises(InvalidInput, match="'cauchy' is unknown: it is bootstrap or gaussian"):
        paths(draw="cauchy")
