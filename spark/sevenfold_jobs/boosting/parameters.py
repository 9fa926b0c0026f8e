"""Names and meaning of LightGBM parameters: canonical names only, and what each run adds to them.

Source: the parameter reference of LightGBM 4 (names, aliases, defaults).
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.parameters import check_conflicts, check_values, table

Params = dict[str, Any]

# What shapes the bins: fixed for all sets of a fold, because the fold is binned once.
_BIN_DEFAULTS = {
    "max_bin": 255,
    "min_data_in_bin": 3,
    "bin_construct_sample_cnt": 200_000,
    "use_missing": True,
    "zero_as_missing": False,
    "enable_bundle": True,
}
BINNING = tuple(_BIN_DEFAULTS)
KNOWN = frozenset(table()["lightgbm"])

# The aliases that people use; the rest are found by likeness.
_ALIASES = {
    "n_estimators": "num_iterations",
    "num_boost_round": "num_iterations",
    "num_trees": "num_iterations",
    "reg_alpha": "lambda_l1",
    "reg_lambda": "lambda_l2",
    "colsample_bytree": "feature_fraction",
    "sub_feature": "feature_fraction",
    "colsample_bynode": "feature_fraction_bynode",
    "subsample": "bagging_fraction",
    "subsample_freq": "bagging_freq",
    "eta": "learning_rate",
    "shrinkage_rate": "learning_rate",
    "min_child_samples": "min_data_in_leaf",
    "min_child_weight": "min_sum_hessian_in_leaf",
    "min_split_gain": "min_gain_to_split",
    "subsample_for_bin": "bin_construct_sample_cnt",
    "max_leaves": "num_leaves",
    "early_stopping_round": "early_stopping_rounds",
    "hist_pool_size": "histogram_pool_size",
    "app": "objective",
    "application": "objective",
    "loss": "objective",
}
# These come with the request of a fit and never with its parameters: they would be set twice.
_GIVEN = {
    "seed": "the seed of the run",
    "random_state": "the seed of the run",
    "num_threads": "the threads of the run",
    "n_jobs": "the threads of the run",
    "nthread": "the threads of the run",
    "deterministic": "always on",
    "verbosity": "always off",
    "num_class": "the classes of the target",
    "data_random_seed": "the seed of the run",
    "feature_fraction_seed": "the seed of the run",
    "bagging_seed": "the seed of the run",
}

# By what is predicted: objectives and metrics that fit it. An objective's name is also that of its metric.
_FITTING = table()["fitting"]
OBJECTIVES = frozenset(table()["lightgbm"]["objective"]["names"])
METRICS = frozenset(table()["lightgbm"]["metric"]["names"])
_WITH_ALPHA = frozenset(("huber", "quantile"))

_DEFAULT_OBJECTIVE = {
    "binary": ("binary", ["binary_logloss"]),
    "multiclass": ("multiclass", ["multi_logloss"]),
    "regression": ("regression", ["rmse"]),
}
_DEFAULT_LEAVES = 31
_DEFAULT_MINIMUM_IN_LEAF = 20


def check(params: Mapping[str, Any]) -> list[str]:
    """A note for each parameter that has no effect together with the others.

    Raises InvalidInput for one that LightGBM does not have (with the nearest name), for an alias (with the
    canonical name), for one that the run itself sets, for an objective or metric that there is not, and for
    values out of range or that exclude each other.
    """
    for name in params:
        if name in KNOWN:
            continue
        if name in _GIVEN:
            raise InvalidInput(f"{name} is no parameter of a set: it is {_GIVEN[name]}; leave it out")
        canonical = _ALIASES.get(name)
        if canonical is not None:
            raise InvalidInput(f"{name} is another name of {canonical}: use {canonical}")
        near = difflib.get_close_matches(name, KNOWN, 1)
        hint = f"did you mean {near[0]}?" if near else "see config/cv/lightgbm.json for what there is"
        raise InvalidInput(f"LightGBM has no parameter {name}: {hint}")
    objective = params.get("objective")
    if objective is not None and objective not in OBJECTIVES:
        near = difflib.get_close_matches(str(objective), OBJECTIVES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(OBJECTIVES))}"
        raise InvalidInput(f"LightGBM has no objective {objective}: {hint}")
    metric = params.get("metric") or ()
    for name in (metric,) if isinstance(metric, str) else metric:
        # LightGBM passes over a metric that it does not know: the others alone would stop training.
        if name not in METRICS:
            near = difflib.get_close_matches(str(name), METRICS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(METRICS))}"
            raise InvalidInput(f"LightGBM has no metric {name}: {hint}")
    check_values(table()["lightgbm"], params)
    check_conflicts(params)
    return _without_effect(params)


def _without_effect(params: Mapping[str, Any]) -> list[str]:
    notes = []
    if params.get("bagging_fraction", 1) < 1 and not params.get("bagging_freq", 0):
        notes.append("bagging_fraction has no effect without bagging_freq")
    if params.get("bagging_freq", 0) and params.get("bagging_fraction", 1) >= 1:
        notes.append("bagging_freq has no effect while bagging_fraction is 1")
    if "alpha" in params and params.get("objective") not in _WITH_ALPHA:
        notes.append(f"alpha has no effect on the objective {params.get('objective', 'of the task')}")
    depth, leaves = params.get("max_depth", -1), params.get("num_leaves", _DEFAULT_LEAVES)
    if 0 < depth < 31 and leaves > 2**depth:
        notes.append(f"num_leaves {leaves} has no effect: max_depth {depth} allows {2**depth}")
    return notes


def kind_of(task: str, classes: int) -> str:
    """What a fit predicts: 'binary', 'multiclass' or 'regression'."""
    if task == "regression":
        return "regression"
    return "binary" if classes == 2 else "multiclass"


def check_bins(params: Mapping[str, Any], binning: Mapping[str, Any]) -> None:
    """Raises InvalidInput where a set asks for other bins than its fold has: it would change nothing."""
    for name in BINNING:
        if name in params and params[name] != binning.get(name, _BIN_DEFAULTS[name]):
            raise InvalidInput(
                f"{name} {params[name]} differs from the bins of the fold, which all sets share: "
                "give it as a fixed parameter and not as one of the grid"
            )


def check_objective(objective: str, kind: str) -> None:
    """Raises InvalidInput where the objective cannot predict what the task asks for.

    A regression objective on two classes is allowed: its output is then taken as the probability.
    """
    allowed = _FITTING[kind]["objective"]
    if objective not in allowed:
        what = {
            "binary": "two classes",
            "multiclass": "more than two classes",
            "regression": "a numeric target",
        }
        raise InvalidInput(
            f"The objective {objective} does not fit {what[kind]}: use {_DEFAULT_OBJECTIVE[kind][0]}"
        )


def check_metrics(metric: str | Sequence[str], kind: str) -> None:
    """Raises InvalidInput where LightGBM could not compute a metric on such a target."""
    for name in (metric,) if isinstance(metric, str) else metric:
        if name not in _FITTING[kind]["metric"]:
            what = {"binary": "two classes", "multiclass": "more than two classes"}.get(
                kind, "a numeric target"
            )
            raise InvalidInput(
                f"The metric {name} does not fit {what}: use one of {', '.join(_FITTING[kind]['metric'])}"
            )


def layout(params: Mapping[str, Any]) -> Params:
    """How histograms are built. One of both is always forced, because LightGBM else times both and takes the
    faster: with several threads their sums differ in the last digits."""
    return {"force_row_wise": True} if params.get("force_row_wise") else {"force_col_wise": True}


def for_binning(fixed: Mapping[str, Any], seed: int, threads: int) -> Params:
    """The parameters of a Dataset. `seed` chooses the rows that place the bins, beyond 200,000 rows."""
    return {
        **{name: fixed[name] for name in BINNING if name in fixed},
        **layout(fixed),
        "seed": seed,
        # Else a feature is left out by the smallest leaf of the set that happens to bin it.
        "feature_pre_filter": False,
        "deterministic": True,
        "num_threads": threads,
        "verbosity": -1,
    }


def for_training(
    params: Mapping[str, Any], kind: str, classes: int, rows: int, seed: int, threads: int
) -> Params:
    """LightGBM's parameters for training, without those that shape the bins and without the rounds.

    `num_leaves` is lowered to what depth and rows allow: the histogram cache, which is leaves x columns x
    bins x 16 bytes whatever the rows, shrinks. No tree changes by depth, nor by rows where LightGBM counts
    them. Where it guesses the rows of a leaf by its hessians (binary, multiclass) a tree on few rows could
    have a few leaves more, of fewer than min_data_in_leaf rows each; here it does not get them.
    """
    objective, metric = _DEFAULT_OBJECTIVE[kind]
    settings = {name: value for name, value in params.items() if name not in BINNING}
    for name in ("num_iterations", "early_stopping_rounds", "early_stopping_min_delta"):
        settings.pop(name, None)
    settings.setdefault("objective", objective)
    if "metric" not in settings:
        settings["metric"] = metric if settings["objective"] == objective else [settings["objective"]]
    if kind == "multiclass":
        settings["num_class"] = classes
    return {
        **settings,
        **layout(params),
        "num_leaves": most_leaves(params, rows),
        "seed": seed,
        "deterministic": True,
        "num_threads": threads,
        "verbosity": -1,
    }


def most_leaves(params: Mapping[str, Any], rows: int) -> int:
    """The leaves that a tree can have: by num_leaves, by max_depth and by rows / min_data_in_leaf."""
    leaves = int(params.get("num_leaves", _DEFAULT_LEAVES))
    depth = int(params.get("max_depth", -1))
    if 0 < depth < 31:
        leaves = min(leaves, 2**depth)
    smallest = max(1, int(params.get("min_data_in_leaf", _DEFAULT_MINIMUM_IN_LEAF)))
    return max(2, min(leaves, rows // smallest))
