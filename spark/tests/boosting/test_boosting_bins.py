"""What the bins of a fold know: the rows that are fitted and nothing else; and that they lose nothing."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from made_folds import FIXED, fold, made

from sevenfold_jobs.boosting import bin_fold, fit_set, predictor, refit
from sevenfold_jobs.boosting.scoring import of_classes, of_numbers

PARITY: dict[str, Any] = {
    **FIXED,
    "objective": "huber",
    "metric": ["huber", "binary_logloss"],
    "alpha": 0.2,
}
SETTINGS: dict[str, Any] = {
    "num_leaves": 31,
    "learning_rate": 0.1,
    "max_bin": 63,
    "min_data_in_leaf": 5,
    "seed": 42,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


def from_arrays(
    X: np.ndarray, y: np.ndarray, changes: dict[str, Any], stopping: slice
) -> tuple[np.ndarray, int]:
    """What LightGBM predicts for rows 450 on when no bins are stored, and its best round."""
    train = slice(0, 450 if stopping.start == 450 else stopping.start)
    data = lightgbm.Dataset(X[train], y[train], categorical_feature=[5])
    booster = lightgbm.train(
        {**SETTINGS, **changes},
        data,
        400,
        valid_sets=[data.create_valid(X[stopping], y[stopping])],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
    )
    return booster.predict(X[450:], num_iteration=booster.best_iteration), booster.best_iteration


@pytest.mark.parametrize(
    ("task", "classes", "changes"),
    [
        ("classification", 2, {"objective": "binary", "metric": ["binary_logloss"]}),
        ("classification", 3, {"objective": "multiclass", "metric": ["multi_logloss"], "num_class": 3}),
        ("regression", 0, {"objective": "regression", "metric": ["rmse"]}),
    ],
)
def test_stored_bins_give_the_figures_of_the_arrays(
    tmp_path: Path, task: str, classes: int, changes: dict[str, Any]
) -> None:
    X, labels, score = made(classes=classes or 2)
    y = labels if classes else score
    fold(tmp_path, y, X, task)
    found = fit_set(tmp_path, FIXED, task, True, 42, 1)
    predicted, best = from_arrays(X, y, changes, slice(382, 450))
    expected = of_classes(y[450:], predicted, range(classes)) if classes else of_numbers(y[450:], predicted)
    assert found["best_iteration"] == best
    for name in expected.keys() - {"detail"}:
        assert found[name] == pytest.approx(expected[name], abs=1e-9)


def test_parity_gives_the_figures_of_the_arrays(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X, honest=False)
    found = fit_set(tmp_path, PARITY, "classification", False, 42, 1)
    changes = {name: PARITY[name] for name in ("objective", "metric", "alpha")}
    predicted, best = from_arrays(X, y, changes, slice(450, 600))
    assert found["best_iteration"] == best
    expected = of_classes(y[450:], predicted, [0, 1])
    for name in expected.keys() - {"detail"}:
        assert found[name] == pytest.approx(expected[name], abs=1e-9)
    assert found["detail"]["classification_report"] == expected["detail"]["classification_report"]


def test_parity_takes_the_output_as_a_probability_even_where_it_is_none(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X, honest=False)
    params = {
        **PARITY,
        "learning_rate": 0.5,
        "min_data_in_leaf": 1,
        "num_iterations": 60,
        "early_stopping_rounds": 0,
    }
    found = fit_set(tmp_path, params, "classification", False, 42, 1)
    _, predict = refit((X[:450], y[:450]), params, "classification", 60, 42, 1, (5,))
    output = predict(X[450:])
    assert output.min() < 0
    assert output.max() > 1
    expected = of_classes(y[450:], output, [0, 1])
    for name in expected.keys() - {"detail"}:
        assert found[name] == pytest.approx(expected[name], abs=1e-9)


@pytest.mark.parametrize("ordered", [True, False])
def test_no_value_of_the_test_block_reaches_bins_or_stopping(tmp_path: Path, ordered: bool) -> None:
    X, y, _ = made()
    fold(tmp_path / "as it is", y, X, ordered=ordered)
    other, turned = X.copy(), y.copy()
    other[450:, :5] = 1e6 * (1 + other[450:, :5])
    other[450:, 5] = 9
    turned[450:] = 1 - turned[450:]
    fold(tmp_path / "another", turned, other, ordered=ordered)
    for name in ("train.bin", "valid.bin"):
        assert (tmp_path / "as it is" / name).read_bytes() == (tmp_path / "another" / name).read_bytes()
    rounds = {
        fit_set(tmp_path / name, FIXED, "classification", True, 42, 1)["best_iteration"]
        for name in ("as it is", "another")
    }
    assert len(rounds) == 1


def test_rows_that_stop_training_do_not_place_the_bins(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path / "as it is", y, X)
    other = X.copy()
    other[382:450, :5] += 1e6
    fold(tmp_path / "another", y, other)
    both = [(tmp_path / name / "train.bin").read_bytes() for name in ("as it is", "another")]
    assert both[0] == both[1]


@pytest.mark.parametrize(("rows", "stopping"), [(2, 0), (3, 0), (4, 1), (20, 3), (101, 15), (450, 68)])
@pytest.mark.parametrize("as_positions", [True, False])
def test_15_percent_are_counted_in_rows_however_few(
    tmp_path: Path, rows: int, stopping: int, as_positions: bool
) -> None:
    X, _, y = made()
    train = np.arange(100, 100 + rows) if as_positions else slice(100, 100 + rows)
    counts = fold(tmp_path, y, X, "regression", train=train)["rows"]
    assert counts == {"train": rows - stopping, "stopping": stopping, "test": 150}
    assert (tmp_path / "valid.bin").exists() == (stopping > 0)


def test_a_fold_without_rows_to_stop_on_is_fitted_to_its_end(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X, train=np.array([0, 1, 2]))
    result = fit_set(tmp_path, {**FIXED, "num_iterations": 5}, "classification", True, 42, 1)
    assert result["detail"]["stopped_on"] is None


def of_codes(rows: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """One column of 12 codes in no order: every third belongs to class 1."""
    random = np.random.Generator(np.random.PCG64(5))
    codes = random.integers(0, 12, rows).astype(float)
    return codes[:, None], ((codes % 3 == 0) ^ (random.random(rows) < 0.05)).astype(int)


ONE_SPLIT = {
    "num_leaves": 2,
    "num_iterations": 20,
    "min_data_per_group": 5,
    "cat_smooth": 1.0,
    "max_cat_to_onehot": 1,
}


def test_codes_are_sets_and_not_numbers(tmp_path: Path) -> None:
    X, y = of_codes()
    found = {}
    for name, categorical in (("sets", [0]), ("numbers", [])):
        fold(tmp_path / name, y, X, categorical=categorical, fixed=ONE_SPLIT)
        found[name] = fit_set(tmp_path / name, ONE_SPLIT, "classification", True, 42, 1)["accuracy"]
    assert found["sets"] > 0.9
    assert found["numbers"] < 0.8


def test_a_set_splits_codes_again_after_the_model_was_stored() -> None:
    X, y = of_codes()
    text, predict = refit((X, y), ONE_SPLIT, "classification", 20, 42, 1, (0,))
    tree = lightgbm.Booster(model_str=text).dump_model()["tree_info"][0]["tree_structure"]
    assert tree["decision_type"] == "=="
    seen = np.arange(12.0)[:, None]
    np.testing.assert_array_equal(predictor(text)(seen) > 0.5, np.arange(12) % 3 == 0)
    # A code never seen and a gap get a probability too.
    unknown = predict(np.array([[99.0], [np.nan]]))
    assert ((unknown > 0) & (unknown < 1)).all()


def test_numbering_the_codes_otherwise_changes_no_figure(tmp_path: Path) -> None:
    X, y = of_codes()
    renamed = np.random.Generator(np.random.PCG64(6)).permutation(12)[X[:, 0].astype(int)][:, None]
    found = []
    for name, codes in (("codes", X), ("renamed", renamed.astype(float))):
        fold(tmp_path / name, y, codes, categorical=[0], fixed=ONE_SPLIT)
        result = fit_set(tmp_path / name, ONE_SPLIT, "classification", True, 42, 1)
        found.append([result[each] for each in ("accuracy", "auc", "log_loss")])
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_gaps_are_distinguished_from_values(tmp_path: Path) -> None:
    random = np.random.Generator(np.random.PCG64(7))
    X = random.standard_normal((600, 1))
    y = (random.random(600) < 0.4).astype(int)
    X[y == 1] = np.nan
    fold(tmp_path, y, X, categorical=[])
    assert fit_set(tmp_path, FIXED, "classification", True, 42, 1)["accuracy"] == 1.0


def test_columns_of_another_layout_in_memory_make_the_same_bins(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path / "rows", y, X)
    fold(tmp_path / "columns", y, np.asfortranarray(X))
    for name in ("train.bin", "valid.bin", "X_test.npy"):
        assert (tmp_path / "rows" / name).read_bytes() == (tmp_path / "columns" / name).read_bytes()


def test_the_summary_of_a_fold_counts_the_files_and_all_its_rows(tmp_path: Path) -> None:
    X, y, _ = made()
    settings = bin_fold(
        tmp_path, X, y, [5], slice(0, 450), slice(450, 600), FIXED, "classification", True, True, 42
    )
    assert settings["bytes"] == sum(file.stat().st_size for file in tmp_path.iterdir())
    assert settings["estimateMb"] > 0
