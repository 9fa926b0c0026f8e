"""What a column of text holds: numbers, flags, moments or names, and which values are none."""

import pyarrow as pa
import pytest

from sevenfold_jobs.common.door.values import USUAL, Decimals, decimals_of, read_values


def texts(*values):
    return pa.chunked_array([pa.array(values, pa.string())])


def read(*values, decimals=USUAL):
    return read_values(texts(*values), decimals)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2.5", "", "-3e2"], [1.0, 2.5, None, -300.0]),
        ([" 1 ", "+2", "\t3"], [1.0, 2.0, 3.0]),
        (["1", "NA", "nan", "null"], [1.0, None, None, None]),
        (["1", "?", "2"], [1.0, None, 2.0]),
        (["1", "unknown", "-", "n/a"], [1.0, None, None, None]),
        (["0,5", "12,25", "3"], [0.5, 12.25, 3.0]),
        (["1.234,5", "2.000,0", "0,25"], [1234.5, 2000.0, 0.25]),
        (["1,234.5", "1,250", "7"], [1234.5, 1250.0, 7.0]),
        (["1,234,567", "1,250"], [1234567.0, 1250.0]),
        (["1 250", "12 000,5", "3,25"], [1250.0, 12000.5, 3.25]),
        (["1\u00a0250", "980"], [1250.0, 980.0]),
        (["1'250.5", "980"], [1250.5, 980.0]),
        (["−5", "5"], [-5.0, 5.0]),
        (["inf", "1"], [float("inf"), 1.0]),
        (["12345678901234567890"], [12345678901234567890.0]),
    ],
)
def test_numbers_are_read_however_they_are_written(values, expected):
    reading = read(*values)
    assert (reading.kind, reading.values.to_pylist(), reading.odd) == ("number", expected, None)


@pytest.mark.parametrize(
    "values",
    [["01", "10"], ["00501", "90210"], ["a", "b"], ["2024-13-01"], ["yes", "no"], ["1.2.3", "4.5.6"]],
)
def test_names_and_codes_stay_text(values):
    reading = read(*values)
    assert (reading.kind, reading.values.to_pylist(), reading.odd) == ("text", values, None)


@pytest.mark.parametrize(
    ("values", "count", "value", "row"),
    [
        (["1", "2", "x", "3", "y"], 2, "x", 2),
        (["1", "2", "5%", "3"], 1, "5%", 2),
        (["1,250", "2,500", "980,000"], 3, "1,250", 0),
        (["$5", "$6"], 2, "$5", 0),
        (["1", "?", "2", "twelve"], 1, "twelve", 3),
        (["12.5", "0,5", "3", "4"], 1, "0,5", 1),
    ],
)
def test_what_is_no_number_among_numbers_is_counted_and_shown(values, count, value, row):
    odd = read(*values).odd
    assert (odd.count, odd.of, odd.value, odd.row) == (count, len(values), value, row)


def test_a_mark_of_a_gap_is_a_name_among_names():
    reading = read("unknown", "married", "single", "unknown")
    assert reading.values.to_pylist() == ["unknown", "married", "single", "unknown"]
    assert read("1", "unknown").marks == {"unknown": 1}


def test_flags_are_flags():
    assert read("true", "False", "", "TRUE").values.to_pylist() == [True, False, None, True]


def test_iso_dates_are_moments_and_offsets_become_utc():
    assert str(read("2024-01-31", "").values.type) == "date32[day]"
    assert read("2024-01-31T23:00:00-02:00").values.to_pylist()[0].isoformat() == "2024-02-01T01:00:00+00:00"
    assert read("31/01/2024").kind == "text"


@pytest.mark.parametrize(
    ("columns", "separator", "expected"),
    [
        ([["0,5", "1,250"]], ";", Decimals(",", True)),
        ([["1,250"], ["0,5"]], ",", Decimals(",", True)),
        ([["1.250"], ["0.5"]], ";", Decimals(".", True)),
        ([["1,250"]], ";", Decimals(",", False)),
        ([["1,250"]], ",", Decimals(".", False)),
        ([["a"]], None, Decimals(".", False)),
    ],
)
def test_the_decimal_mark_is_what_the_values_show_or_the_separator_suggests(columns, separator, expected):
    assert decimals_of([texts(*each) for each in columns], separator) == expected


def test_the_files_mark_decides_where_a_column_shows_none():
    assert read("1.250", "980", decimals=Decimals(",", True)).values.to_pylist() == [1250.0, 980.0]
    assert read("1.250", "980", decimals=Decimals(".", True)).values.to_pylist() == [1.25, 980.0]
    assert read("1,250", "980", decimals=Decimals(",", False)).values.to_pylist() == [1.25, 980.0]
    assert read("1,250", "980", decimals=Decimals(".", True)).values.to_pylist() == [1250.0, 980.0]
