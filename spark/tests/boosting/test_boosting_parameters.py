"""Names of parameters: what is unknown, an alias, without effect, or of the run."""

import json
from itertools import product
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from made_folds import made

from sevenfold_jobs.boosting import check, parameters
from sevenfold_jobs.common.failures import InvalidInput

CONFIG = json.loads((Path(__file__).parents[3] / "config/cv/lightgbm.json").read_bytes())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lamda_l1": 1}, "LightGBM has no parameter lamda_l1: did you mean lambda_l1?"),
        ({"quite_else": 1}, "LightGBM has no parameter quite_else: see config/cv/lightgbm.json"),
        ({"colsample_bytree": 0.3}, "colsample_bytree is another name of feature_fraction: use feature_fr"),
        ({"n_jobs": 5}, "n_jobs is no parameter of a set: it is the threads of the run"),
        ({"objective": "hubert"}, "LightGBM has no objective hubert: did you mean huber?"),
        (
            {"metric": ["huber", "binary_loglos"]},
            "LightGBM has no metric binary_loglos: did you mean binary_",
        ),
        ({"metric": "quite else"}, "LightGBM has no metric quite else: there are auc, auc_mu, average_p"),
        ({"force_col_wise": True, "force_row_wise": True}, "exclude each other"),
    ],
)
def test_a_wrong_name_gets_one_line(params: dict, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(params)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("params", "note"),
    [
        ({"bagging_fraction": 0.5}, "bagging_fraction has no effect without bagging_freq"),
        ({"bagging_freq": 1}, "bagging_freq has no effect while bagging_fraction is 1"),
        ({"objective": "binary", "alpha": 0.2}, "alpha has no effect on the objective binary"),
        ({"num_leaves": 2048, "max_depth": 10}, "num_leaves 2048 has no effect: max_depth 10 allows 1024"),
    ],
)
def test_a_setting_without_effect_is_noted(params: dict, note: str) -> None:
    assert check(params) == [note]


def test_settings_that_act_get_no_note() -> None:
    params = {"bagging_fraction": 0.5, "bagging_freq": 1, "objective": "huber", "alpha": 0.2}
    assert check({**params, "num_leaves": 1024, "max_depth": 10}) == []


def test_the_grid_has_54_sets_of_known_parameters() -> None:
    order = CONFIG["order"]
    assert sorted(order) == sorted(CONFIG["grid"])
    sets = list(product(*(CONFIG["grid"][name] for name in order)))
    assert len(sets) == 54
    # The last of the order varies fastest, so set 1 and 2 differ in it alone.
    assert [dict(zip(order, sets[number - 1], strict=True)) for number in (1, 2, 14)] == [
        {"lambda_l1": 0.3, "max_depth": 10, "feature_fraction": 0.1, "lambda_l2": 0.01},
        {"lambda_l1": 0.3, "max_depth": 10, "feature_fraction": 0.1, "lambda_l2": 0.1},
        {"lambda_l1": 0.3, "max_depth": 17, "feature_fraction": 0.1, "lambda_l2": 0.1},
    ]
    for kind in ("binary", "multiclass", "regression", "parity"):
        for values in sets:
            check({**CONFIG["fixed"], **CONFIG[kind], **dict(zip(order, values, strict=True))})


def test_every_alias_leads_to_a_known_parameter() -> None:
    assert set(parameters._ALIASES.values()) <= parameters.KNOWN
    assert not set(parameters._ALIASES) & parameters.KNOWN


@pytest.mark.parametrize(
    ("params", "rows", "leaves"),
    [
        ({"num_leaves": 2048, "max_depth": 10}, 10**6, 1024),
        ({"num_leaves": 2048, "max_depth": 15}, 16_000, 800),
        ({"num_leaves": 2048, "max_depth": -1, "min_data_in_leaf": 1}, 10**6, 2048),
        ({"num_leaves": 31}, 30, 2),
    ],
)
def test_leaves_are_as_many_as_depth_and_rows_allow(params: dict, rows: int, leaves: int) -> None:
    assert parameters.most_leaves(params, rows) == leaves


def test_fewer_leaves_than_asked_for_change_no_tree() -> None:
    X, y, _ = made(800)
    asked = {"num_leaves": 2048, "max_depth": 17, "feature_fraction": 0.5, "lambda_l1": 0.3}
    settings = parameters.for_training(asked, "binary", 2, len(y), 42, 1)
    assert settings["num_leaves"] == 40
    texts = [
        lightgbm.train(
            {**settings, "num_leaves": leaves},
            lightgbm.Dataset(X, y, params=parameters.for_binning({}, 42, 1)),
            num_boost_round=30,
        ).predict(X)
        for leaves in (40, 2048)
    ]
    np.testing.assert_array_equal(texts[0], texts[1])
