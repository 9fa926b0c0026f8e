"""What could make two runs try different parameters: the order in which trials end, a restart, a failure."""

import json

import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training.spaces import SPACES, space_of
from sevenfold_jobs.training.trials import Trial, suggest

TRIALS, PARALLEL = 24, 2


def loss(params: dict) -> float:
    return abs(params["learning_rate"] - 0.05) + params["num_leaves"] / 1_000


@pytest.fixture(scope="module")
def ledger() -> list[Trial]:
    ended: list[Trial] = []
    for number in range(TRIALS):
        params = suggest("lightgbm", "classification", 42, number, PARALLEL, ended, {})
        ended.append(Trial(number, params, None if number == 4 else loss(params)))
    return ended


def test_any_order_too_many_trials_and_a_restart_suggest_the_same(ledger: list[Trial]) -> None:
    stored = [
        Trial(each["number"], each["params"], each["value"])
        for each in json.loads(json.dumps([vars(trial) for trial in reversed(ledger)]))
    ]
    for number in (0, 1, 3, 7, 12, 20, 23):
        again = suggest("lightgbm", "classification", 42, number, PARALLEL, stored, {})
        assert again == ledger[number].params
    # The trial that runs beside it may have ended or not.
    alone = suggest("lightgbm", "classification", 42, 20, PARALLEL, ledger[:19], {})
    assert alone == ledger[20].params


def test_suggestions_are_inside_the_ranges_and_differ_by_seed(ledger: list[Trial]) -> None:
    for trial in ledger:
        for name, each in SPACES["lightgbm"].items():
            if trial.number:
                assert each.low <= trial.params[name] <= each.high
            assert isinstance(trial.params[name], int if each.whole else float)
    other = suggest("lightgbm", "classification", 43, 5, PARALLEL, ledger, {})
    assert other != ledger[5].params


def test_a_metric_that_grows_is_sought_where_it_is_large() -> None:
    wide = {"learning_rate": {"low": 0.01, "high": 1.0}}
    found = {}
    for higher in (False, True):
        ended: list[Trial] = []
        for number in range(40):
            params = suggest("lightgbm", "classification", 1, number, 1, ended, wide, higher)
            ended.append(Trial(number, params, params["learning_rate"]))
        found[higher] = sum(each.params["learning_rate"] for each in ended[20:]) / 20
    assert found[True] > 2 * found[False]


def test_a_request_fixes_and_narrows() -> None:
    changes = {"num_leaves": {"low": 4, "high": 8}, "learning_rate": 0.3}
    first = suggest("lightgbm", "classification", 1, 0, 1, [], changes)
    assert first["num_leaves"] == 8
    assert first["learning_rate"] == 0.3
    second = suggest("lightgbm", "classification", 1, 1, 1, [Trial(0, first, 1.0)], changes)
    assert 4 <= second["num_leaves"] <= 8
    assert second["learning_rate"] == 0.3


@pytest.mark.parametrize(
    ("model", "changes", "words"),
    [
        ("lightgbm", {"num_leafs": 3}, "did you mean 'num_leaves'"),
        ("xgboost", {"max_depth": {"low": 2.5, "high": 4}}, "a whole number from 0"),
        ("linear", {"strength": 3}, "There are penalty, l1_ratio"),
        ("lightgbm", {"num_leaves": {"low": 1, "high": 64}}, "lightgbm.num_leaves is 1, but must be a whole"),
        (
            "xgboost",
            {"subsample": 1.5},
            "xgboost.subsample is 1.5, but must be a number above 0 and at most 1",
        ),
        ("xgboost", {"eta": "fast"}, "xgboost.eta is .fast., but must be a number"),
        ("glm", {"family": "gama"}, "did you mean gamma"),
    ],
)
def test_what_no_model_has_is_refused_in_a_sentence(model: str, changes: dict, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        space_of(model, changes)
