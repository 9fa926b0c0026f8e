"""How files become tables: what is read, and the one line that refuses what is not."""

import decimal
import gzip
import os
import uuid
from datetime import date, datetime, time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold_jobs.common.door.content import read_content
from sevenfold_jobs.common.door.reading import read_rows
from sevenfold_jobs.common.door.types import Unusable
from sevenfold_jobs.common.problems import Problems

ROWS = {"id": ["000001", "2E2"], "time": ["1.5", "2"]}
CSV = "id,time\n000001,1.5\n2E2,2\n"


def packed(content):
    # without the time, so that every process of a test run names its tests alike
    return gzip.compress(content, mtime=0)


def read(path, **given):
    problems = Problems()
    rows = read_rows(path, problems, **given)
    assert problems.found == []
    return rows


def texts_of(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {name: column.to_pylist() for name, column in read(path).columns.items()}


def refusal(path, content=None, **given):
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = Problems()
    assert read_rows(path, problems, **given) is None
    assert problems.found
    assert "\n" not in "".join(problems.found)
    return problems.found[0]


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        CSV.rstrip("\n"),
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace(",", "|"),
        "sep=;\n" + CSV.replace(",", ";"),
        "# made by hand, on a Monday\n#\n" + CSV,
        "\n\n" + CSV,
        CSV.replace("id,time", " id , time "),
        CSV.replace("000001", '"000001"'),
        CSV.replace("\n", ",\n"),
        CSV.replace("\n", ",\n").replace("time,", "time"),
        CSV + ",\n,\n",
        CSV + "\n  \n",
        CSV + "# end\n",
        CSV + "\x1a",
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        b"\xfe\xff" + CSV.encode("utf-16-be"),
        CSV.encode("utf-32"),
        packed(CSV.encode()),
        packed(CSV.encode()[:9]) + packed(CSV.encode()[9:]),
    ],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.CSV", "rows.csv.gz", "rows.txt"])
def test_the_same_rows_are_read_whatever_they_are_written_as(tmp_path, name, content):
    assert texts_of(tmp_path / name, content) == ROWS


def test_names_and_values_may_hold_what_parts_fields(tmp_path):
    content = 'a;"b, c";"d"\n1;"x;y";"line\nbreak"\n'
    assert texts_of(tmp_path / "rows.csv", content) == {"a": ["1"], "b, c": ["x;y"], "d": ["line\nbreak"]}


def test_decimal_commas_do_not_part_fields(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a;b\n1,5;2,25\n3,5;4\n")
    rows = read(path)
    assert {name: column.to_pylist() for name, column in rows.columns.items()} == {
        "a": ["1,5", "3,5"],
        "b": ["2,25", "4"],
    }
    assert (rows.decimals.mark, rows.decimals.certain) == (",", True)


def test_lines_are_counted_as_an_editor_does(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("# note\nid,time\n\n1,2\n3,4\n")
    assert read(path).lines.tolist() == [4, 5]
    path.write_text('id,time\n\n"1\n",2\n3,4\n')
    assert read(path).lines.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "a,b\n1,2\nTotal: 1\n",
            "rows.csv line 3: has 1 field, the header has 2 ('Total: 1'); remove the line",
        ),
        (
            "a,b\n1,2\n3\n4,5\n",
            "rows.csv line 3: has 1 field, the header has 2; give the fields that it lacks",
        ),
        ("a,b\n1,2\n3;4\n5,6\n", "part its fields by a comma as the header does, not by a semicolon"),
        ("a,b\n1,2\nx,y,z\n", "has 3 fields, the header has 2; quote fields that hold a comma"),
        ("a;b\n1;2\nx;y;z\n", "quote fields that hold a semicolon"),
        ("a\tb\n1\t2\nx\ty\tz\n", "quote fields that hold a tab"),
        ("a,b\n2020-01-01,1,5\nx,2\n", "as a number with a decimal comma does"),
        ("a,b,c\n1,2,3\n3,150,,\n", "has 4 fields, the header has 3; quote fields that hold a comma"),
        ('a,b\n"1,2\n', "rows.csv line 2: is not CSV (unexpected end of data); close its quotes"),
        ("a,a\n1,2\n", "rows.csv: column 'a' stands twice in the header"),
        (
            "a,b\n1,caf\xe9\n".encode("latin-1"),
            "line 2: is not UTF-8 text but looks like Latin-1 or Windows-1252",
        ),
        (CSV.encode("utf-16-le"), "looks like UTF-16-LE without its mark; save it as UTF-8"),
        (CSV.encode("utf-16-be"), "looks like UTF-16-BE without its mark; save it as UTF-8"),
        (b"a,b\n1,GOLDX\0\n", "rows.csv line 2: holds a zero byte"),
        (b"\xff\xfea", "is not whole UTF-16-LE text"),
        (bytes(range(1, 256)) * 4, "is not UTF-8 text but some binary format"),
        (packed(packed(CSV.encode())), "is packed by gzip twice"),
        (packed(CSV.encode())[:-9], "is a damaged gzip archive"),
        (b"\x28\xb5\x2f\xfdrest", "is packed by zstd; unpack it"),
        (b"PAR1 and no more", "is not a Parquet file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, content, said):
    assert said in refusal(tmp_path / "rows.csv", content)


def test_every_bad_line_is_named(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1\n1,2\n1,2,3\n")
    problems = Problems()
    assert read_rows(path, problems) is None
    assert [found.split(":")[0] for found in problems.found] == ["rows.csv line 2", "rows.csv line 4"]


def test_what_is_no_file_is_refused(tmp_path):
    assert "cannot be read (No such file" in refusal(tmp_path / "gone.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    assert "loop.csv: cannot be read" in refusal(tmp_path / "loop.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe.csv: is neither a file nor a folder" in refusal(tmp_path / "pipe.csv")
    (tmp_path / "empty").mkdir()
    assert "is a folder without data files" in refusal(tmp_path / "empty")


def test_a_folder_of_part_files_is_one_table(tmp_path):
    folder = tmp_path / "history.parquet"
    for day in ("2025-01-01", "2025-01-02"):
        part = folder / f"date={day}"
        part.mkdir(parents=True)
        pq.write_table(pa.table({"pool": ["a", "b"], "apy": [1.0, 2.0]}), part / "part-0.snappy.parquet")
        (part / ".part-0.snappy.parquet.crc").write_bytes(b"crc")
    (folder / "_SUCCESS").write_bytes(b"")
    rows = read(folder)
    assert (rows.rows, rows.columns["date"].to_pylist()) == (4, ["2025-01-01"] * 2 + ["2025-01-02"] * 2)
    assert rows.columns["apy"].to_pylist() == [1.0, 2.0, 1.0, 2.0]


def test_a_folders_digest_is_the_one_that_the_run_was_planned_with(tmp_path):
    for inside, content in (
        ("day=2/b.csv", "a\n1\n"),
        ("day=1/é.csv", "a\n2\n"),
        ("_SUCCESS", ""),
        ("a.csv", "a\n3\n"),
    ):
        path = tmp_path / "rows" / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    problems = Problems()
    content = read_content(tmp_path / "rows", "rows", problems, 1 << 20)
    assert [part.name for part in content.parts] == ["rows/a.csv", "rows/day=1/é.csv", "rows/day=2/b.csv"]
    # test/data-files.test.ts expects the same of the same folder
    assert content.sha256 == "ee2a895a6169971d13abad374af07b147d822d4efd17132ab66718aa1a99028e"


def test_part_files_of_two_tables_are_refused(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": [1]}), tmp_path / "2.parquet")
    assert "2.parquet: lacks column 'a'" in refusal(tmp_path)
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "2.parquet")
    assert "column 'a' is int64 here and string there" in refusal(tmp_path)
    (tmp_path / "2.parquet").unlink()
    (tmp_path / "2.csv").write_text("a\n1\n")
    assert "mixes Parquet and text" in refusal(tmp_path)


KEY = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, None], pa.int8()), [1, None]),
        (pa.array([2**63 - 1, 2**53 + 1]), [2**63 - 1, 2**53 + 1]),
        (pa.array([2**64 - 1, 1], pa.uint64()), [str(2**64 - 1), "1"]),
        (pa.array([1.5, float("nan")], pa.float16()), [1.5, None]),
        (pa.array([1.5, float("nan")]), [1.5, None]),
        (pa.array([decimal.Decimal("1.50"), None]), [1.5, None]),
        (pa.array([decimal.Decimal(7), None], pa.decimal128(20, 0)), [7, None]),
        (pa.array([decimal.Decimal(10**20), None], pa.decimal256(50, 0)), [str(10**20), None]),
        (pa.array(["a", None], pa.string_view()), ["a", None]),
        (pa.array(["a", None], pa.large_string()), ["a", None]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array([date(2025, 1, 1), None]).dictionary_encode(), [date(2025, 1, 1), None]),
        (pa.array([b"a", None]), ["a", None]),
        (pa.array([KEY.bytes, None], pa.binary(16)), [str(KEY), None]),
        (pa.array([KEY.bytes, None], pa.uuid()), [str(KEY), None]),
        (pa.array([True, None]), [True, None]),
        (pa.array([date(2025, 1, 1), None], pa.date64()), [date(2025, 1, 1), None]),
        (pa.array([datetime(2025, 1, 1, 5), None], pa.timestamp("ns")), [datetime(2025, 1, 1, 5), None]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_types_of_parquet_become_few_and_values_stay_what_they_are(tmp_path, values, expected):
    pq.write_table(pa.table({"x": values}), tmp_path / "rows.parquet")
    assert read(tmp_path / "rows.parquet").columns["x"].to_pylist() == expected


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pa.array([None, [1, 2]]), "holds lists such as '[1, 2]' (row 2)"),
        (pa.array([{"a": 1}]), "holds records such as \"{'a': 1}\" (row 1)"),
        (
            pa.array([b"ab", b"\xff\x00"]),
            r"holds bytes that are not UTF-8 text, such as '\\xff\\x00' in row 2",
        ),
        (pa.array([time(12, 30)]), "holds times of day such as '12:30:00' (row 1)"),
    ],
)
def test_a_type_that_is_neither_text_nor_number_is_said_with_an_example(tmp_path, values, said):
    pq.write_table(pa.table({"x": values, "y": [1] * len(values)}), tmp_path / "rows.parquet")
    column = read(tmp_path / "rows.parquet").columns["x"]
    assert isinstance(column, Unusable)
    assert said in column.reason


def test_text_that_is_not_utf8_is_refused_by_its_row(tmp_path):
    offsets, data = pa.py_buffer(np.array([0, 1, 2], np.int32)), pa.py_buffer(b"a\xe9")
    pq.write_table(pa.table({"x": pa.StringArray.from_buffers(2, offsets, data)}), tmp_path / "rows.parquet")
    column = read(tmp_path / "rows.parquet").columns["x"]
    assert r"bytes that are not UTF-8 text, such as '\\xe9' in row 2" in column.reason


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"x": np.zeros(4_000_000)}),
        pa.table({"x": pa.array(["x" * 1000] * 100_000)}),
        pa.table({"x": pa.array(["x" * 1000] * 100_000), "l": [[1]] * 100_000}),
    ],
)
def test_parquet_that_unpacks_to_more_than_is_allowed_is_refused_before_it_does(tmp_path, table):
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 1 << 20
    assert "rows.parquet: unpacks to more than" in refusal(path, most=16 << 20)


def test_a_gzip_that_unpacks_to_more_than_is_allowed_is_refused(tmp_path):
    said = refusal(tmp_path / "rows.csv.gz", packed(b"a,b\n" + b"1,2\n" * 10**6), most=1 << 20)
    assert "unpacks to more than" in said


def index_of(path):
    return read(path).index


def test_the_index_of_a_frame_is_known_by_the_files_own_word(tmp_path):
    frame = pd.DataFrame({"x": [1.5, 2.5, 3.5]}, index=[7, 9, 11])
    frame.to_parquet(tmp_path / "rows.parquet")
    assert list(index_of(tmp_path / "rows.parquet")) == ["__index_level_0__"]
    frame.rename_axis("key").to_parquet(tmp_path / "rows.parquet")
    assert list(index_of(tmp_path / "rows.parquet")) == ["key"]
    frame.reset_index(drop=True).to_parquet(tmp_path / "rows.parquet")
    assert index_of(tmp_path / "rows.parquet") == {}


@pytest.mark.parametrize(
    "name", ["", "Unnamed: 0", "index", "level_0", "X", "row.names", "rowid", "Unnamed: 0.1"]
)
def test_an_index_in_text_is_known_by_its_name_and_its_numbers(tmp_path, name):
    path = tmp_path / "rows.csv"
    path.write_text(f"{name},x\n7,1.5\n3,2.5\n12,2.5\n")
    assert list(index_of(path)) == [name or "(column 1)"]


def test_a_column_that_only_numbers_the_rows_is_an_index_whatever_its_name(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("n,x\n" + "".join(f"{row},{row % 7}\n" for row in range(1, 41)))
    assert index_of(path) == {"n": "only numbers the rows"}
    path.write_text("n,x\n" + "".join(f"{row * 2},{row % 7}\n" for row in range(1, 41)))
    assert index_of(path) == {}


def test_row_names_without_a_header_of_their_own_are_no_column_of_data(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("a\tb\n1\tx\t5\n2\ty\t6\n3\tz\t7\n")
    rows = read(path)
    assert {name: column.to_pylist() for name, column in rows.columns.items()} == {
        "(column 1)": ["1", "2", "3"],
        "a": ["x", "y", "z"],
        "b": ["5", "6", "7"],
    }
    assert list(rows.index) == ["(column 1)"]
