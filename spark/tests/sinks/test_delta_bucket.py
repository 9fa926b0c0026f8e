"""A Delta table in a bucket, as in a folder: the same bytes, the same fence, refusals in one line."""

import json

import pytest
from forecast_batches import STARTS
from in_delta import InDelta
from object_store import object_store

from sevenfold_jobs.common.failures import InvalidInput, describe
from sevenfold_jobs.forecast_audit.main import run as audit
from sevenfold_jobs.forecast_infer.main import run
from sevenfold_jobs.sinks.delta import versions

# A single window: its one task is done in the process of the driver, without Spark.
DATES = STARTS[:12]


@pytest.fixture(scope="module")
def store():
    with object_store() as started:
        yield started


@pytest.fixture
def work(database_url, make_batch, store, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.emulator)
    made = InDelta(database_url, make_batch)
    made.bucket = f"gs://things/{made.commodity}/a table"
    return made


def test_the_same_run_has_the_checksum_of_postgres(work):
    run(work.batch("forecast_infer", DATES))
    checksum = work.checksum({"name": "postgres"})
    assert work.infer(DATES, taskDates=60)["dates"] == 12
    assert work.checksum() == checksum
    seen = work.looked()
    assert set(seen["sound"]) == set(seen["found"]) == {50}
    assert len(seen["dates"]) == 12
    assert seen["foreign"] == []
    assert audit(work.batch_of("forecast_audit", DATES))["different"] == 0
    table = work.snapshot().table
    assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)
    assert json.loads(table.history(1)[0]["userMetadata"])["dates"] == 12


def test_one_date_is_replaced_and_the_others_keep_their_bits(work):
    work.infer(DATES)
    before = work.stored()
    work.infer([STARTS[3]], seed=5)
    after = work.stored()
    assert {key[0] for key in before if before[key] != after[key]} == {STARTS[3]}
    work.infer([STARTS[3]])
    assert work.stored() == before


def test_a_commit_whose_answer_the_store_loses_is_found_in_the_table(work, store):
    work.infer(DATES[:2])
    version = work.snapshot().version
    store.lose_answer(".json")
    assert work.infer(DATES)["dates"] == 12
    assert work.snapshot().version == version + 1
    assert work.table().num_rows == 12 * 50


def test_who_comes_between_makes_the_commit_begin_again(work, monkeypatch):
    work.infer(DATES[:3])
    made = versions.commit_actions
    calls = []

    def after_another(snapshot, *given):
        if not calls:
            versions.newest(snapshot.path).table.delete(f"forecast_start_date = '{DATES[0]}'")
        calls.append(1)
        made(snapshot, *given)

    monkeypatch.setattr(versions, "commit_actions", after_another)
    work.infer(DATES)
    assert len(calls) == 2
    assert work.table().num_rows == 12 * 50


def test_an_overtaken_attempt_leaves_no_object(work, store):
    work.infer(DATES[:2])
    batch = work.batch_of("forecast_infer", DATES, seed=3)
    work.execute("update units set attempt = 2 where run_id = %s", batch.fence["runId"])
    before = store.names("things", work.commodity)
    with pytest.raises(Exception, match="of 12 of the 12 dates") as raised:
        run(batch)
    assert describe(raised.value)[0] == "Fenced"
    assert store.names("things", work.commodity) == before


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("gs://forbidden/table", "the bucket refuses it"),
        ("gs://nowhere-at-all/table", "there is no such bucket"),
        ("gs://things", "it is gs://bucket/folder"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_refused_in_one_line(work, place, words):
    work.bucket = place
    with pytest.raises(InvalidInput, match=words) as raised:
        work.infer(DATES)
    assert "\n" not in str(raised.value)
    with pytest.raises(InvalidInput, match=words):
        work.looked()


def test_a_folder_with_other_objects_is_refused(work, store):
    store._ask("POST", f"/upload/storage/v1/b/things/o?uploadType=media&name={work.commodity}/x/a.csv", b"a")
    work.bucket = f"gs://things/{work.commodity}/x"
    with pytest.raises(InvalidInput, match=r"not empty \(a\.csv\)"):
        work.infer(DATES)
