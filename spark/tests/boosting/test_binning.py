"""A fold on disk: which rows stop training, which are scored, and whether it is the same twice."""

import hashlib
import json
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from made_folds import fold, made

from sevenfold_jobs.common.failures import InvalidInput


def meta_of(folder: Path) -> dict:
    return json.loads((folder / "meta.json").read_bytes())


def labels_in(path: Path, reference: Path | None = None) -> np.ndarray:
    settings = meta_of(path.parent)["binning"]
    train = lightgbm.Dataset(str(reference), params=settings).construct() if reference else None
    return lightgbm.Dataset(str(path), reference=train, params=settings).construct().get_label()


def test_the_last_15_percent_of_an_ordered_window_stop_training(tmp_path: Path) -> None:
    X, _, y = made()
    bins = fold(tmp_path, y, X, "regression")
    assert bins["rows"] == {"train": 382, "stopping": 68, "test": 150}
    np.testing.assert_array_equal(labels_in(tmp_path / "train.bin"), y[:382].astype(np.float32))
    stopping = labels_in(tmp_path / "valid.bin", tmp_path / "train.bin")
    np.testing.assert_array_equal(stopping, y[382:450].astype(np.float32))


def test_positions_and_a_slice_of_the_same_rows_make_the_same_fold(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path / "slice", y, X)
    fold(tmp_path / "positions", y, X, train=np.arange(450), test=np.arange(450, 600))
    for name in ("train.bin", "valid.bin", "X_test.npy", "y_test.npy"):
        assert (tmp_path / "slice" / name).read_bytes() == (tmp_path / "positions" / name).read_bytes()


def test_without_order_the_inner_split_keeps_the_shares_of_the_classes(tmp_path: Path) -> None:
    X, _, score = made()
    y = (score > np.quantile(score, 0.9)).astype(int)
    random = np.random.Generator(np.random.PCG64(3))
    train = np.sort(random.permutation(600)[:480])
    bins = fold(tmp_path, y, X, ordered=False, train=train, test=np.setdiff1d(np.arange(600), train))
    positives = y[train].sum()
    stopping = labels_in(tmp_path / "valid.bin", tmp_path / "train.bin")
    assert bins["rows"]["train"] + bins["rows"]["stopping"] == 480
    assert stopping.sum() == round(0.15 * positives)
    assert labels_in(tmp_path / "train.bin").sum() == positives - stopping.sum()


def test_another_seed_draws_another_inner_split(tmp_path: Path) -> None:
    X, _, y = made()
    for name, seed in (("a", 1), ("b", 2), ("again", 1)):
        fold(tmp_path / name, y, X, "regression", ordered=False, seed=seed)
    stopping = {
        name: labels_in(tmp_path / name / "valid.bin", tmp_path / name / "train.bin")
        for name in ("a", "b", "again")
    }
    assert not np.array_equal(stopping["a"], stopping["b"])
    np.testing.assert_array_equal(stopping["a"], stopping["again"])


def test_for_parity_the_test_block_itself_stops_training(tmp_path: Path) -> None:
    X, y, _ = made()
    bins = fold(tmp_path, y, X, honest=False)
    assert bins["rows"] == {"train": 450, "stopping": 150, "test": 150}
    np.testing.assert_array_equal(labels_in(tmp_path / "valid.bin", tmp_path / "train.bin"), y[450:])


def test_the_same_fold_has_the_same_bytes(tmp_path: Path) -> None:
    X, y, _ = made()
    sums = []
    for name in ("first", "second"):
        fold(tmp_path / name, y, X)
        files = sorted((tmp_path / name).iterdir())
        sums.append([(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files])
    assert sums[0] == sums[1]
    assert [name for name, _ in sums[0]] == [
        "X_test.npy",
        "meta.json",
        "train.bin",
        "valid.bin",
        "y_test.npy",
    ]


def test_a_fold_binned_over_an_older_one_leaves_nothing_of_it(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    everything = fold(tmp_path, y, X, honest=False, train=slice(0, 600), test=slice(0, 0))
    assert not (tmp_path / "valid.bin").exists()
    assert everything["rows"] == {"train": 600, "stopping": 0, "test": 0}
    assert meta_of(tmp_path)["trainRows"] == 600


def test_a_fold_that_was_not_finished_has_no_meta(tmp_path: Path) -> None:
    X, y, _ = made()
    fold(tmp_path, y, X)
    with pytest.raises(lightgbm.basic.LightGBMError):
        fold(tmp_path, y, X, fixed={"max_bin": 1})
    assert not (tmp_path / "meta.json").exists()
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_classes_are_those_of_all_rows_in_their_order(tmp_path: Path) -> None:
    X, labels, _ = made()
    y = np.array(["no", "yes"])[labels]
    assert fold(tmp_path, y, X)["classes"] == ["no", "yes"]
    np.testing.assert_array_equal(np.load(tmp_path / "y_test.npy"), labels[450:])


def test_one_class_and_one_row_are_refused(tmp_path: Path) -> None:
    X, y, _ = made()
    with pytest.raises(InvalidInput, match="The target has 1 class: a classification needs two"):
        fold(tmp_path, np.zeros(len(y)), X)
    with pytest.raises(InvalidInput, match="has 1 rows to train on"):
        fold(tmp_path, y, X, honest=False, train=slice(0, 1))
