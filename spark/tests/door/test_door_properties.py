"""The door over all tables and all bytes: CSV and Parquet agree, and a table or one line comes out."""

import csv
import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sevenfold_jobs.common.door.reading import read_rows
from sevenfold_jobs.common.door.types import Unusable
from sevenfold_jobs.common.door.values import read_values
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.printable import printable
from sevenfold_jobs.common.problems import Problems
from sevenfold_jobs.cv.reading import read_source
from sevenfold_jobs.cv.request import read_request
from sevenfold_jobs.cv.roles import read_roles

# The same examples in each run: what is new is looked for when somebody asks for more of them.
AGREED = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
WORDS = st.text(st.characters(exclude_categories=["C"], exclude_characters="\r\n"), min_size=1, max_size=8)
ROWS = st.integers(8, 20)

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
LEVELS = st.sampled_from(["red", "green", "blue light", 'a "b"', "c, d; e", "unknown", "é|ü"])


@st.composite
def tables(draw):
    """(columns by name, kind by name): values as Python has them, None for a gap."""
    rows = draw(ROWS)
    kinds = {
        "number": st.one_of(NUMBERS, st.none()),
        "whole": st.one_of(st.integers(-(10**6), 10**6), st.none()),
        "flag": st.one_of(st.booleans(), st.none()),
        "level": st.one_of(LEVELS, st.none()),
        "code": st.integers(0, 999).map(lambda number: f"0{number:03}"),
    }
    columns, kind_of = {}, {}
    for place, kind in enumerate(draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=5))):
        values = [draw(kinds[kind]) for _ in range(rows)]
        if sum(value is not None for value in values) > 2:
            columns[f"{kind} {place}"], kind_of[f"{kind} {place}"] = values, kind
    return columns, kind_of


def written(value, decimal, mark):
    if value is None:
        return mark
    if isinstance(value, bool):
        return str(value)
    return str(value).replace(".", decimal) if isinstance(value, float) else str(value)


def as_text(columns, separator, decimal, mark, line_end):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end)
    writer.writerow(columns)
    # A mark stands among numbers alone: among names it is one.
    marks = {name: mark if name.split()[0] in ("number", "whole") else "" for name in columns}
    for row in zip(*columns.values(), strict=True):
        writer.writerow(
            written(value, decimal, marks[name]) for name, value in zip(columns, row, strict=True)
        )
    return text.getvalue()


def request():
    return read_request(
        {
            **dict.fromkeys(("path", "name", "source", "sourceSha256", "dataVersion", "objectRoot"), "x"),
            **{"task": "survival", "folds": 2, "splitter": "stratified", "seed": 1},
        }
    )


def roles_of(path):
    return read_roles(read_source(path), request())


def said_of(path):
    """Why it is refused; any other exception passes through."""
    try:
        roles_of(path)
    except InvalidInput as refused:
        return str(refused)
    return ""


@AGREED
@given(
    table=tables(),
    layout=st.sampled_from([(",", "."), (";", ","), (";", "."), ("\t", "."), ("\t", ","), ("|", ".")]),
    mark=st.sampled_from(["", "NA", "?", "n/a", "unknown"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    packs=st.booleans(),
    ids=st.sampled_from(["000001", "2E2", "89490000000000000001", "NA", "x"]),
)
def test_a_table_has_the_same_columns_and_roles_as_csv_and_as_parquet(
    tmp_path, table, layout, mark, line_end, encoding, packs, ids
):
    columns, kind_of = table
    count = len(next(iter(columns.values()), [1] * 8))
    given_ids = [f"{ids}" if row % 2 else f"{row}{ids}" for row in range(count)]
    whole = {
        "id": given_ids,
        "time": [row % 5 + 0.5 for row in range(count)],
        "event": [row % 2 for row in range(count)],
        "extra": [row % 3 + 0.25 for row in range(count)],
        **columns,
    }
    separator, decimal = layout
    content = as_text(whole, separator, decimal, mark, line_end).encode(encoding)
    (tmp_path / "rows.csv").write_bytes(gzip.compress(content) if packs else content)
    pq.write_table(pa.table(whole), tmp_path / "rows.parquet")
    text, typed = roles_of(tmp_path / "rows.csv"), roles_of(tmp_path / "rows.parquet")
    assert text.ids.to_pylist() == typed.ids.to_pylist() == given_ids
    assert list(text.numbers) == list(typed.numbers)
    assert list(text.categories) == list(typed.categories)
    assert text.left_out == typed.left_out
    np.testing.assert_array_equal(text.time, typed.time)
    np.testing.assert_array_equal(text.event, typed.event)
    for name in typed.numbers:
        np.testing.assert_array_equal(text.numbers[name], typed.numbers[name], err_msg=name)
        assert kind_of.get(name, "number") in ("number", "whole", "flag")
    for name, column in typed.categories.items():
        assert (text.categories[name].levels, text.categories[name].codes.tolist()) == (
            column.levels,
            column.codes.tolist(),
        )


BEGINNINGS = st.sampled_from(
    [
        b"",
        b"a,b\n1,2\n",
        b"sep=;\na;b\n",
        b"PAR1",
        b"\x1f\x8b\x08",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x80\x04",
        b"#",
    ]
)


def assert_a_table_or_one_line(path):
    problems = Problems()
    rows = read_rows(path, problems, most=1 << 24)
    assert (rows is None) == (len(problems) > 0)
    for found in problems.found:
        assert "\n" not in found
        assert printable(found) == found
    if rows is not None:
        for column in rows.columns.values():
            if not isinstance(column, Unusable):
                assert len(column) == rows.rows
                read_values(column)


@AGREED
@given(beginning=BEGINNINGS, rest=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
@example(b"", b'a,b\n"1\n')
@example(b"", b"a;b\r1;2\r\r\n;\n")
@example(b"sep=;\n", b"")
@example(b"", b",,\n,,\n")
@example(b"", b"\xc2")
def test_any_bytes_give_a_table_or_one_line(tmp_path, beginning, rest):
    path = tmp_path / "rows.csv"
    path.write_bytes(beginning + rest)
    assert_a_table_or_one_line(path)


@pytest.fixture(scope="module")
def whole_parquet():
    stored = io.BytesIO()
    pq.write_table(
        pa.table({"a": [1.5, None] * 20, "b": ["x", "yy"] * 20, "c": [[1], None] * 20, "d": [True] * 40}),
        stored,
    )
    return stored.getvalue()


@AGREED
@given(cut=st.integers(0, 400), place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_parquet_file_gives_a_table_or_one_line(tmp_path, whole_parquet, cut, place, byte):
    content = bytearray(whole_parquet[: len(whole_parquet) - cut] if cut < 40 else whole_parquet)
    content[place % len(content)] = byte
    path = tmp_path / "rows.parquet"
    path.write_bytes(bytes(content))
    assert_a_table_or_one_line(path)


CELLS = st.one_of(
    WORDS, NUMBERS.map(str), st.sampled_from(["", "NA", "?", "1,5", "1.250", "2E2", "007", "true", "\x00"])
)


@AGREED
@given(
    cells=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12),
    separator=st.sampled_from(",;\t|"),
    header=st.tuples(st.one_of(WORDS, st.just("event")), st.one_of(WORDS, st.just("time"))),
)
def test_any_cells_give_roles_or_one_line_that_can_be_seen(tmp_path, cells, separator, header):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([header, *cells])
    path = tmp_path / "rows.csv"
    path.write_text(text.getvalue())
    assert "\n" not in said_of(path)


ARRAYS = st.sampled_from(
    [
        pa.array([1, 2**60, None]),
        pa.array([2**64 - 1, 0, None], pa.uint64()),
        pa.array([b"\xff", None, b"a"]),
        pa.array([[1], None, []]),
        pa.array([{"a": 1}, None, {"a": 2}]),
        pa.array([1.5, float("nan"), None], pa.float16()),
        pa.array(["a", None, "b"], pa.string_view()),
        pa.array([b"0123456789abcdef", None, b"\x00" * 16], pa.uuid()),
        pa.array([1, None, 2], pa.date32()).dictionary_encode(),
        pa.array([1, None, 2], pa.duration("s")),
        pa.array([True, None, False]),
        pa.nulls(3),
        pa.array([10**14, None, -(10**14)], pa.timestamp("s", "Europe/Berlin")),
        pa.array([1, None, 2], pa.time32("s")),
    ]
)


@AGREED
@given(
    arrays=st.lists(ARRAYS, min_size=3, max_size=6),
    named=st.permutations(["id", "time", "event", "x", "y", "z"]),
)
def test_any_types_give_roles_or_one_line(tmp_path, arrays, named):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(dict(zip(named, arrays, strict=False))), path)
    assert_a_table_or_one_line(path)
    assert "\n" not in said_of(path)
