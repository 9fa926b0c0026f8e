"""Figures are what scikit-learn computes of the same predictions, to 1e-9, with ties and lacking classes."""

import numpy as np
import pytest

from sevenfold_jobs.training import metrics


def predictions(classes: int, rows: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    raised = np.exp(rng.normal(size=(rows, classes)).round(1) + 1.5 * (y[:, None] == np.arange(classes)))
    return y, raised / raised.sum(axis=1, keepdims=True)


def names(classes: int) -> list[str]:
    return [str(number) for number in range(classes)]


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_figures_of_classes_are_scikit_learns(classes: int) -> None:
    from sklearn import metrics as theirs

    y, p = predictions(classes)
    ours = metrics.figures("classification", y, p, names(classes))
    decided = (p[:, 1] >= 0.5).astype(int) if classes == 2 else p.argmax(axis=1)
    average = "binary" if classes == 2 else "macro"
    expected = {
        "log_loss": theirs.log_loss(y, p),
        "auc": theirs.roc_auc_score(y, p[:, 1] if classes == 2 else p, multi_class="ovr"),
        "accuracy": theirs.accuracy_score(y, decided),
        "balanced_accuracy": theirs.balanced_accuracy_score(y, decided),
        "precision": theirs.precision_score(y, decided, average=average),
        "recall": theirs.recall_score(y, decided, average=average),
        "f1": theirs.f1_score(y, decided, average=average),
    }
    if classes == 2:
        expected["brier"] = theirs.brier_score_loss(y, p[:, 1])
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, abs=1e-9), name


def test_ks_is_scipys_and_a_certain_mistake_costs_what_scikit_learn_says() -> None:
    from scipy.stats import ks_2samp
    from sklearn.metrics import log_loss

    y, p = predictions(2)
    expected = ks_2samp(p[y == 1, 1], p[y == 0, 1]).statistic
    assert metrics.figures("classification", y, p, names(2))["ks"] == pytest.approx(expected, abs=1e-9)
    sure, truth = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1, 1])
    ours = metrics.figures("classification", truth, sure, names(2))
    assert ours["log_loss"] == pytest.approx(log_loss(truth, sure, labels=[0, 1]), abs=1e-9)
    assert ours["auc"] is None
    assert ours["ks"] is None


def test_figures_of_numbers_are_scikit_learns() -> None:
    from sklearn import metrics as theirs

    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    p = y + rng.normal(size=300)
    ours = metrics.figures("regression", y, p, [])
    assert ours["rmse"] == pytest.approx(theirs.root_mean_squared_error(y, p), abs=1e-9)
    assert ours["mae"] == pytest.approx(theirs.mean_absolute_error(y, p), abs=1e-9)
    assert ours["r2"] == pytest.approx(theirs.r2_score(y, p), abs=1e-9)
    assert ours["median_absolute_error"] == pytest.approx(theirs.median_absolute_error(y, p), abs=1e-9)
    assert metrics.figures("regression", np.ones(3), np.zeros(3), [])["r2"] is None


def test_curves_are_scikit_learns_and_small() -> None:
    from sklearn import metrics as theirs

    y, p = predictions(2, 3_000)
    drawn = metrics.details("classification", y, p, names(2), None)
    points = np.array(drawn["roc"])
    assert len(points) <= 100
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [1, 1]
    area = np.trapezoid(points[:, 1], points[:, 0])
    assert area == pytest.approx(theirs.roc_auc_score(y, p[:, 1]), abs=2e-3)
    np.testing.assert_array_equal(drawn["confusion"]["rows"], theirs.confusion_matrix(y, p[:, 1] >= 0.5))
    groups = drawn["deciles"]
    assert sum(each["rows"] for each in groups) == 3_000
    assert sum(each["positives"] for each in groups) == int(y.sum())
    assert groups[-1]["captured"] == pytest.approx(1.0)
    assert groups[0]["lift"] > 1.5 > groups[-1]["lift"]
    assert max(each["ks"] for each in groups) <= metrics.ks(y, p[:, 1])
    assert sum(each["rows"] for each in drawn["calibration"]) == 3_000
    residuals = metrics.details("regression", p[:, 0], p[:, 1], [], None)["residuals"]
    assert sum(residuals["rows"]) == 3_000


def test_intervals_hold_the_figure_repeat_and_narrow_with_the_root_of_rows() -> None:
    y, p = predictions(2, 1_000)
    found = metrics.intervals("classification", y, p, names(2), 3)
    assert found == metrics.intervals("classification", y, p, names(2), 3)
    whole = metrics.figures("classification", y, p, names(2))
    for name, (low, high) in found.items():
        assert low <= whole[name] <= high
    losses = metrics.row_losses("classification", y, p)
    error = losses.std() / np.sqrt(1_000)
    assert found["log_loss"][1] - found["log_loss"][0] == pytest.approx(2 * 1.96 * error, rel=0.25)
    many, q = predictions(2, 80_000)
    wide = metrics.intervals("classification", many, q, names(2), 3)["accuracy"]
    right = float((q.argmax(axis=1) == many).mean())
    assert wide[1] - wide[0] == pytest.approx(2 * 1.96 * np.sqrt(right * (1 - right) / 80_000), rel=0.25)


def test_thresholds_are_the_best_of_all_scores() -> None:
    from sklearn.metrics import f1_score

    y, p = predictions(2, 400)
    score = p[:, 1]
    best = metrics.threshold(y, score, "f1")
    every = {cut: f1_score(y, score >= cut) for cut in np.unique(score)}
    assert f1_score(y, score >= best) == pytest.approx(max(every.values()))
    costs = {"falsePositive": 5.0, "falseNegative": 1.0}
    cut = metrics.threshold(y, score, costs)

    def cost(at: float) -> float:
        return 5.0 * ((score >= at) & (y == 0)).sum() + ((score < at) & (y == 1)).sum()

    assert cost(cut) == min(cost(at) for at in [*np.unique(score), np.inf])
