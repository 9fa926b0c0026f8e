"""Generated hourly series: components, labels that depend on the past, and the originals for parity."""

import json
import math

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.generated import components
from sevenfold_jobs.generated.regression import regression
from sevenfold_jobs.generated.time_series import time_series


def features_of(table: pa.Table) -> np.ndarray:
    names = [name for name in table.column_names if name.startswith("feature_")]
    return np.column_stack([table[name].to_numpy() for name in names])


def target_of(table: pa.Table) -> np.ndarray:
    return table["target"].to_numpy()


def test_parity_is_the_original_written_out_row_by_row() -> None:
    rows, count = 400, 20
    X, y = make_classification(
        n_samples=rows,
        n_features=count,
        n_informative=4,
        n_redundant=2,
        n_repeated=1,
        n_classes=2,
        class_sep=1.5,
        flip_y=0.05,
        weights=[0.6, 0.4],
        random_state=42,
        shuffle=True,
    )
    for i in range(count):
        for t in range(rows):
            if i % 4 == 0:
                X[t, i] += 0.001 * t
            elif i % 4 == 1:
                X[t, i] += 0.3 * math.sin(2 * math.pi * t / 7)
            elif i % 4 == 2:
                X[t, i] += 0.5 * math.sin(2 * math.pi * t / 30)
            elif t > 0:
                X[t, i] = 0.8 * X[t - 1, i] + 0.2 * X[t, i]
    table = time_series(rows, count, 42, parity=True)
    np.testing.assert_allclose(features_of(table), X, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(target_of(table), y)


def test_rows_are_hours_from_2000() -> None:
    dates = time_series(100, 10, 1)["date"]
    assert pa.types.is_timestamp(dates.type)
    values = dates.to_numpy()
    assert values[0] == np.datetime64("2000-01-01T00:00")
    assert set(np.diff(values)) == {np.timedelta64(1, "h")}


@pytest.mark.parametrize("make", [time_series, regression])
def test_the_same_seed_makes_the_same_rows_and_another_makes_others(make) -> None:
    assert make(300, 12, 5).equals(make(300, 12, 5), check_metadata=True)
    assert not make(300, 12, 5).equals(make(300, 12, 6))


def test_the_file_says_what_made_it_and_what_was_added() -> None:
    for table, generator, parity in (
        (time_series(100, 10, 7, parity=True), "timeseries", True),
        (regression(100, 10, 7), "regression", False),
    ):
        origin = json.loads(table.schema.metadata[b"sevenfold"])
        shown = {name: origin["components"][f"feature_{name}"] for name in (0, 1, 2, 3, 4)}
        assert shown == {0: "trend", 1: "weekly", 2: "monthly", 3: "autocorrelation", 4: "trend"}
        assert (origin["generator"], origin["seed"], origin["parity"]) == (generator, 7, parity)
        assert origin["synthetic"] is True


@pytest.fixture
def noise() -> np.ndarray:
    return 2.0 + 1.5 * np.random.Generator(np.random.PCG64(0)).standard_normal((20_000, 4))


def test_a_trend_rises_by_three_deviations_at_most(noise: np.ndarray) -> None:
    before = noise.copy()
    components.add(noise)
    rise = noise[:, 0] - before[:, 0]
    assert rise[0] == 0
    assert rise[-1] == pytest.approx(3 * before[:, 0].std(), rel=1e-3)
    short = before[:500].copy()
    components.add(short)
    assert short[-1, 0] - before[499, 0] == pytest.approx(0.499)


@pytest.mark.parametrize(("column", "hours", "height"), [(1, 168, 0.3), (2, 720, 0.5)])
def test_a_week_has_168_rows_and_a_month_720(
    noise: np.ndarray, column: int, hours: int, height: float
) -> None:
    before = noise.copy()
    components.add(noise)
    wave = noise[:, column] - before[:, column]
    np.testing.assert_allclose(wave[:-hours], wave[hours:], atol=1e-9)
    assert wave.max() == pytest.approx(height)
    assert abs(wave[hours // 4] - height) < 1e-9


def test_smoothing_keeps_mean_deviation_and_first_value(noise: np.ndarray) -> None:
    before = noise[:, 3].copy()
    components.add(noise)
    smooth = noise[:, 3]
    assert smooth[0] == pytest.approx(before[0])
    assert smooth.mean() == pytest.approx(before.mean(), abs=0.1)
    assert smooth.std() == pytest.approx(before.std(), rel=0.05)
    centred = smooth - smooth.mean()
    assert np.mean(centred[1:] * centred[:-1]) / smooth.var() == pytest.approx(0.8, abs=0.02)


def auc(X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    settings = {"objective": "binary", "num_leaves": 31, "verbosity": -1, "num_threads": 1, "seed": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X[train], y[train]), 100)
    return roc_auc_score(y[test], booster.predict(X[test]))


def test_folds_at_random_flatter_and_folds_in_time_do_not() -> None:
    rows = 8000
    table = time_series(rows, 20, 42)
    X, y = features_of(table), target_of(table)
    in_time = np.arange(rows) >= 3 * rows // 4
    at_random = np.random.Generator(np.random.PCG64(2)).permutation(in_time)
    assert auc(X, y, ~at_random, at_random) > auc(X, y, ~in_time, in_time) + 0.02


def test_a_label_depends_on_the_rows_before_it() -> None:
    y = target_of(time_series(20_000, 20, 42)).astype(float)
    original = target_of(time_series(20_000, 20, 42, parity=True)).astype(float)
    near = [np.corrcoef(labels[1:], labels[:-1])[0, 1] for labels in (y, original)]
    assert near[0] > 0.1
    assert abs(near[1]) < 0.03


def test_four_of_ten_labels_are_1() -> None:
    for parity in (False, True):
        assert target_of(time_series(5000, 20, 42, parity)).mean() == pytest.approx(0.4, abs=0.02)


def test_a_numeric_target_follows_the_features_of_the_time_series() -> None:
    numbers, classes = regression(3000, 20, 42), time_series(3000, 20, 42)
    np.testing.assert_array_equal(features_of(numbers), features_of(classes))
    assert pa.types.is_floating(numbers["target"].type)
    apart = pc.mean(numbers["target"].filter(pc.equal(classes["target"], 1))).as_py()
    assert apart > pc.mean(numbers["target"]).as_py() + 10


@pytest.mark.parametrize("make", [time_series, regression])
def test_too_little_is_refused(make) -> None:
    with pytest.raises(InvalidInput, match="99 rows are too few: give at least 100"):
        make(99, 20)
    with pytest.raises(InvalidInput, match="9 features are too few: give at least 10"):
        make(100, 9)
