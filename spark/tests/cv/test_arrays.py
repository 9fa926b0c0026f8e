"""Files of a data version: whole or not at all, written once, fetched once."""

import numpy as np
import pytest

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.cv import arrays
from sevenfold_jobs.cv.arrays import Folders, load_array, put, put_array, put_folder


def test_what_is_there_is_not_written_again(tmp_path):
    address = str(tmp_path / "a" / "x.npy")
    values = np.arange(12.0).reshape(3, 4)
    assert put_array(address, values)
    assert not put_array(address, values)
    assert put_array(address, values + 1)
    np.testing.assert_array_equal(load_array(tmp_path / "a", "x"), values + 1)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.npy"]


def test_an_array_is_stored_in_c_order_whatever_it_was(tmp_path):
    values = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    put_array(str(tmp_path / "x.npy"), values)
    assert load_array(tmp_path, "x").flags.c_contiguous


def test_arrays_with_objects_are_never_stored_or_read(tmp_path):
    with pytest.raises(ValueError, match="pickle"):
        put_array(str(tmp_path / "x.npy"), np.array([{}], object))
    np.save(tmp_path / "y.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(JobError, match="is damaged"):
        load_array(tmp_path, "y")


def test_the_file_that_says_complete_comes_last(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.bin", "meta.json", "z.npy"):
        (source / name).write_bytes(name.encode())
    written = []
    monkeypatch.setattr(arrays, "write_object", lambda address, _: written.append(address))
    put_folder(str(tmp_path / "target"), source, last="meta.json")
    assert [address.rpartition("/")[2] for address in written] == ["a.bin", "z.npy", "meta.json"]


def test_a_buckets_folder_is_fetched_once_and_removed_in_the_end(tmp_path, monkeypatch):
    fetched = []

    def fetch(address, folder):
        fetched.append(address)
        target = folder / address.rpartition("/")[2]
        target.mkdir()
        put_array(str(target / "x.npy"), np.ones(3))
        return target

    monkeypatch.setattr(arrays, "fetch_objects", fetch)
    with Folders("gs://bucket/cv/abc/") as folders:
        first = folders.path("fold_1")
        assert folders.path("fold_1") == first
        assert load_array(first, "x").tolist() == [1.0, 1.0, 1.0]
        folders.path("all")
    assert fetched == ["gs://bucket/cv/abc/fold_1", "gs://bucket/cv/abc/all"]
    assert not first.exists()


def test_a_folder_that_is_gone_is_named(tmp_path, monkeypatch):
    with pytest.raises(JobError, match="fold_9 is gone: prepare the data again"):
        Folders(str(tmp_path)).path("fold_9")

    def nothing(address, _):
        raise FileNotFoundError(address)

    monkeypatch.setattr(arrays, "fetch_objects", nothing)
    with pytest.raises(JobError, match="gs://bucket/x/fold_9 is gone"), Folders("gs://bucket/x") as folders:
        folders.path("fold_9")


def test_an_empty_file_is_not_the_same_as_none(tmp_path):
    assert put(str(tmp_path / "empty"), b"")
    assert not put(str(tmp_path / "empty"), b"")
