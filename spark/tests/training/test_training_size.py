"""How large a training would be, by what files say of themselves: as large as the job finds it."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from sevenfold_jobs.training import sized

SETTINGS = {"features": None, "exclude": [], "validation": "auto", "folds": None, "date": None}


def made(rows: int = 7_000) -> pa.Table:
    return pa.table({"a": range(rows), "b": ["x"] * rows, "c": [0.5] * rows})


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder"])
def test_rows_and_columns_are_those_of_the_file(tmp_path, kind):
    path = tmp_path / f"rows.{kind}"
    if kind == "csv":
        pa.csv.write_csv(made(), path)
    elif kind == "parquet":
        pq.write_table(made(), path)
    else:
        path.mkdir()
        for place in range(2):
            pq.write_table(made(3_500), path / f"part-{place}.parquet")
    found = sized.sized(path, SETTINGS)
    assert (found["rows"], found["columns"], found["bytes"]) == (7_000, 3, 7_000 * 3 * 20)
    assert (found["validation"], found["folds"]) == ("holdout", 1)
    assert sized.sized(path, SETTINGS | {"exclude": ["b"]})["bytes"] == 7_000 * 2 * 20


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_last_line_counts_whether_it_ends_or_not(tmp_path, end):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a;b\r\n1;2\r\n3;4" + end.encode())
    found = sized.sized(path, SETTINGS | {"folds": 3})
    assert (found["rows"], found["columns"], found["folds"]) == (2, 2, 3)
