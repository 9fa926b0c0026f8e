"""What could make the choice dishonest: noise that wins, a hair that decides, a failure that counts."""

import numpy as np
import pytest
from made_columns import labels, made

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.training import metrics
from sevenfold_jobs.training.choice import Candidate, Choice, choose
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.models import load
from sevenfold_jobs.training.trials import suggest

ROWS = 2_000
Y = np.random.default_rng(0).integers(0, 2, ROWS)


def predictions(strength: float, seed: int) -> np.ndarray:
    score = strength * (2 * Y - 1) + np.random.default_rng(seed).normal(size=ROWS) * strength
    p = 1 / (1 + np.exp(-score))
    return np.column_stack([1 - p, p])


def choice_of(metric: str = "log_loss", failed: dict | None = None, **models: np.ndarray | list) -> Choice:
    candidates = []
    for name, given in {"baseline": np.full((ROWS, 2), 0.5), **models}.items():
        trials = given if isinstance(given, list) else [given]
        candidates += [Candidate(name, trial, {}, each) for trial, each in enumerate(trials)]
    return choose(candidates, Y, "classification", ["no", "yes"], metric, 1, failed)


def test_the_best_trial_of_the_best_model_is_chosen_whatever_the_order() -> None:
    weak, strong = predictions(0.3, 1), predictions(1.5, 2)
    chosen = choice_of(lightgbm=[weak, strong, weak], xgboost=weak)
    assert (chosen.label, chosen.members[0]["trial"], chosen.beats_baseline) == ("lightgbm", 1, True)
    again = choice_of(xgboost=weak, lightgbm=[weak, strong, weak])
    assert again.leaderboard == chosen.leaderboard
    value = metrics.value_of("log_loss", "classification", Y, strong, ["no", "yes"])
    assert chosen.leaderboard[0]["value"] == value
    assert chosen.reason.startswith("lightgbm has the best log loss")


def test_within_a_standard_error_the_one_that_can_be_followed_is_kept() -> None:
    good = predictions(1.0, 1)
    # As good but for noise in which it is a hair ahead.
    noise = np.random.default_rng(5).normal(size=ROWS) * 0.05
    score = np.log(good[:, 1] / good[:, 0]) + noise
    other = np.column_stack([1 - 1 / (1 + np.exp(-score)), 1 / (1 + np.exp(-score))])
    values = [
        metrics.value_of("log_loss", "classification", Y, each, ["no", "yes"]) for each in (good, other)
    ]
    better, worse = (good, other) if values[0] < values[1] else (other, good)
    kept = choice_of(linear=worse, lightgbm=better)
    assert kept.label == "linear"
    assert "simpler" in kept.reason
    # Neither of two forests is simpler.
    assert choice_of(random_forest=worse, xgboost=better).label == "xgboost"


def test_a_blend_has_to_beat_its_better_part_by_more_than_an_error() -> None:
    one, two = predictions(1.0, 1), predictions(1.0, 2)
    chosen = choice_of(linear=one, lightgbm=two)
    assert chosen.label == "lightgbm + linear"
    assert sum(each["weight"] for each in chosen.members) == pytest.approx(1)
    assert choice_of(linear=one, lightgbm=one).label == "linear"


@pytest.mark.parametrize("metric", ["auc", "ks", "accuracy", "f1"])
def test_metrics_that_are_no_mean_of_rows_decide_by_resampling(metric: str) -> None:
    chosen = choice_of(
        metric, linear=predictions(0.5, 1), lightgbm=predictions(1.5, 1), xgboost=predictions(0.1, 3)
    )
    assert chosen.leaderboard[0]["value"] >= chosen.leaderboard[1]["value"]
    assert chosen.beats_baseline


def test_where_nothing_that_was_asked_for_could_be_fitted_the_baseline_is_no_answer() -> None:
    with pytest.raises(JobError, match=r"None of the models could be fitted \(xgboost: no memory\)"):
        choice_of(failed={"xgboost": "no memory"})
    assert choice_of().label == "baseline"


def test_what_failed_is_listed_with_its_reason_and_nothing_at_all_is_an_error() -> None:
    chosen = choice_of(failed={"xgboost": "no memory"}, linear=predictions(1.0, 1))
    assert {"label": "xgboost", "value": None, "error": "no memory"} in chosen.leaderboard
    with pytest.raises(JobError, match="xgboost: no memory"):
        choose([], Y, "classification", ["no", "yes"], "log_loss", 1, {"xgboost": "no memory"})


def out_of_fold(
    columns: Columns, y: np.ndarray, name: str, params: dict, most: int | None = None
) -> np.ndarray:
    fold = np.arange(columns.rows) % 3
    predicted = np.empty((columns.rows, 2))
    model = load(name)
    for each in range(3):
        train, test = np.flatnonzero(fold != each), np.flatnonzero(fold == each)
        encoder = Encoder.fit(columns, train, model.encoding, y, "classification", most)
        X = encoder.transform(columns, train)
        fitted = model.fit(X, y[train], "classification", 2, params, 1, encoder.categorical)
        predicted[test] = fitted.predict(encoder.transform(columns, test))
    return predicted


@pytest.mark.parametrize("seed", range(2))
def test_a_shuffled_target_is_no_better_than_the_baseline(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = Columns(900, {f"x{number}": rng.normal(size=900) for number in range(6)}, {})
    y = rng.integers(0, 2, 900)
    candidates = []
    for name, trials in (
        ("baseline", 1),
        ("linear", 1),
        ("random_forest", 2),
        ("lightgbm", 4),
        ("xgboost", 4),
    ):
        for trial in range(trials):
            params = suggest(
                name, "classification", seed, trial, trials, [], {"trees": 20} if trials > 1 else {}
            )
            candidates.append(Candidate(name, trial, params, out_of_fold(columns, y, name, params)))
    chosen = choose(candidates, y, "classification", ["0", "1"], "log_loss", seed)
    assert (chosen.label, chosen.beats_baseline) == ("baseline", False)
    assert "no better than the baseline" in chosen.reason
    # The standard error of an area of 0.5 over so many rows is 0.019.
    assert all(abs(metrics.auc(y, each.predictions) - 0.5) < 3 * 0.0193 for each in candidates)


def test_columns_chosen_inside_folds_find_nothing_in_noise() -> None:
    rng = np.random.default_rng(0)
    columns = Columns(400, {f"n{number}": rng.normal(size=400) for number in range(1_000)}, {})
    y = rng.integers(0, 2, 400)
    inside = metrics.auc(y, out_of_fold(columns, y, "linear", {"penalty": 0.1}, 50))
    # Chosen on all rows the same 50 columns reach this:
    everything = Encoder.fit(columns, np.arange(400), "linear", y, "classification", 50)
    chosen = columns.only({each["of"] for each in everything.features})
    outside = metrics.auc(y, out_of_fold(chosen, y, "linear", {"penalty": 0.1}))
    assert abs(inside - 0.5) < 3 * 0.029
    assert outside > 0.6


@pytest.mark.parametrize("name", ["linear", "lightgbm", "xgboost", "random_forest"])
def test_a_column_of_three_thousand_levels_costs_at_most_a_hundredth(name: str) -> None:
    columns, score = made(4_000, many=3_000)
    y = labels(score)
    areas = [
        metrics.auc(y, out_of_fold(each, y, name, {"trees": 40} if name != "linear" else {"penalty": 0.001}))
        for each in (columns, columns.only(set(columns.names) - {"many"}))
    ]
    assert areas[0] > areas[1] - 0.01
