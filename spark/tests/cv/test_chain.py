"""The preprocessing chain against scikit-learn's, and what it does with what training has not seen."""

import json

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sevenfold_jobs.cv.chain import Chain
from sevenfold_jobs.cv.columns import MISSING, Categorical

LEVELS = ["a", "b", "c", "d"]


def columns(rows=500, seed=3):
    generator = np.random.default_rng(seed)
    numbers = {
        "one": generator.normal(5, 3, rows),
        "two": generator.gamma(2, 100, rows),
        "flat": np.full(rows, 0.1),
    }
    numbers["two"][generator.random(rows) < 0.2] = np.nan
    codes = generator.integers(0, 3, rows).astype(np.int32)
    codes[-20:] = 3  # a level of the last rows alone
    codes[generator.random(rows) < 0.1] = -1
    return numbers, {"kind": Categorical(codes, LEVELS)}


def of_scikit_learn(numbers, categories, train, rows):
    # Missing as a level of its own, the last.
    kinds = np.array([*LEVELS, "zz missing"])[categories["kind"].codes][:, None]
    X = np.column_stack(list(numbers.values()))
    chain = make_pipeline(
        ColumnTransformer(
            [
                (
                    "numeric",
                    make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
                    list(range(X.shape[1])),
                ),
                (
                    "kind",
                    OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False),
                    [X.shape[1]],
                ),
            ]
        ),
        VarianceThreshold(1e-12),
    )
    whole = np.empty((len(X), X.shape[1] + 1), object)
    whole[:, :-1], whole[:, -1:] = X, kinds
    chain.fit(whole[train])
    return chain.transform(whole[rows])


@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_encoded_rows_are_those_of_scikit_learn():
    numbers, categories = columns()
    train, test = np.arange(400), np.arange(400, 500)
    chain = Chain.fit(numbers, categories, train)
    for rows in (train, test):
        expected = of_scikit_learn(numbers, categories, train, rows)
        np.testing.assert_allclose(chain.transform(numbers, categories, rows), expected, atol=1e-12)
    names = ["one", "two", "two is missing", "kind = b", "kind = c", f"kind = {MISSING}"]
    assert [each["name"] for each in chain.columns] == names
    assert chain.dummies_of(["kind"]) == [3, 4, 5]


def test_gaps_are_filled_with_the_median_of_training_rows():
    numbers = {"x": np.array([1.0, 2.0, 9.0, np.nan, np.nan])}
    chain = Chain.fit(numbers, {}, np.array([0, 1, 2]))
    assert chain.numeric[0]["median"] == 2.0
    encoded = chain.transform(numbers, {}, np.array([1, 3, 4]))
    # Training has no gaps, so there is no indicator.
    assert encoded.shape == (3, 1)
    assert encoded[0, 0] == encoded[1, 0] == encoded[2, 0]


def test_an_unknown_level_is_all_zeros():
    column = Categorical(np.array([0, 1, 2, 3], np.int32), LEVELS)
    chain = Chain.fit({}, {"kind": column}, np.array([0, 1, 2]))
    assert chain.transform({}, {"kind": column}, np.array([3])).tolist() == [[0.0, 0.0]]


def test_test_rows_change_nothing():
    numbers, categories = columns()
    train = np.arange(400)
    before = Chain.fit(numbers, categories, train)
    numbers["one"][400:] = 1e9
    numbers["flat"][400:] = 7.0
    assert Chain.fit(numbers, categories, train) == before


def test_a_column_of_one_value_and_gaps_keeps_its_indicator():
    numbers = {"x": np.array([4.0, np.nan, 4.0, np.nan, 4.0])}
    chain = Chain.fit(numbers, {}, np.arange(5))
    assert [each["name"] for each in chain.columns] == ["x is missing"]


def test_a_chain_is_kept_as_json():
    numbers, categories = columns()
    chain = Chain.fit(numbers, categories, np.arange(400))
    again = Chain.from_json(json.loads(json.dumps(chain.as_json())))
    rows = np.arange(500)
    assert np.array_equal(
        again.transform(numbers, categories, rows), chain.transform(numbers, categories, rows)
    )


def test_transforming_leaves_the_columns_alone():
    numbers, categories = columns()
    before = {name: values.copy() for name, values in numbers.items()}
    Chain.fit(numbers, categories, np.arange(500)).transform(numbers, categories, np.arange(500))
    for name, values in numbers.items():
        np.testing.assert_array_equal(values, before[name])
