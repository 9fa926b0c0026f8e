"""The source file: what is read, and what is refused before a byte of it could run."""

import gzip
import hashlib
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.columns import categories_of, numbers_of
from sevenfold_jobs.cv.reading import read_source

ROWS = {"id": [1, 2], "time": [1.5, 2.0], "event": [0, 1], "kind": ["a", None]}


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_parquet_keeps_its_types_and_its_metadata(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(ROWS).replace_schema_metadata({b"sevenfold": b"{}"}), path)
    read = read_source(path, hashlib.sha256(path.read_bytes()).hexdigest())
    assert read.to_pydict() == ROWS
    assert read.schema.metadata[b"sevenfold"] == b"{}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_whatever_parts_its_fields(tmp_path, delimiter):
    path = tmp_path / "rows.csv"
    lines = [list(ROWS), ["1", "1.5", "0", "a"], ["2", "2.0", "1", "NA"]]
    path.write_text("\n".join(delimiter.join(line) for line in lines) + "\n")
    read = read_source(path)
    assert read["id"].to_pylist() == ["1", "2"]
    assert numbers_of(read["time"]).tolist() == ROWS["time"]
    assert categories_of(read["kind"]).codes.tolist() == [0, -1]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.pkl", "rows.joblib"])
def test_a_pickle_is_refused_by_its_bytes_and_by_its_name(tmp_path, protocol, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Harmful(), protocol))
    with pytest.raises(InvalidInput, match=f"{name}: is a pickle, which runs code when it is read"):
        read_source(path)


def test_a_pickles_name_is_enough(tmp_path):
    path = tmp_path / "rows.pickle"
    path.write_text("time,event\n1,1\n")
    with pytest.raises(InvalidInput, match="is a pickle"):
        read_source(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.xlsx", b"PK\x03\x04rest", "is a ZIP archive"),
        ("rows.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-4], "is a damaged gzip archive"),
        ("rows.parquet", b"time,event\n1,1\n", "is not a Parquet file, although its name says so"),
        ("rows.parquet", b"PAR1 and no more", "is not a Parquet file"),
        ("rows.csv", b"a,b\n1\n", "line 2: has 1 field, the header has 2"),
        ("rows.csv", b"", "is empty: give a file with a header and rows"),
        ("rows.csv", b"a,b\n", "has no rows"),
        ("rows.csv", b"a,b,a\n1,2,3\n", "column 'a' stands twice in the header"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=message) as raised:
        read_source(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"gone\.csv: cannot be read"):
        read_source(tmp_path / "gone.csv")
