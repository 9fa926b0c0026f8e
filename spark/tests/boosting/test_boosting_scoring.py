"""Figures of predictions against scikit-learn's, and what is said where one cannot be had."""

import math

import numpy as np
import pytest
from sklearn import metrics

from sevenfold_jobs.boosting import scoring


def drawn(classes: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Labels (rows,) and probabilities (rows, classes) that know something of them."""
    random = np.random.Generator(np.random.PCG64(classes))
    labels = random.choice(classes, rows, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    weights = random.gamma(1.0, 1.0, (rows, classes))
    weights[np.arange(rows), labels] += 0.7
    return labels, weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [3, 5])
def test_more_classes_than_two_get_the_plain_averages_of_scikit_learn(classes: int) -> None:
    labels, shares = drawn(classes)
    predicted = shares.argmax(axis=1)
    found = scoring.of_classes(labels, shares, list(range(classes)))
    averaged = metrics.precision_recall_fscore_support(labels, predicted, average="macro")
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(averaged[:3], abs=1e-12)
    assert found["accuracy"] == metrics.accuracy_score(labels, predicted)
    area = metrics.roc_auc_score(labels, shares, multi_class="ovr", average="macro")
    assert found["auc"] == pytest.approx(area, abs=1e-12)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(labels, shares), abs=1e-12)
    # Weighted by rows, the averages would be others.
    weighted = metrics.f1_score(labels, predicted, average="weighted")
    assert abs(found["f1"] - weighted) > 1e-3


def test_two_classes_get_the_figures_of_the_second() -> None:
    labels, shares = drawn(2)
    found = scoring.of_classes(labels, shares[:, 1], [0, 1])
    predicted = shares[:, 1] > 0.5
    assert found["precision"] == pytest.approx(metrics.precision_score(labels, predicted), abs=1e-12)
    assert found["recall"] == pytest.approx(metrics.recall_score(labels, predicted), abs=1e-12)
    assert found["f1"] == pytest.approx(metrics.f1_score(labels, predicted), abs=1e-12)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(labels, shares[:, 1]), abs=1e-12)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(labels, shares), abs=1e-12)


@pytest.mark.parametrize("names", [["no", "yes"], ["low", "medium", "high"]])
def test_each_class_is_reported_by_its_name_as_scikit_learn_does(names: list[str]) -> None:
    labels, shares = drawn(len(names))
    given = shares[:, 1] if len(names) == 2 else shares
    predicted = shares.argmax(axis=1)
    report = scoring.of_classes(labels, given, names)["detail"]["classification_report"]
    expected = metrics.classification_report(labels, predicted, target_names=names, output_dict=True)
    assert list(report) == names
    for name in names:
        of_one = expected[name]
        assert report[name] == {
            "precision": round(of_one["precision"], 6),
            "recall": round(of_one["recall"], 6),
            "f1": round(of_one["f1-score"], 6),
            "rows": of_one["support"],
        }


def test_an_output_that_leaves_0_to_1_is_scored_like_a_probability() -> None:
    labels = np.array([0, 0, 1, 1, 1])
    output = np.array([-0.2, 0.7, 0.5, 0.9, 1.3])
    found = scoring.of_classes(labels, output, [0, 1])
    # 0.5 itself is not above the threshold.
    assert (found["accuracy"], found["precision"], found["recall"]) == (0.6, 2 / 3, 2 / 3)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(labels, output))
    expected = -(2 * math.log(1 - 1e-15) + math.log(0.3) + math.log(0.5) + math.log(0.9)) / 5
    assert found["log_loss"] == pytest.approx(expected, abs=1e-12)


def test_a_sure_error_costs_much_but_not_infinitely() -> None:
    found = scoring.of_classes(np.array([0, 1]), np.array([2.0, 1.0]), [0, 1])
    assert found["log_loss"] == pytest.approx(-math.log(1e-15) / 2)


def test_a_class_that_is_never_predicted_has_precision_0_and_no_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    shares = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2]])
    found = scoring.of_classes(np.array([0, 1, 0]), shares, ["a", "b", "c"])
    assert found["detail"]["classification_report"]["c"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "rows": 0,
    }
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["auc"] == 1.0
    assert not recwarn.list


def test_numbers_get_the_errors_of_scikit_learn() -> None:
    random = np.random.Generator(np.random.PCG64(4))
    target = 100 + 20 * random.standard_normal(300)
    predicted = target + random.standard_t(3, 300)
    found = scoring.of_numbers(target, predicted)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(target, predicted), abs=1e-12)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(target, predicted), abs=1e-12)
    assert found["r2"] == pytest.approx(metrics.r2_score(target, predicted), abs=1e-12)


def test_worse_than_the_mean_is_below_0_and_a_constant_target_has_no_r2() -> None:
    assert scoring.of_numbers(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0]))["r2"] == -3.0
    constant = scoring.of_numbers(np.full(3, 7.0), np.array([6.0, 7.0, 8.0]))
    assert constant["r2"] is None
    assert constant["mae"] == pytest.approx(2 / 3)
