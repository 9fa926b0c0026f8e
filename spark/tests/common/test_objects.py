"""Objects of a bucket as files: none may land outside of its folder."""

from types import SimpleNamespace

import pytest
from pyarrow import fs

from sevenfold_jobs.common import objects
from sevenfold_jobs.common.failures import InvalidInput


class Bucket:
    """Answers as a bucket that holds these objects and no others."""

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def get_file_info(self, asked):
        if isinstance(asked, str):
            kind = fs.FileType.File if asked in self._paths else fs.FileType.Directory
            return SimpleNamespace(type=kind, path=asked)
        return [SimpleNamespace(type=fs.FileType.File, path=path) for path in self._paths]


@pytest.fixture
def bucket(monkeypatch):
    def holding(*paths: str) -> None:
        in_bucket = lambda address: (Bucket(*paths), address.removeprefix("gs://"))  # noqa: E731
        monkeypatch.setattr(objects, "_in_bucket", in_bucket)
        monkeypatch.setattr(objects, "read_object", lambda address: address.encode())

    return holding


def test_what_lies_below_a_prefix_lies_below_its_folder(bucket, tmp_path):
    bucket("b/data/one.csv", "b/data/more/two.csv")
    folder = objects.fetch_objects("gs://b/data", tmp_path)
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert found == {"one.csv", "more/two.csv"}


@pytest.mark.parametrize("path", ["b/data/../../evil", "b/data/x/../../../evil", "b/data/..", "b/evil/x"])
def test_a_name_that_leads_out_is_refused_and_nothing_is_written(bucket, tmp_path, path):
    inner = tmp_path / "inner"
    inner.mkdir()
    bucket(path)
    with pytest.raises(InvalidInput, match="cannot be a file below"):
        objects.fetch_objects("gs://b/data", inner)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_an_address_that_ends_in_two_dots_is_refused(bucket, tmp_path):
    bucket("b/data/..")
    with pytest.raises(InvalidInput):
        objects.fetch_objects("gs://b/data/..", tmp_path)
