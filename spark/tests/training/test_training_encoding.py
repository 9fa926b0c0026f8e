"""What could go wrong between columns and a matrix: leaks from other rows, unseen levels, gaps."""

import json

import numpy as np
import pytest
from made_columns import HOSTILE, made

from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.encoding import Encoder, strongest


@pytest.mark.parametrize("kind", ["native", "linear"])
def test_rows_outside_training_change_nothing(kind: str) -> None:
    columns, _ = made(400, many=150)
    training = np.arange(300)
    fitted = Encoder.fit(columns, training, kind)
    other = columns.take(np.arange(400))
    other.numbers["x"][300:] = 1e9
    other.categories["many"].codes[300:] = 3
    assert Encoder.fit(other, training, kind).as_json() == fitted.as_json()


@pytest.mark.parametrize("kind", ["native", "linear"])
def test_json_gives_the_same_matrix_whatever_the_chunks(kind: str) -> None:
    columns, _ = made(500, many=150)
    fitted = Encoder.fit(columns, np.arange(400), kind)
    again = Encoder.from_json(json.loads(json.dumps(fitted.as_json())))
    whole = fitted.transform(columns)
    pieces = [again.transform(columns, np.arange(start, min(start + 37, 500))) for start in range(0, 500, 37)]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()
    assert whole.flags.c_contiguous
    assert len(fitted.features) == whole.shape[1]
    assert "same" not in {each["of"] for each in fitted.features}


def test_levels_meet_by_name_and_unseen_ones_are_counted() -> None:
    column = Categorical(np.array([0, 1, 0, 1, -1], np.int32), ["blue", "red"])
    fitted = Encoder.fit(Columns(5, {}, {"colour": column}), np.arange(4), "native")
    new = Columns(4, {}, {"colour": Categorical(np.array([0, 1, 2, -1], np.int32), ["black", "blue", "red"])})
    np.testing.assert_array_equal(fitted.transform(new)[:, 0], [np.nan, 0.0, 1.0, np.nan])
    assert fitted.unseen(new) == {"colour": 1}
    assert fitted.categorical == [0]


def test_linear_gives_unseen_levels_zeros_and_rare_ones_a_column_together() -> None:
    codes = np.repeat(np.arange(4), [30, 30, 5, 5]).astype(np.int32)
    columns = Columns(70, {}, {"c": Categorical(codes, ["a", "b", "p", "q"])})
    fitted = Encoder.fit(columns, np.arange(70), "linear")
    assert [each["name"] for each in fitted.features] == ["c = a", "c = b", "c = (rare)"]
    new = Columns(3, {}, {"c": Categorical(np.array([0, 1, 2], np.int32), ["b", "p", "z"])})
    np.testing.assert_array_equal(fitted.transform(new), [[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert fitted.unseen(new) == {"c": 1}


def test_linear_fills_gaps_with_the_training_median_and_says_so() -> None:
    values = np.array([1.0, 2.0, 6.0, np.nan, 50.0])
    fitted = Encoder.fit(Columns(5, {"x": values}, {}), np.arange(4), "linear")
    encoded = fitted.transform(Columns(1, {"x": np.array([np.nan])}, {}))
    filled = np.array([1.0, 2.0, 6.0, 2.0])
    assert encoded[0, 0] == pytest.approx((2.0 - filled.mean()) / filled.std())
    assert [each["name"] for each in fitted.features] == ["x", "x is missing"]
    assert encoded[0, 1] > 0


@pytest.mark.parametrize("kind", ["native", "linear"])
def test_above_a_hundred_levels_a_column_counts_training_rows(kind: str) -> None:
    columns, _ = made(2_000, many=300)
    fitted = Encoder.fit(columns, np.arange(1_000), kind)
    assert [each["of"] for each in fitted.features].count("many") == 1
    new = columns.only(columns.names)
    new.categories["many"] = Categorical(np.zeros(2_000, np.int32), ["never seen"])
    encoded = fitted.transform(new)[:, -1]
    assert np.ptp(encoded) == 0
    assert (encoded[0] == 0) if kind == "native" else (encoded[0] < 0)
    assert fitted.unseen(new) == {"many": 2_000}


def test_the_strongest_columns_are_chosen_in_the_training_rows_alone() -> None:
    rng = np.random.default_rng(0)
    noise = {f"n{number}": rng.normal(size=600) for number in range(40)}
    y = rng.integers(0, 2, 600)
    # Tells all in the rows outside, nothing in those of training.
    noise["later"] = np.where(np.arange(600) < 300, rng.normal(size=600), y * 10.0)
    noise[HOSTILE] = rng.normal(size=600) + y
    columns = Columns(600, noise, {})
    fitted = Encoder.fit(columns, np.arange(300), "linear", y, "classification", 3)
    chosen = {each["of"] for each in fitted.features}
    assert len(chosen) == 3
    assert HOSTILE in chosen
    assert "later" not in chosen
    assert strongest(columns, np.arange(600), y.astype(float), False, 1) == {"later"}
