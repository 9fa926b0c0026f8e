"""The generators as the command line calls them: a separate process, its output and its status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sevenfold_jobs.generated import survival as survival_module
from sevenfold_jobs.generated.__main__ import main

SPARK = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "sevenfold_jobs.generated", *arguments],
        cwd=SPARK,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [["timeseries", "--rows", "300", "--features", "12"], ["survival", "--rows", "300"]],
    ids=["timeseries", "survival"],
)
def test_another_process_writes_the_same_bytes(tmp_path: Path, arguments: list[str]) -> None:
    here, other, seeded = (tmp_path / name for name in ("here", "other", "seeded"))
    assert main([*arguments, "--out", str(here)]) == 0
    made = run(*arguments, "--out", str(other), PYTHONHASHSEED="1", TZ="Asia/Tokyo")
    assert (made.returncode, made.stderr) == (0, "")
    assert here.read_bytes() == other.read_bytes()
    assert main([*arguments, "--seed", "43", "--out", str(seeded)]) == 0
    assert here.read_bytes() != seeded.read_bytes()


def test_wrong_arguments_end_the_process_with_status_2_and_one_line(tmp_path: Path) -> None:
    failed = run("timeseries", "--rows", "ten", "--out", str(tmp_path / "made.parquet"))
    assert failed.returncode == 2
    assert failed.stderr == "argument --rows: 'ten' is no whole number from 0 up\n"
    assert failed.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: generator"),
        (["timeseries", "regression"], "unrecognized arguments: regression"),
        (["timeseries", "--seed=-1"], "argument --seed: '-1' is no whole number from 0 up"),
        (["timeseries", "--seed", ""], "argument --seed: '' is no whole number from 0 up"),
        (["timeseries", "--rows", "0"], "0 rows are too few: give at least 100"),
        (["regression", "--features", "0"], "0 features are too few: give at least 10"),
        (["survival", "--rows", "99"], "99 rows are too few: give at least 100"),
        (["survival", "--parity"], "--parity belongs to timeseries: survival has no original"),
        (["survival", "--rows", "9" * 20], f"--rows {'9' * 20} is too large: give at most 10000000000"),
        (["regression", "--features", "9" * 12], f"--features {'9' * 12} is too large: give at most"),
    ],
)
def test_what_cannot_be_made_leaves_no_folder_either(
    tmp_path: Path, capsys: pytest.CaptureFixture, arguments: list[str], message: str
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "new folder" / "made.parquet")]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_memory_holds_get_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_rows: int, _seed: int) -> None:
        raise MemoryError("Unable to allocate 72.8 TiB\nfor an array")

    monkeypatch.setattr(survival_module, "survival", full)
    assert main(["survival", "--rows", "100", "--out", str(tmp_path / "made.parquet")]) == 2
    said = "Not enough memory: give fewer rows or features. Unable to allocate 72.8 TiB for an array\n"
    assert capsys.readouterr().err == said
    assert list(tmp_path.iterdir()) == []


def test_a_path_below_a_file_gets_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["survival", "--rows", "100", "--out", str(tmp_path / "file" / "made.parquet")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
