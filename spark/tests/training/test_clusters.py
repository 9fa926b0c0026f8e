"""What could go wrong with groups of rows: found in noise, lost in files, numbered by chance."""

import numpy as np
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training import clusters, models

NAMES = ["kmeans", "bisecting_kmeans", "gaussian_mixture", "dbscan"]


def blobs(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three groups of unequal size."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2], [rows // 2, rows // 3, rows - rows // 2 - rows // 3])
    middles = np.array([[0.0, 0, 0, 0], [6, 6, 0, 0], [-6, 6, 6, 0]])
    return middles[truth] + rng.normal(size=(rows, 4)), truth


@pytest.mark.parametrize("name", NAMES)
def test_groups_are_found_kept_in_files_and_applied_row_by_row(name: str) -> None:
    X, truth = blobs()
    params = {"clusters": 3} if name != "dbscan" else {}
    fitted = models.load(name).fit(X, np.zeros(0), "clustering", 0, params, 1, [])
    again = models.load(name).read(fitted.parts())
    assert again.parts() == fitted.parts()
    labels = fitted.predict(X)
    np.testing.assert_array_equal(again.predict(X), labels)
    np.testing.assert_array_equal(np.concatenate([again.predict(X[[row]]) for row in range(300)]), labels)
    assert clusters.adjusted_rand(labels, truth) > 0.9
    sizes = np.bincount(labels[labels >= 0])
    assert sizes.tolist() == sorted(sizes.tolist(), reverse=True)


def test_three_groups_are_chosen_and_noise_has_no_clear_structure() -> None:
    X, _ = blobs()
    asked = {"kmeans": {"clusters": {"low": 2, "high": 6}}, "gaussian_mixture": {"clusters": 3}}
    plan = clusters.candidates(["kmeans", "gaussian_mixture", "dbscan"], asked)
    assert len(plan) == 7
    found = clusters.choose([clusters.judged(X, name, params, 1) for name, params in plan])
    assert found.chosen is not None
    assert (found.chosen.model, found.chosen.clusters) == ("kmeans", 3)
    assert "kmeans with 3 clusters has a silhouette of 0." in found.reason
    noise = np.random.default_rng(0).normal(size=(300, 6))
    nothing = clusters.choose(
        [clusters.judged(noise, "kmeans", {"clusters": k}, 1) for k in range(2, 5)]
        + [clusters.judged(noise, "dbscan", {}, 1)]
    )
    assert nothing.chosen is None
    assert nothing.reason.startswith("No clear structure")


def test_figures_are_scikit_learns() -> None:
    from sklearn import metrics
    from sklearn.metrics import adjusted_rand_score

    X, _ = blobs()
    grouping = clusters.judged(X, "kmeans", {"clusters": 4}, 1)
    labels = models.load("kmeans").fit(X, np.zeros(0), "clustering", 0, {"clusters": 4}, 1, []).predict(X)
    figures = grouping.figures
    assert figures["silhouette"] == pytest.approx(metrics.silhouette_score(X, labels), abs=1e-9)
    assert figures["davies_bouldin"] == pytest.approx(metrics.davies_bouldin_score(X, labels), abs=1e-9)
    rng = np.random.default_rng(0)
    one, other = rng.integers(-1, 3, 100), rng.integers(0, 2, 100)
    assert clusters.adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other), abs=1e-12)
    assert clusters.adjusted_rand(one, one + 5) == 1.0
    assert sum(grouping.sizes) + grouping.noise == len(X)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_what_cannot_be_grouped_says_so() -> None:
    with pytest.raises(InvalidInput, match="eps is a range"):
        clusters.candidates(["dbscan"], {"dbscan": {"eps": {"low": 0.1, "high": 1.0}}})
    with pytest.raises(InvalidInput, match="Parameter of kmeans"):
        clusters.candidates(["kmeans"], {"kmeans": {"cluster": 3}})
    assert len(clusters.candidates(["kmeans"], {})) == 14
    same = np.zeros((20, 3))
    grouping = clusters.judged(same, "kmeans", {"clusters": 2}, 1)
    assert grouping.figures["silhouette"] is None
    assert clusters.choose([grouping]).chosen is None
    more = clusters.judged(same[:3], "gaussian_mixture", {"clusters": 5}, 1)
    assert "samples" in (more.error or "")
