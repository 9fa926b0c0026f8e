"""Columns that tasks read one by one have the verdicts, values and words of columns read together."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.reading import read_source
from sevenfold_jobs.training.distributed import profile as distributed
from sevenfold_jobs.training.distributed import text
from sevenfold_jobs.training.prepared import read_prepared
from sevenfold_jobs.training.profile import profile

ROWS = 600
SETTINGS = {
    **{"task": "auto", "target": "y", "features": None, "exclude": [], "id": None, "date": None},
    **{"types": {}, "positive": None},
}


class Here:
    """Tasks that are done in this process."""

    @staticmethod
    def map(do, items):
        return [do(item) for item in items]


def columns() -> dict[str, list]:
    """One of every kind of verdict; as texts, which CSV and Parquet may hold alike."""
    draws = np.random.default_rng(5)
    number = [f"{each:.4f}" for each in draws.normal(size=ROWS)]
    kinds = [["red", "green", "blue"][each] for each in draws.integers(0, 3, ROWS)]
    return {
        "number": number,
        "gaps": ["" if row % 7 == 0 else str(row % 13) for row in range(ROWS)],
        "marks": ["?" if row % 50 == 3 else f"{row % 17}.5" for row in range(ROWS)],
        # Only its last rows show that it holds no numbers, or what parts its decimals.
        "late": [str(row % 9) for row in range(ROWS - 2)] + ["n/a", "4"],
        "commas": [f"{row % 31},{row % 10}5" for row in range(ROWS)],
        "thousands": [f"{1 + row % 8} {row % 900 + 100}" for row in range(ROWS)],
        "kind": kinds,
        "copy": ["blau" if each == "blue" else each for each in kinds],
        "constant": ["x"] * ROWS,
        "empty": [""] * ROWS,
        "names": [f"name {row}" for row in range(ROWS)],
        "texts": [f"text {row % 400}" for row in range(ROWS)],
        "running": [str(1000 + row) for row in range(ROWS)],
        "flag": ["true" if row % 3 else "false" for row in range(ROWS)],
        "code": [f"0{row % 40:02}" for row in range(ROWS)],
        "day": [f"2024-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(ROWS)],
        "moment": [f"2024-01-{1 + row % 28:02} {row % 24:02}:30:00" for row in range(ROWS)],
        "infinite": ["inf" if row == 5 else str(row % 21) for row in range(ROWS)],
        "late text": [str(row % 5) for row in range(ROWS // 3)] + ["low"] * (ROWS - ROWS // 3),
        "tells": [f"{row % 2}{row % 3}1" for row in range(ROWS)],
        "y": ["" if row % 100 == 99 else ["yes", "no"][row % 2] for row in range(ROWS)],
    }


def write(folder: Path, kind: str, made: dict[str, list]) -> Path:
    table = pa.table(made)
    path = folder / f"rows.{kind}"
    if kind == "csv":
        pa.csv.write_csv(table, path)
    elif kind == "parquet":
        pq.write_table(table, path, row_group_size=70)
    else:
        path = folder / "rows"
        path.mkdir()
        for place in range(3):
            part = table.slice(place * ROWS // 3, ROWS // 3)
            pa.csv.write_csv(part, path / f"part-{place}.csv")
    return path


def digest_of(path: Path) -> str:
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    whole = hashlib.sha256()
    for part in sorted(path.iterdir()):
        whole.update(part.name.encode() + b"\0" + part.read_bytes())
    return whole.hexdigest()


def both(path: Path, folder: Path, **given):
    """(as one process reads the file, as tasks do, what these left in the folder)."""
    settings = SETTINGS | given
    address = str(folder / "data")
    together = profile(read_source(path), "rows", settings)
    made = distributed.prepare(Here(), str(path), digest_of(path), "rows", settings, address)
    return together, made, read_prepared(Path(address))


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(text, "PIECE_BYTES", 4_000)


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder"])
def test_verdicts_values_and_warnings_are_the_same(tmp_path, kind):
    path = write(tmp_path, kind, columns())
    together, made, prepared = both(path, tmp_path, types={"late text": "category"})
    found = made.found
    assert found.verdicts == together.verdicts
    assert found.warnings == together.warnings
    assert found.features == together.features
    assert (found.task, found.task_reason, found.classes) == (
        together.task,
        together.task_reason,
        together.classes,
    )
    assert found.dropped == together.dropped
    assert made.file_rows == ROWS
    assert np.array_equal(found.target, together.target)
    assert list(prepared.columns.numbers) == list(together.columns.numbers)
    for name, values in together.columns.numbers.items():
        assert np.array_equal(prepared.columns.numbers[name], values, equal_nan=True), name
    for name, column in together.columns.categories.items():
        assert prepared.columns.categories[name].levels == column.levels
        assert np.array_equal(prepared.columns.categories[name].codes, column.codes), name
    # The verdicts that the columns were made for are there.
    reasons = {each["name"]: each["reason"] for each in found.verdicts}
    assert reasons["copy"] == "is a copy of kind"
    assert reasons["constant"] == "is constant"
    assert reasons["names"] == "has another value in every row, as names have"
    assert not (tmp_path / "data" / ".text").exists()


def test_a_column_some_of_whose_values_are_no_numbers_is_refused_in_the_same_words(tmp_path):
    made = columns() | {"odd": [str(row % 6) for row in range(ROWS - 1)] + ["six"]}
    path = write(tmp_path, "csv", made)
    with pytest.raises(InvalidInput) as together:
        profile(read_source(path), "rows", SETTINGS)
    with pytest.raises(InvalidInput) as apart:
        distributed.prepare(Here(), str(path), digest_of(path), "rows", SETTINGS, str(tmp_path / "data"))
    assert str(apart.value) == str(together.value)
    assert f"line {ROWS + 1}" in str(apart.value)


def test_columns_of_types_and_lists_have_the_same_verdicts(tmp_path):
    draws = np.random.default_rng(6)
    table = pa.table(
        {
            "index": range(ROWS),
            "whole": draws.integers(0, 1000, ROWS),
            "real": pa.array(np.where(draws.random(ROWS) < 0.1, np.nan, draws.normal(size=ROWS))),
            "list": [[row] for row in range(ROWS)],
            "level": pa.array([f"k{row % 5}" for row in range(ROWS)]).dictionary_encode(),
            "when": pa.array(np.datetime64("2024-01-01") + np.arange(ROWS)),
            "y": draws.normal(size=ROWS),
        }
    )
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path, row_group_size=100)
    together, made, _ = both(path, tmp_path)
    assert made.found.task == "regression"
    assert made.found.verdicts == together.verdicts
    assert made.found.warnings == together.warnings


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", 'a,y\n"' + "1\n" * 4000 + '",yes\n', "line breaks inside quotes"),
        ("rows.csv.gz", b"\x1f\x8b\x08\x00", "is packed, and is to be read piece by piece"),
        ("rows.csv", "a,y\n1,yes\n".encode("utf-16"), "UTF-16 or UTF-32"),
        ("rows.csv", "a,y\n" + "1,yes\n" * 900 + "1,2,3\n" + "2,no\n" * 900, r"piece \d+ of \d+\) line"),
        ("rows.csv", "a,a,y\n1,2,yes\n", "column 'a' stands twice"),
        ("rows.csv", "a,y\n", "has no rows"),
        ("rows.csv", "", "is empty"),
    ],
)
def test_what_is_not_read_piece_by_piece_is_said(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidInput, match=message):
        distributed.prepare(Here(), str(path), digest_of(path), "rows", SETTINGS, str(tmp_path / "data"))
    assert not (tmp_path / "data" / "columns.json").exists()


def test_a_source_that_was_altered_is_refused(tmp_path):
    path = write(tmp_path, "csv", columns())
    with pytest.raises(InvalidInput, match="was altered after the run was planned"):
        distributed.prepare(Here(), str(path), "0" * 64, "rows", SETTINGS, str(tmp_path / "data"))
    assert not (tmp_path / "data" / "columns.json").exists()
