"""From a file to roles: CSV and Parquet alike, ids as they stand, no row number as a feature."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_roles import asked

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.reading import read_source
from sevenfold_jobs.cv.roles import read_roles

COUNT = 60


def frame(**columns):
    generator = np.random.default_rng(3)
    known = {
        "time": np.round(generator.exponential(5, COUNT) + 0.1, 2),
        "event": (generator.random(COUNT) < 0.7).astype(int),
        "age": np.round(generator.normal(60, 9, COUNT), 1),
    }
    return pd.DataFrame(known | columns)


def from_csv(tmp_path, table, *, request=None, **written):
    path = tmp_path / "rows.csv"
    table.to_csv(path, **{"index": False} | written)
    return read_roles(read_source(path), request or asked())


def from_parquet(tmp_path, table, *, request=None):
    path = tmp_path / "rows.parquet"
    table.to_parquet(path)
    return read_roles(read_source(path), request or asked())


@pytest.mark.parametrize(
    "ids", [["000001", "2E2", "1e5"], ["89490000000000000001", "89490000000000000002"], ["NA", "?", " x"]]
)
def test_ids_stay_as_they_stand(tmp_path, ids):
    given = [ids[row % len(ids)] for row in range(COUNT)]
    assert from_csv(tmp_path, frame(id=given)).ids.to_pylist() == given
    assert from_parquet(tmp_path, frame(id=given)).ids.to_pylist() == given


def test_ids_of_a_type_that_no_file_holds_are_refused_before_any_fit(tmp_path):
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    pq.write_table(table.append_column("id", pa.array([[1]] * COUNT)), tmp_path / "rows.parquet")
    with pytest.raises(InvalidInput, match=r"Column 'id' is the row's id and holds lists such as '\[1\]'"):
        read_roles(read_source(tmp_path / "rows.parquet"), asked())


def test_a_postcode_is_a_name_in_both_kinds_of_file(tmp_path):
    table = frame(post=[f"0{row % 7}12" for row in range(COUNT)])
    for read in (from_csv, from_parquet):
        assert list(read(tmp_path, table).categories) == ["post"]


@pytest.mark.parametrize("written", [{"index": True}, {"index": True, "sep": ";", "decimal": ","}])
def test_the_index_of_a_frame_is_no_feature_of_csv_and_that_is_said(tmp_path, written):
    table = frame().sort_values("time")
    read = from_csv(tmp_path, table, **written)
    assert read.features == ["age"]
    assert "Column (column 1) is left out: it is the index of the frame that was saved." in read.warnings


def test_the_index_of_a_frame_is_no_feature_of_parquet_but_may_be_the_id(tmp_path):
    table = frame().sort_values("time")
    read = from_parquet(tmp_path, table)
    assert (read.features, read.ids) == (["age"], None)
    assert any("__index_level_0__ is left out" in each for each in read.warnings)
    read = from_parquet(tmp_path, table.rename_axis("id"))
    assert (read.features, read.ids.to_pylist()) == (["age"], table.index.to_list())


def test_decimal_commas_are_numbers(tmp_path):
    read = from_csv(tmp_path, frame(), sep=";", decimal=",")
    expected = from_csv(tmp_path, frame())
    np.testing.assert_array_equal(read.time, expected.time)
    np.testing.assert_array_equal(read.numbers["age"], expected.numbers["age"])


@pytest.mark.parametrize("mark", ["?", "NA", "unknown", "n/a", " "])
def test_a_mark_among_numbers_is_a_gap(tmp_path, mark):
    dose = [mark if row % 9 == 0 else f"{row / 4}" for row in range(COUNT)]
    for read in (from_csv, from_parquet):
        found = read(tmp_path, frame(dose=dose))
        assert np.isnan(found.numbers["dose"]).sum() == 7


def test_a_column_of_numbers_some_of_which_are_none_is_refused_with_count_and_place(tmp_path):
    dose = ["ten" if row in (4, 9) else f"{row / 4}" for row in range(COUNT)]
    said = r"Column 'dose' of rows looks like numbers, and 2 of 60 values are no numbers, such as 'ten' in "
    with pytest.raises(InvalidInput, match=said + "line 6: correct them, or list"):
        from_csv(tmp_path, frame(dose=dose))
    with pytest.raises(InvalidInput, match=said + "row 5"):
        from_parquet(tmp_path, frame(dose=dose))
    listed = from_csv(tmp_path, frame(dose=dose), request=asked(categorical=["dose"]))
    assert "dose" in listed.categories


def test_nan_is_a_gap_and_no_class(tmp_path):
    target = pa.array([float("nan") if row % 10 == 0 else float(row % 2) for row in range(COUNT)])
    pq.write_table(pa.table({"target": target, "x": np.arange(COUNT) ** 0.5}), tmp_path / "rows.parquet")
    read = read_roles(read_source(tmp_path / "rows.parquet"), asked(task="classification"))
    assert (read.classes, len(read.target), read.dropped) == (["0", "1"], 54, {"no target": 6})


def test_classes_are_in_the_order_of_their_numbers_in_csv_too(tmp_path):
    table = pd.DataFrame({"target": [10, 2, 2, 10] * 5, "x": np.arange(20) ** 0.5})
    for read in (from_csv, from_parquet):
        assert read(tmp_path, table, request=asked(task="classification")).classes == ["2", "10"]


def test_an_event_of_words_shows_the_value_that_is_wrong(tmp_path):
    event = ["1", "0", "lost"] * 20
    with pytest.raises(InvalidInput, match=r"is the event and holds 'lost' in 20 rows \(first in line 4\)"):
        from_csv(tmp_path, frame(event=event))
    assert from_csv(tmp_path, frame(event=["True", "false"] * 30)).event.sum() == 30


def test_a_date_column_of_iso_texts_has_its_role_in_both_kinds_of_file(tmp_path):
    days = pd.date_range("2025-01-31", periods=COUNT, freq="-1D").strftime("%Y-%m-%d")
    for read in (from_csv, from_parquet):
        found = read(tmp_path, frame(date=days), request=asked(splitter="timeSeries"))
        assert found.rows.tolist() == list(range(COUNT - 1, -1, -1))


def test_a_column_of_lists_is_left_out_with_its_reason(tmp_path):
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    pq.write_table(table.append_column("tags", pa.array([["a"]] * COUNT)), tmp_path / "rows.parquet")
    read = read_roles(read_source(tmp_path / "rows.parquet"), asked())
    assert "Column tags is left out: it holds lists such as \"['a']\" (row 1)." in read.warnings
    with pytest.raises(InvalidInput, match="Column 'tags' was asked for as a feature and holds lists"):
        read_roles(read_source(tmp_path / "rows.parquet"), asked(features=["age", "tags"]))
