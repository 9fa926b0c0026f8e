"""What the generated series are made of: shares of the features, noise of the labels, and what time does."""

import numpy as np
import pytest

from sevenfold_jobs.generated import components
from sevenfold_jobs.generated import time_series as time_series_module
from sevenfold_jobs.generated.regression import regression
from sevenfold_jobs.generated.time_series import clusters, scored, time_series


def changed(rows: int, parity: bool) -> tuple[np.ndarray, np.ndarray]:
    """Ten features before and after time has acted on them."""
    before, _ = clusters(rows, 10, 42, 0.05 if parity else 0.0)
    table = time_series(rows, 10, 42, parity)
    return before, np.column_stack([table[f"feature_{number}"].to_numpy() for number in range(10)])


@pytest.mark.parametrize("features", [20, 100])
def test_of_the_features_20_percent_inform_10_are_mixtures_and_5_copies(features: int) -> None:
    X, y = clusters(2000, features, 42, 0.0)
    copies = features - len(np.unique(X, axis=1).T)
    assert copies == features // 20
    # Mixtures and copies lie in the space of the others.
    assert np.linalg.matrix_rank(X - X.mean(axis=0)) == features - features // 10 - features // 20
    # Noise has deviation 1 and mean 0 in both classes; what informs is far wider.
    assert np.count_nonzero(X.std(axis=0) < 1.2) == pytest.approx(0.65 * features, abs=1)
    assert y.mean() == pytest.approx(0.4, abs=0.01)


def test_labels_are_the_upper_40_percent_of_the_score_but_for_the_noise() -> None:
    _, score, _ = scored(20_000, 10, 42)
    above = score > np.quantile(score, 0.6)
    assert np.mean(above != time_series(20_000, 10, 42)["target"].to_numpy()) == pytest.approx(
        0.025, abs=0.005
    )


def test_a_row_inherits_from_those_before_it_and_not_from_itself() -> None:
    rows, count, seed = 900, 12, 42
    X, score, _ = scored(rows, count, seed)
    smooth = X[:, 3::4]
    signs = np.random.Generator(np.random.PCG64(seed)).choice((-1.0, 1.0), smooth.shape[1])
    driver = ((smooth - smooth.mean(axis=0)) / smooth.std(axis=0)) @ signs
    kept = 1 - 1 / (rows / 30)
    day, level = np.zeros(rows), np.zeros(rows)
    for t in range(1, rows):
        day[t] = driver[max(0, t - 24) : t].sum() / 24
        level[t] = kept * level[t - 1] + (1 - kept) * driver[t - 1]
    # What the row shows itself is what is left of the score: no memory of its neighbours may be in it.
    own = time_series_module._direction(*clusters(rows, count, seed, 0.0))
    parts = np.column_stack((own, day, level, np.ones(rows)))
    weights, left, _, _ = np.linalg.lstsq(parts, score, rcond=None)
    assert left[0] == pytest.approx(0, abs=1e-12)
    assert (weights[:3] > 0).all()


def test_a_numeric_target_is_the_score_and_noise_of_deviation_5() -> None:
    _, score, _ = scored(5000, 10, 42)
    noise = regression(5000, 10, 42)["target"].to_numpy() - 100 - 20 * score
    assert noise.std() == pytest.approx(5, rel=0.05)
    assert abs(noise.mean()) < 0.3
    assert abs(np.corrcoef(noise, score)[0, 1]) < 0.05


def test_no_row_knows_a_later_one() -> None:
    # The score's deviations are of all rows, so what is compared is the past of the score alone.
    rows, cut = 600, 400
    X = np.random.Generator(np.random.PCG64(1)).standard_normal((rows, 4))
    other = X.copy()
    other[cut:] += 5
    for matrix in (X, other):
        components.add_originals(matrix)
    np.testing.assert_array_equal(X[:cut], other[:cut])


def test_the_trend_of_the_original_runs_away_and_ours_stays_within_its_column() -> None:
    rows = 20_000
    (before_original, original), (before_ours, ours) = (changed(rows, parity) for parity in (True, False))
    for number in (0, 4, 8):
        deviation = before_ours[:, number].std()
        rise = (ours - before_ours)[-1, number]
        assert (original - before_original)[-1, number] == pytest.approx(0.001 * (rows - 1))
        assert rise <= 3 * deviation
        assert rise == pytest.approx(min(0.001 * rows, 3 * deviation), rel=1e-3)


def test_the_smoothing_of_the_original_cuts_the_deviation_and_ours_keeps_it() -> None:
    rows = 20_000
    (before_original, original), (before_ours, ours) = (changed(rows, parity) for parity in (True, False))
    for number in (3, 7):
        assert original[:, number].std() == pytest.approx(before_original[:, number].std() / 3, rel=0.05)
        assert ours[:, number].std() == pytest.approx(before_ours[:, number].std(), rel=0.05)


def test_a_single_row_and_a_constant_column_are_left_as_they_are() -> None:
    for add in (components.add, components.add_originals):
        one = np.ones((1, 4))
        add(one)
        np.testing.assert_allclose(one, 1.0)
        constant = np.full((50, 4), 2.0)
        add(constant)
        np.testing.assert_allclose(constant[:, 3], 2.0)
