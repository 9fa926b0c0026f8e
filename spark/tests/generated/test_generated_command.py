"""`python -m sevenfold_jobs.generated`: one file and one line, or one line of what is wrong and no file."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sevenfold_jobs.generated.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "rows", "columns"),
    [
        (["timeseries", "--rows", "200", "--features", "12", "--seed", "7"], 200, 14),
        (["timeseries", "--rows", "200", "--features", "12", "--seed", "7", "--parity"], 200, 14),
        (["regression", "--rows", "150", "--features", "10", "--seed", "7"], 150, 12),
        (["survival", "--rows", "120", "--seed", "7"], 120, 15),
    ],
)
def test_a_file_and_a_line_about_it(
    tmp_path: Path, capsys: pytest.CaptureFixture, arguments: list[str], rows: int, columns: int
) -> None:
    file = tmp_path / "new folder" / "made.parquet"
    assert main([*arguments, "--out", str(file)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said.pop("seconds") >= 0
    assert said == {"path": str(file), "rows": rows, "columns": columns, "seed": 7}
    table = pq.read_table(file)
    assert (table.num_rows, table.num_columns) == (rows, columns)
    assert json.loads(table.schema.metadata[b"sevenfold"])["generator"] == arguments[0]
    assert [each.name for each in file.parent.iterdir()] == ["made.parquet"]


def test_the_same_call_writes_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        assert main(["timeseries", "--rows", "200", "--features", "10", "--out", str(file)]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["series"], "invalid choice: 'series' (choose from"),
        (["timeseries", "--rows", "3"], "3 rows are too few: give at least 100"),
        (["timeseries", "--rows=-3"], "argument --rows: '-3' is no whole number from 0 up"),
        (["timeseries", "--rows", "1e5"], "argument --rows: '1e5' is no whole number from 0 up"),
        (["timeseries", "--features", "4"], "4 features are too few: give at least 10"),
        (["timeseries", "--row", "400"], "unrecognized arguments: --row 400"),
        (["survival", "--features", "4"], "--features does not apply to survival: its columns are fixed"),
        (["regression", "--parity"], "--parity belongs to timeseries: regression has no original"),
        (["survival", "--seed", str(2**32)], "--seed 4294967296 is too large"),
    ],
)
def test_wrong_arguments_get_one_line_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture, arguments: list[str], message: str
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "made.parquet")]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_without_out_or_with_a_folder_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["survival"]) == 2
    assert "arguments are required: --out" in capsys.readouterr().err
    assert main(["survival", "--out", str(tmp_path)]) == 2
    assert "is a folder: give a file" in capsys.readouterr().err


def test_a_write_that_fails_leaves_the_older_file(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "made.parquet"
    file.write_bytes(b"older")

    def full(_table: object, path: Path, **_settings: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    assert main(["survival", "--rows", "100", "--out", str(file)]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert file.read_bytes() == b"older"
    assert [each.name for each in tmp_path.iterdir()] == ["made.parquet"]
