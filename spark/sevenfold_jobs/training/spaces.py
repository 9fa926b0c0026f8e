"""What is tried of each model: its defaults first, then within these ranges."""

import json
from dataclasses import dataclass
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.cv.naming import known_name
from sevenfold_jobs.cv.parameters import check_values, table


@dataclass(frozen=True)
class Range:
    """Both ends are allowed; `log`: of equal ratios rather than of equal steps."""

    low: float
    high: float
    whole: bool = False
    log: bool = False


_LIGHTGBM = {
    "trees": Range(40, 600, whole=True, log=True),
    "learning_rate": Range(0.01, 0.2, log=True),
    "num_leaves": Range(4, 128, whole=True, log=True),
    "min_data_in_leaf": Range(5, 100, whole=True, log=True),
    "feature_fraction": Range(0.4, 1.0),
    "bagging_fraction": Range(0.5, 1.0),
    "lambda_l2": Range(1e-3, 30.0, log=True),
    "cat_smooth": Range(1.0, 100.0, log=True),
}
_XGBOOST = {
    "trees": Range(40, 600, whole=True, log=True),
    "eta": Range(0.01, 0.3, log=True),
    "max_depth": Range(2, 9, whole=True),
    "min_child_weight": Range(0.5, 30.0, log=True),
    "subsample": Range(0.5, 1.0),
    "colsample_bytree": Range(0.4, 1.0),
    "lambda": Range(0.1, 30.0, log=True),
}
_FOREST = {
    "num_leaves": Range(16, 512, whole=True, log=True),
    "min_data_in_leaf": Range(2, 50, whole=True, log=True),
    "feature_fraction_bynode": Range(0.2, 1.0),
}

SPACES: dict[str, dict[str, Range]] = {
    "lightgbm": _LIGHTGBM,
    "xgboost": _XGBOOST,
    "random_forest": _FOREST,
    "tree": {
        "max_depth": Range(2, 16, whole=True),
        "min_samples_leaf": Range(1, 100, whole=True, log=True),
    },
    "mlp": {
        "width": Range(8, 128, whole=True, log=True),
        "layers": Range(1, 3, whole=True),
        "alpha": Range(1e-5, 1.0, log=True),
        "learning_rate": Range(1e-4, 1e-2, log=True),
    },
}

#: The first trial: what the libraries do where nobody says anything, and a forest of the usual size.
DEFAULTS: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "trees": 100,
        "learning_rate": 0.1,
        "num_leaves": 31,
        "min_data_in_leaf": 20,
        "feature_fraction": 1.0,
        "bagging_fraction": 1.0,
        "lambda_l2": 0.0,
        "cat_smooth": 10.0,
    },
    "xgboost": {
        "trees": 100,
        "eta": 0.3,
        "max_depth": 6,
        "min_child_weight": 1.0,
        "subsample": 1.0,
        "colsample_bytree": 1.0,
        "lambda": 1.0,
    },
    "random_forest": {"num_leaves": 255, "min_data_in_leaf": 5, "feature_fraction_bynode": 0.5},
    "tree": {"max_depth": 6, "min_samples_leaf": 20},
    "mlp": {"width": 64, "layers": 1, "alpha": 1e-3, "learning_rate": 1e-3},
}

# `known` are names by model, to be fixed, or tried where a range is given; `rules` what values may be, as
# cv/parameters.json says it, where LightGBM's are. The guards of the workflow read them too.
_PARAMETERS: dict[str, Any] = json.loads(text_of("training/parameters.json"))
_WHOLE = (
    "clusters",
    "min_samples",
    "max_leaf_nodes",
    "max_depth",
    "max_leaves",
    "bagging_freq",
    "max_bin",
    "trees",
)
_OF_LIGHTGBM = ("lightgbm", "random_forest")


def known_parameters(model: str) -> list[str]:
    """Names that a request may give."""
    return list(_PARAMETERS["known"][model])


def space_of(model: str, asked: dict[str, Any]) -> tuple[dict[str, Range], dict[str, Any]]:
    """(what is tried, what is fixed): a range replaces the usual one, a value fixes. InvalidInput for
    others.
    """
    space, fixed = dict(SPACES.get(model, {})), {}
    for name, value in asked.items():
        known_name(f"Parameter of {model}", name, known_parameters(model))
        rules = _PARAMETERS["rules"] | (table()["lightgbm"] if model in _OF_LIGHTGBM else {})
        for each in (value["low"], value["high"]) if isinstance(value, dict) else (value,):
            check_values(rules, {name: each}, f"{model}.")
        if isinstance(value, dict):
            usual = space.get(name)
            whole = usual.whole if usual is not None else name in _WHOLE
            low, high = value["low"], value["high"]
            if whole and (low != round(low) or high != round(high)):
                raise InvalidInput(f"{model}.{name} counts, so {low:g}..{high:g} must be whole numbers.")
            space[name] = Range(low, high, whole, usual is not None and usual.log and low > 0)
        else:
            space.pop(name, None)
            fixed[name] = value
    return space, fixed
