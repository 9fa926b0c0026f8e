"""The table of ranges says for the jobs what it says for the workflow's guard."""

import pytest

from sevenfold_jobs.boosting import parameters as boosting
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.parameters import table
from sevenfold_jobs.survival import models


def usual(name):
    """The least that each parameter may be, or something between its bounds."""
    values = {}
    for parameter, rule in table()["survival"][name].items():
        values[parameter] = rule["names"][0] if "names" in rule else rule.get("least", 0.5)
    return values


@pytest.mark.parametrize("name", models.NAMES)
def test_every_parameter_of_a_model_has_its_range(name):
    assert set(table()["survival"][name]) == set(models.load(name).PARAMETERS)
    models.check_params(name, usual(name))


@pytest.mark.parametrize(
    ("name", "parameter", "value", "must"),
    [
        ("cox_ph", "ridge", -50, "of at least 0"),
        ("gbsa", "trees", 0, "a whole number from 1 to 100,000"),
        ("gbsa", "trees", 2.5, "a whole number from 1 to 100,000"),
        ("gbsa", "trees", True, "a whole number"),
        ("gbsa", "trees", None, "a whole number"),
        ("gbsa", "rate", float("nan"), "above 0 and at most 10"),
        ("lgb_cox", "row_sample", 0, "above 0 and at most 1"),
        ("coxnet", "penalty", "best", "one of last"),
    ],
)
def test_a_value_out_of_its_range_is_refused_with_the_range(name, parameter, value, must):
    with pytest.raises(InvalidInput, match=rf"{name}\.{parameter} is .*, but must be .*{must}"):
        models.check_params(name, usual(name) | {parameter: value})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"num_leaves": 1}, "num_leaves is 1, but must be a whole number from 2 to 131,072"),
        ({"learning_rate": 0}, "learning_rate is 0, but must be a number above 0 and at most 10"),
        ({"is_unbalance": True, "scale_pos_weight": 3.0}, "is_unbalance and scale_pos_weight both weigh"),
        ({"path_smooth": 1, "min_data_in_leaf": 1}, "path_smooth needs min_data_in_leaf"),
        ({"objective": "quantile", "alpha": 2}, "alpha of the objective quantile"),
    ],
)
def test_a_set_out_of_range_or_at_odds_with_itself_is_refused(params, message):
    with pytest.raises(InvalidInput, match=message):
        boosting.check(params)


def test_what_excludes_nothing_is_no_conflict():
    assert boosting.check({"is_unbalance": True, "scale_pos_weight": 1}) == []
    assert boosting.check({"max_depth": -1, "num_leaves": 2}) == []


@pytest.mark.parametrize(
    ("metric", "kind"), [("auc", "regression"), (["multi_logloss"], "binary"), ("auc", "multiclass")]
)
def test_a_metric_that_does_not_fit_the_target_is_named(metric, kind):
    with pytest.raises(InvalidInput, match=r"The metric \w+ does not fit"):
        boosting.check_metrics(metric, kind)
