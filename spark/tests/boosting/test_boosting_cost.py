"""Estimates: what makes a fit larger makes its estimate so."""

import pytest

from sevenfold_jobs.boosting import estimate_mb

PARAMS = {"num_iterations": 500, "num_leaves": 2048, "max_depth": 10, "feature_fraction": 0.1, "max_bin": 256}


def test_a_capped_pool_of_histograms_is_counted_as_capped() -> None:
    free = estimate_mb(300_000, 100, PARAMS)
    assert free - estimate_mb(300_000, 100, {**PARAMS, "histogram_pool_size": 128}) == pytest.approx(
        1024 * 100 * 257 * 16 / 2**20 - 128
    )


def test_few_rows_need_no_histograms_for_leaves_they_cannot_fill() -> None:
    assert estimate_mb(2000, 100, PARAMS) < estimate_mb(20_000, 100, PARAMS) < 1024


@pytest.mark.parametrize(("rows", "trees", "megabytes"), [(120_000, 1919, 795), (300_000, 4878, 1094)])
def test_estimated_megabytes_are_near_those_that_were_measured(
    rows: int, trees: int, megabytes: float
) -> None:
    asked = {**PARAMS, "num_iterations": trees, "histogram_pool_size": 384}
    assert estimate_mb(rows, 100, asked) == pytest.approx(megabytes, rel=0.15)
