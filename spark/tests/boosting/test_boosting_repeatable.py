"""The same bytes from another process, and what may not change a figure: threads, leaves no tree can have."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from made_folds import FIXED, fold, made

from sevenfold_jobs.boosting import fit_set, parameters, refit

# Everything that draws: columns, rows, and the inner split of an unordered fold.
DRAWING: dict[str, Any] = {
    **FIXED,
    "num_iterations": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
}


def sums(folder: Path, threads: int = 1) -> dict[str, Any]:
    """Hashes of a fold's files and of the last model, and the figures of a fit."""
    X, y, _ = made()
    fold(folder, y, X, ordered=False, threads=threads)
    result = fit_set(folder, DRAWING, "classification", True, 42, threads)
    del result["detail"]["stages"]
    text, predict = refit((X, y), DRAWING, "classification", result["best_iteration"], 42, threads, (5,))
    contents = {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
    contents |= {"model": text.encode(), "predictions": predict(X).tobytes()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return {"hashes": hashes, "result": result}


def test_another_process_makes_the_same_bytes_and_figures(tmp_path: Path) -> None:
    here = sums(tmp_path / "here")
    other = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, sys; from pathlib import Path; from test_boosting_repeatable import sums;"
            "print(json.dumps(sums(Path(sys.argv[1]))))",
            str(tmp_path / "other"),
        ],
        env={"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[2]}", "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(other.stdout) == json.loads(json.dumps(here))


def test_two_threads_make_the_same_bytes_as_one(tmp_path: Path) -> None:
    one, two = sums(tmp_path / "one"), sums(tmp_path / "two", threads=2)
    assert one == two


def test_another_seed_makes_another_model() -> None:
    X, y, _ = made()
    texts = [refit((X, y), DRAWING, "classification", 5, seed, 1)[0] for seed in (1, 2, 1)]
    assert texts[0] == texts[2]
    assert texts[0] != texts[1]


def trees_of(settings: dict[str, Any], X: np.ndarray, y: np.ndarray, rounds: int = 30) -> list[str]:
    """The trees as text, without the settings that stand beside them."""
    data = lightgbm.Dataset(X, y, params=parameters.for_binning({}, 42, 1))
    text = lightgbm.train(settings, data, num_boost_round=rounds).model_to_string()
    return text[text.index("Tree=0") : text.index("end of trees")].split("\n\n")


@pytest.mark.parametrize(
    ("kind", "classes"),
    [("binary", 2), ("multiclass", 3), ("regression", 0)],
)
def test_leaves_that_the_depth_does_not_allow_change_no_tree(kind: str, classes: int) -> None:
    X, labels, score = made(300, classes or 2)
    y = labels if classes else score
    asked = {"num_leaves": 2048, "max_depth": 4, "min_data_in_leaf": 1}
    settings = parameters.for_training(asked, kind, classes, len(y), 42, 1)
    assert settings["num_leaves"] == 16
    trees = trees_of(settings, X, y)
    assert trees == trees_of({**settings, "num_leaves": 2048}, X, y)
    assert any("num_leaves=16\n" in tree for tree in trees)


@pytest.mark.parametrize("objective", ["regression", "huber", "regression_l1"])
@pytest.mark.parametrize("smallest", [1, 5, 20])
def test_leaves_that_the_rows_cannot_fill_change_no_tree_where_rows_are_counted(
    objective: str, smallest: int
) -> None:
    X, _, y = made(200)
    asked = {"num_leaves": 2048, "min_data_in_leaf": smallest, "objective": objective}
    settings = parameters.for_training(asked, "regression", 0, len(y), 42, 1)
    assert settings["num_leaves"] == 200 // smallest
    assert trees_of(settings, X, y) == trees_of({**settings, "num_leaves": 2048}, X, y)


def test_where_rows_are_guessed_no_tree_has_more_leaves_than_rows_allow() -> None:
    # LightGBM guesses the rows of a leaf by its hessians: left alone, some leaves of this get fewer than 20.
    X, y, _ = made(300, 3)
    settings = parameters.for_training(
        {"num_leaves": 2048, "learning_rate": 0.1}, "multiclass", 3, len(y), 42, 1
    )

    def most(leaves: int) -> int:
        data = lightgbm.Dataset(X, y, params=parameters.for_binning({}, 42, 1))
        booster = lightgbm.train({**settings, "num_leaves": leaves}, data, num_boost_round=60)
        return max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"])

    assert most(2048) > 15
    assert most(settings["num_leaves"]) == 15


def test_a_pool_for_all_histograms_changes_nothing_and_a_smaller_one_hardly(tmp_path: Path) -> None:
    X, _, y = made()
    fold(tmp_path, y, X, "regression")
    found = []
    for megabytes in (-1, 64, 0.01, 0.01):
        params = {**FIXED, "histogram_pool_size": megabytes, "num_iterations": 20}
        result = fit_set(tmp_path, params, "regression", True, 42, 1)
        found.append([result[name] for name in ("rmse", "mae", "r2")])
    assert found[0] == found[1]
    # Sums in another order decide near ties between splits otherwise, but always in the same way.
    assert found[2] == found[3]
    assert found[2] == pytest.approx(found[0], rel=0.01)


def test_the_pool_and_the_layout_of_histograms_reach_the_training() -> None:
    X, y, _ = made()
    text, _ = refit((X, y), {**FIXED, "histogram_pool_size": 48}, "classification", 3, 42, 1)
    assert "[histogram_pool_size: 48]\n" in text
    assert "[force_col_wise: 1]\n" in text
    assert "[deterministic: 1]\n" in text
    by_rows = {**FIXED, "force_col_wise": False, "force_row_wise": True}
    other, _ = refit((X, y), by_rows, "classification", 3, 42, 1)
    assert "[force_row_wise: 1]\n" in other
    assert "[force_col_wise: 0]\n" in other
