"""Columns in their roles: by type, by name, by what a request says."""

import numpy as np
import pyarrow as pa
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.columns import categories_of, numbers_of
from sevenfold_jobs.cv.request import read_request
from sevenfold_jobs.cv.roles import read_roles, strata_of


def asked(**given):
    return read_request(
        {
            "path": "x",
            "name": "rows",
            "source": "x",
            "sourceSha256": "",
            "dataVersion": "v",
            "objectRoot": "o",
            "task": "survival",
            "folds": 2,
            "splitter": "stratified",
            "seed": 42,
            **given,
        }
    )


def rows(count=200, **columns):
    generator = np.random.default_rng(4)
    return pa.table(
        {
            "time": generator.exponential(5, count) + 0.1,
            "event": (generator.random(count) < 0.7).astype(np.int8),
            **columns,
        }
    )


def code(count=200, levels=("1", "2", "10")):
    return np.random.default_rng(5).choice(levels, count)


def test_defaults_find_the_columns_of_both_kinds_of_file():
    panel = rows(x=np.arange(200.0)).rename_columns(["survival_months", "is_terminated", "x"])
    panel = panel.append_column("account_entities_key", pa.array([f"k{each}" for each in range(200)]))
    table = read_roles(panel, asked())
    assert (table.features, table.id_name) == (["x"], "account_entities_key")
    assert read_roles(rows(x=np.arange(200.0)), asked()).id_name is None


def test_text_is_categorical_and_numbers_are_numeric():
    kind = code(levels=("a", "b"))
    table = read_roles(rows(x=np.arange(200) % 3, flag=np.arange(200) % 2 == 0, kind=kind), asked())
    assert (list(table.numbers), list(table.categories)) == (["x", "flag"], ["kind"])
    assert set(table.numbers["flag"]) == {0.0, 1.0}


def test_text_of_numbers_is_numeric_unless_it_is_listed_or_a_code():
    columns = {"score": code(), "word": code(levels=("x", "y")), "post": code(levels=("01", "10"))}
    table = read_roles(rows(**columns, listed=code(), digit=np.arange(200) % 3), asked())
    assert (list(table.numbers), list(table.categories)) == (["score", "listed", "digit"], ["word", "post"])
    assert set(table.numbers["score"]) == {1.0, 2.0, 10.0}
    table = read_roles(
        rows(**columns, listed=code(), digit=np.arange(200) % 3), asked(categorical=["listed", "digit"])
    )
    assert list(table.numbers) == ["score"]
    assert table.categories["digit"].levels == ["0", "1", "2"]


def test_features_have_the_order_of_the_request():
    source = rows(a=np.arange(200.0), b=np.arange(200.0) ** 2, c=np.arange(200.0) % 7)
    table = read_roles(source, asked(features=["c", "a"]))
    assert table.features == ["c", "a"]
    assert {"name": "b", "reason": "not asked for"} in table.left_out


def test_infinite_values_count_as_missing():
    values = np.arange(200.0)
    values[:3] = np.inf
    table = read_roles(rows(x=values), asked())
    assert np.isnan(table.numbers["x"]).sum() == 3
    assert table.warnings == ["Column x has 3 infinite values, which count as missing."]


def test_strata_are_combinations_with_gaps_as_a_level():
    kind = [None if each % 10 == 0 else "ab"[each % 2] for each in range(400)]
    group = ["x" if each < 200 else "y" for each in range(400)]
    table = read_roles(rows(400, kind=kind, group=group), asked())
    codes, names = strata_of(table, table.strata)
    assert set(names) == {f"{one} / {two}" for one in ("a", "b", "(missing)") for two in "xy"}
    assert [names[each] for each in codes[[0, 1, 2, 399]]] == ["(missing) / x", "b / x", "a / x", "b / y"]


def test_strata_that_nobody_asked_for_stay_few():
    many = np.array([f"m{each % 30}" for each in range(400)])
    few = np.array(["x", "y"] * 200)
    table = read_roles(rows(400, many=many, few=few), asked())
    assert len(strata_of(table, table.strata)[1]) <= table.event.sum() / 10
    assert any("there would be more than" in each for each in table.warnings)
    assert read_roles(rows(400, many=many, few=few), asked(strata=["many", "few"])).strata == ["many", "few"]


def test_classes_of_dropped_rows_are_none():
    source = pa.table(
        {
            "target": ["a"] * 50 + ["b"] * 50 + ["c"],
            "x": pa.array([float(each) for each in range(100)] + [None]),
        }
    )
    table = read_roles(source, asked(task="classification", completeRows=True))
    assert table.classes == ["a", "b"]
    assert set(table.target) == {0, 1}


def test_numbers_as_classes_are_in_their_own_order():
    source = pa.table({"target": [10, 2, 2, 10], "x": [1.0, 2.0, 3.0, 4.0]})
    table = read_roles(source, asked(task="classification"))
    assert (table.classes, table.target.tolist()) == (["2", "10"], [1, 0, 0, 1])


def test_levels_are_sorted_by_value_and_gaps_are_minus_one():
    column = categories_of(pa.chunked_array([["b", None, "a"], ["b"]]))
    assert (column.levels, column.codes.tolist()) == (["a", "b"], [1, -1, 0, 1])
    encoded = pa.chunked_array([pa.array(["b", None, "a"]).dictionary_encode()])
    assert categories_of(encoded).codes.tolist() == [1, -1, 0]
    assert categories_of(pa.chunked_array([[10.0, 2.0]])).levels == ["2", "10"]


def test_texts_become_numbers_with_gaps():
    numbers = numbers_of(pa.chunked_array([[" 1.5", None, "2"]]))
    np.testing.assert_array_equal(numbers, [1.5, np.nan, 2.0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"event": "evnt"}, "did you mean 'event'"),
        ({"categorical": ["kin"]}, "did you mean 'kind'"),
        ({"strata": ["knd"]}, "did you mean 'kind'"),
        ({"id": "idd"}, "Column 'idd' is unknown"),
        ({"exclude": ["x", "kind"]}, "rows has no column left that can be a feature"),
        ({"time": "kind"}, "Column 'kind' is the time and must hold numbers, not text such as"),
    ],
)
def test_what_cannot_be_is_named(given, message):
    with pytest.raises(InvalidInput, match=message):
        read_roles(rows(x=np.arange(200.0), kind=code(levels=("a", "b"))), asked(**given))
