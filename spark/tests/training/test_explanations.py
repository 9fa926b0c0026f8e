"""What could go wrong in explanations and drift: a useless column that matters, shares that get lost."""

import numpy as np
import pytest
from made_columns import HOSTILE, labels, made
from test_trained_models import member_of, stored_of

from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.training import drift, explain, models
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.features import Feature
from sevenfold_jobs.training.model_files import Member, StoredModel


@pytest.fixture(scope="module")
def data() -> tuple[Columns, np.ndarray]:
    return made(400, many=20)


@pytest.mark.parametrize("name", ["linear", "lightgbm", "naive_bayes"])
def test_what_decides_comes_first_and_noise_matters_little(
    name: str, data: tuple[Columns, np.ndarray]
) -> None:
    columns, score = data
    model = stored_of(columns, "classification", 2, member_of(name, columns, score, "classification", 2))
    found = explain.permutation(model, columns, labels(score), 3)
    assert set(found) == set(columns.names)
    assert max(found, key=lambda each: found[each]["mean"]) == "x"
    assert found["same"] == {"mean": 0.0, "deviation": 0.0}
    assert abs(found["many"]["mean"]) < found["x"]["mean"] / 2
    assert found == explain.permutation(model, columns, labels(score), 3)


@pytest.mark.parametrize("name", ["linear", "lightgbm", "xgboost", "random_forest"])
def test_contributions_by_column_add_up_to_those_of_the_model(
    name: str, data: tuple[Columns, np.ndarray]
) -> None:
    columns, score = data
    member = member_of(name, columns, score, "regression", 0)
    found = explain.contributions(stored_of(columns, "regression", 0, member), columns)
    assert found is not None
    assert set(found) == set(columns.names)
    total = sum(values[:, 0] for values in found.values())
    constant = member.fitted.predict(member.encoder.transform(columns)) - total
    # What is left is the same for every row; XGBoost adds up in float32.
    assert np.ptp(constant) < (1e-4 if name == "xgboost" else 1e-9)


def test_a_model_without_contributions_says_so(data: tuple[Columns, np.ndarray]) -> None:
    columns, score = data
    both = [member_of(name, columns, score, "classification", 2) for name in ("lightgbm", "naive_bayes")]
    halves = [Member(each.model, each.params, 0.5, each.encoder, each.fitted) for each in both]
    assert explain.contributions(stored_of(columns, "classification", 2, *halves), columns) is None


def test_shares_of_a_forest_and_log_odds_are_not_added_up(data: tuple[Columns, np.ndarray]) -> None:
    columns, score = data
    both = [member_of(name, columns, score, "classification", 2) for name in ("random_forest", "linear")]
    halves = [Member(each.model, each.params, 0.5, each.encoder, each.fitted) for each in both]
    assert explain.contributions(stored_of(columns, "classification", 2, *halves), columns) is None
    assert explain.contributions(stored_of(columns, "classification", 2, both[0]), columns) is not None


def test_dependence_of_many_classes_is_that_of_the_largest() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    # The last class has half of the rows, those with a large x.
    y = np.where(x > 0, 2, rng.integers(0, 2, 400))
    columns = Columns(400, {"x": x, "other": rng.normal(size=400)}, {})
    linear = models.load("linear")
    encoder = Encoder.fit(columns, np.arange(400), "linear")
    fitted = linear.fit(encoder.transform(columns), y, "classification", 3, {"penalty": 0.01}, 1, [])
    model = stored_of(columns, "classification", 3, Member("linear", {}, 1.0, encoder, fitted))
    means = [each["mean"] for each in explain.dependence(model, columns, ["x"])["x"]]
    assert means == sorted(means)
    assert means[-1] > 0.9


def test_features_of_one_column_are_shuffled_together() -> None:
    rng = np.random.default_rng(0)
    date = rng.normal(size=400)
    columns = Columns(400, {"day": date, "month": date**2, "other": rng.normal(size=400)}, {})
    member = member_of("linear", columns, 2 * date, "regression", 0)
    features = [
        Feature("day", "date", "number"),
        Feature("month", "date", "number"),
        Feature("other", "other", "number"),
    ]
    model = StoredModel("regression", features, [], None, [member], {})
    assert set(explain.permutation(model, columns, 2 * date, 1)) == {"date", "other"}
    assert explain.dependence(model, columns, ["date"]) == {}


def test_dependence_rises_with_the_column_and_has_levels(data: tuple[Columns, np.ndarray]) -> None:
    columns, score = data
    model = stored_of(columns, "classification", 2, member_of("linear", columns, score, "classification", 2))
    found = explain.dependence(model, columns, ["x", "colour", HOSTILE])
    means = [each["mean"] for each in found["x"]]
    assert means == sorted(means)
    assert [each["value"] for each in found["x"]] == sorted(each["value"] for each in found["x"])
    assert {each["value"] for each in found["colour"]} == {"blue", "green", "red"}
    assert all(0 <= each["mean"] <= 1 for each in found[HOSTILE])


def test_drift_is_nothing_on_the_same_rows_and_named_where_it_is(data: tuple[Columns, np.ndarray]) -> None:
    columns, _ = data
    kept = drift.reference(columns)
    assert max(drift.psi(kept, columns).values()) == 0.0
    other = made(4_000, seed=9, many=20)[0]
    assert max(drift.psi(kept, other).values()) < 0.25
    moved = Columns(
        400,
        {**columns.numbers, "x": columns.numbers["x"] + 2},
        {**columns.categories, "colour": Categorical(np.zeros(400, np.int32), ["never seen"])},
    )
    found = drift.psi(kept, moved)
    assert found["x"] > 0.25
    assert found["colour"] > 0.25
    assert found[HOSTILE] == 0.0
    # A tenth that thirty rows miss is chance, and no shift of four orders of magnitude.
    few = Columns(30, {"x": np.arange(30.0) % 9 + 0.5}, {})
    many = Columns(300, {"x": np.arange(300.0) % 10 + 0.5}, {})
    assert 0.1 < drift.psi(drift.reference(many), few)["x"] < 0.4
    # ln(p/q)(p - q) over the parts, here of a column with two levels.
    two = Columns(10, {}, {"c": Categorical(np.repeat([0, 1], [5, 5]).astype(np.int32), ["a", "b"])})
    eight = Columns(10, {}, {"c": Categorical(np.repeat([0, 1], [8, 2]).astype(np.int32), ["a", "b"])})
    expected = 0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5)
    assert drift.psi(drift.reference(two), eight)["c"] == pytest.approx(expected, abs=1e-12)
