"""Forecasts of a batch into a Delta table: what is there, replaced, left behind."""

import errno
import itertools
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from forecast_batches import STARTS
from in_delta import InDelta

from sevenfold_jobs.common.failures import InvalidInput, describe
from sevenfold_jobs.forecast_audit.main import run as audit
from sevenfold_jobs.forecast_infer.main import run
from sevenfold_jobs.sinks.delta import versions, writing
from sevenfold_jobs.sinks.delta.table import find_snapshot


def bits(row):
    """Cutoff and days of a path as they are stored, whatever the reader made of them."""
    return row[0], np.array(row[1:], np.float32).tobytes()


@pytest.fixture
def forecasting(database_url, make_batch, spark, tmp_path):
    work = InDelta(database_url, make_batch)
    work.folder = tmp_path / "a table"
    return work


def test_the_rows_are_those_of_postgres_and_nothing_lies_there(forecasting):
    run(forecasting.batch("forecast_infer"))
    in_postgres = {key: bits(row) for key, row in forecasting.paths().items()}
    checksum = forecasting.checksum({"name": "postgres"})
    forecasting.execute("delete from distributions where commodity = %s", forecasting.commodity)
    result = forecasting.infer()
    assert (result["dates"], result["rows"], result["failed"], result["sink"]) == (40, 2_000, [], "delta")
    assert {key: bits(row) for key, row in forecasting.stored().items()} == in_postgres
    assert forecasting.checksum() == checksum
    assert checksum[:2] == (40, 2_000)
    assert forecasting.files() == forecasting.known()
    assert forecasting.paths() == {}
    assert forecasting.table().num_rows == 2_000
    seen = forecasting.looked()
    assert seen["dates"] == [str(day) for day in STARTS]
    assert set(seen["found"]) == set(seen["sound"]) == set(seen["last"]) == {50}
    assert set(seen["first"]) == {1}


def test_protocol_statistics_and_history(forecasting):
    batch = forecasting.batch_of("forecast_infer")
    run(batch)
    table = forecasting.snapshot().table
    assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)
    said = json.loads(table.history(1)[0]["userMetadata"])
    assert said == {
        "run": batch.fence["runId"],
        "batch": batch.batch_id,
        "attempt": 1,
        "first": str(STARTS[0]),
        "last": str(STARTS[-1]),
        "dates": 40,
    }
    assert table.count() == 2_000
    files = forecasting.snapshot().files(forecasting.commodity, forecasting.model)
    spans = [(file.first, file.last) for file in files]
    assert len(spans) == 3  # two windows of 25 and 15 dates, at most 15 a file
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))


def test_doing_it_again_replaces_and_does_not_double(forecasting):
    forecasting.infer()
    before = forecasting.stored()
    forecasting.infer(taskDates=7)
    assert forecasting.stored() == before
    assert forecasting.table().num_rows == 2_000


def test_one_date_is_replaced_and_the_others_keep_their_bits(forecasting):
    forecasting.infer()
    before = forecasting.stored()
    forecasting.infer([STARTS[3]], seed=5)
    after = forecasting.stored()
    assert {key[0] for key in before if before[key] != after[key]} == {STARTS[3]}
    assert len(after) == len(before) == 2_000
    untouched = forecasting.known()
    forecasting.infer([STARTS[3]])
    assert forecasting.stored() == before
    # Only the one file of this date was replaced.
    assert len(untouched - forecasting.known()) == 1


def test_damaged_dates_are_found_and_repaired(forecasting):
    forecasting.infer()
    before = forecasting.stored()
    table = forecasting.snapshot().table
    table.delete(f"forecast_start_date = '{STARTS[4]}' and path_id > 20")
    table.update(
        predicate=f"forecast_start_date = '{STARTS[5]}' and path_id = 7",
        updates={"day_3": "cast('NaN' as float)"},
    )
    table.delete(f"forecast_start_date = '{STARTS[6]}'")
    seen = forecasting.looked()
    by_date = dict(zip(seen["dates"], zip(seen["found"], seen["sound"], strict=True), strict=True))
    assert by_date[str(STARTS[4])] == (20, 20)
    assert by_date[str(STARTS[5])] == (50, 49)
    assert str(STARTS[6]) not in by_date
    assert sum(counts == (50, 50) for counts in by_date.values()) == 37
    forecasting.infer(STARTS[4:7])
    assert forecasting.stored() == before


def test_a_doubled_row_is_no_sound_row(forecasting):
    forecasting.infer()
    table = forecasting.snapshot().table
    rows = table.to_pyarrow_table().filter(
        (pc.field("forecast_start_date") == STARTS[2]) & (pc.field("path_id") == 9)
    )
    from deltalake import write_deltalake

    write_deltalake(table, rows, mode="append")
    seen = forecasting.looked()
    place = seen["dates"].index(str(STARTS[2]))
    assert (seen["found"][place], seen["sound"][place]) == (51, 50)


def test_an_overtaken_attempt_leaves_nothing(forecasting):
    forecasting.infer(STARTS[:2])
    before, version = forecasting.stored(), forecasting.snapshot().version
    batch = forecasting.batch_of("forecast_infer", seed=3)
    forecasting.execute(
        "update units set attempt = 2 where run_id = %s and date = %s", batch.fence["runId"], STARTS[9]
    )
    with pytest.raises(Exception, match="of 1 of the 40 dates") as raised:
        run(batch)
    assert describe(raised.value)[0] == "Fenced"
    assert forecasting.snapshot().version == version
    assert forecasting.stored() == before
    assert forecasting.files() == forecasting.known()
    assert {unit[0] for unit in forecasting.units(batch).values()} == {None}


def test_a_commit_whose_answer_is_lost_is_found_in_the_table(forecasting, monkeypatch):
    landed = versions.commit_actions

    def lost(*given):
        landed(*given)
        raise OSError("connection reset by peer")

    monkeypatch.setattr(versions, "commit_actions", lost)
    assert forecasting.infer()["dates"] == 40
    assert forecasting.snapshot().version == 1
    assert forecasting.table().num_rows == 2_000


def test_who_comes_between_makes_the_commit_begin_again(forecasting, monkeypatch):
    forecasting.infer(STARTS[:3])
    made = versions.commit_actions
    calls = []

    def after_another(snapshot, *given):
        if not calls:
            find_snapshot(snapshot.path).table.optimize.compact(min_commit_interval=None)
            find_snapshot(snapshot.path).table.delete(f"forecast_start_date = '{STARTS[0]}'")
        calls.append(1)
        made(snapshot, *given)

    monkeypatch.setattr(versions, "commit_actions", after_another)
    forecasting.infer()
    assert len(calls) == 2
    assert forecasting.table().num_rows == 2_000


def test_a_sequence_behind_the_table_is_moved_past_it(forecasting):
    forecasting.infer()
    application = f"sevenfold/{forecasting.commodity}/{forecasting.model}"
    recorded = forecasting.snapshot().recorded(application)
    forecasting.execute("select setval('delta_tokens', 1, false)")
    forecasting.infer(seed=2)
    assert forecasting.snapshot().recorded(application) > recorded
    assert forecasting.table().num_rows == 2_000


def test_what_ended_attempts_left_goes_with_the_successor(forecasting):
    batch = forecasting.batch_of("forecast_infer", attempt=2)
    forecasting.execute("update units set attempt = 2 where run_id = %s", batch.fence["runId"])
    folder = forecasting.folder / f"model_version={forecasting.model}" / f"commodity={forecasting.commodity}"
    folder.mkdir(parents=True)
    (forecasting.folder / "_delta_log").mkdir()
    run_id = batch.fence["runId"][:8]
    left = folder / f"{run_id}-chunk1-a1-15-0123456789ab.parquet"
    newer = folder / f"{run_id}-chunk1-a3-15-0123456789ab.parquet"
    foreign = folder / "ffffffff-chunk1-a1-15-0123456789ab.parquet"
    for file in (left, newer, foreign):
        file.write_bytes(b"PAR1")
    with pytest.raises(InvalidInput, match="is no Delta table and not empty"):
        run(batch)
    for file in (left, newer, foreign):
        file.unlink()
    folder.rmdir()
    folder.parent.rmdir()
    forecasting.infer([STARTS[0]])
    for file in (left, newer, foreign):
        file.write_bytes(b"PAR1")
    run(batch)
    assert not left.exists()
    assert newer.exists()
    assert foreign.exists()


def test_an_audit_reads_the_bits_of_the_table(forecasting):
    forecasting.infer()
    result = audit(forecasting.batch_of("forecast_audit"))
    assert (result["checked"], result["different"]) == (40, 0)
    forecasting.snapshot().table.update(
        predicate=f"forecast_start_date = '{STARTS[5]}' and path_id = 7", new_values={"day_3": 1.5}
    )
    batch = forecasting.batch_of("forecast_audit")
    assert audit(batch)["different"] == 1
    detail = forecasting.units(batch)[STARTS[5]][3]
    assert detail["differs"].startswith("path 7, day 3: stored 1.5")


def test_few_paths_and_a_short_horizon(forecasting):
    forecasting.infer(paths=1, horizon=3)
    rows = forecasting.table()
    assert rows.num_rows == 40
    assert rows["day_4"].null_count == 40
    assert set(forecasting.looked(paths=1, horizon=3)["sound"]) == {1}
    # A longer horizon misses days, a shorter one has too many.
    assert set(forecasting.looked(paths=1, horizon=4)["sound"]) == {0}
    assert set(forecasting.looked(paths=1, horizon=2)["sound"]) == {0}


def test_places_that_cannot_hold_it(forecasting, tmp_path):
    def refused(path):
        with pytest.raises(InvalidInput) as raised:
            forecasting.infer(sink={"name": "delta", "path": str(path)})
        message = str(raised.value)
        assert "\n" not in message
        return message

    assert "it is gs://bucket/folder" in refused("gs://bucket")
    assert "it is gs://bucket/folder" in refused("gs://bucket/a%20b")
    assert "reads %20 in it as another character" in refused(tmp_path / "a%20b")
    assert not (tmp_path / "a%20b").exists()
    (tmp_path / "a file").write_text("x")
    assert "cannot be kept" in refused(tmp_path / "a file")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    assert "not empty (x)" in refused(tmp_path / "full")
    from deltalake import DeltaTable

    other = tmp_path / "other"
    DeltaTable.create(str(other), pa.schema([("a", pa.int32())]))
    assert "not one of forecasts" in refused(other)
    inside = other / "a" / "b"
    assert f"{inside} lies inside the Delta table at {other}, whose vacuum" in refused(inside)
    assert not inside.parent.exists()


@pytest.mark.parametrize("name", ["a b", "100%", "% new", "5%-95%", "ä +#?&"])
def test_a_folder_may_have_any_name(forecasting, tmp_path, name):
    forecasting.folder = tmp_path / name / "table"
    forecasting.infer()
    checksum = forecasting.checksum()
    assert checksum[:2] == (40, 2_000)
    forecasting.infer(STARTS[3:5], taskDates=1)
    assert forecasting.checksum() == checksum
    assert set(forecasting.looked()["sound"]) == {50}
    assert list(tmp_path.rglob("_delta_log")) == [forecasting.folder / "_delta_log"]
    assert forecasting.files() >= forecasting.known()


def test_a_raised_protocol_is_refused_with_words(forecasting):
    forecasting.infer(STARTS[:1])
    forecasting.snapshot().table.alter.set_table_properties({"delta.enableChangeDataFeed": "true"})
    with pytest.raises(InvalidInput, match="protocol reader 1, writer 4"):
        forecasting.infer(STARTS[:1])


def test_a_failed_task_leaves_its_dates_out_and_no_file(forecasting):
    forecasting.execute(
        "delete from fitted_models where commodity = %s and training_date = %s",
        forecasting.commodity,
        STARTS[25],
    )
    result = forecasting.infer()
    assert result["dates"] == 25
    assert [len(each["dates"]) for each in result["failed"]] == [15]
    assert len(forecasting.looked()["dates"]) == 25
    assert forecasting.files() == forecasting.known()


def test_newer_metadata_does_not_speak_for_older_paths(forecasting):
    run(forecasting.batch("forecast_infer"))
    forecasting.execute(
        """
        update forecast_metadata set fingerprint = 'older' where commodity = %s and forecast_start_date = %s
        """,
        forecasting.commodity,
        STARTS[7],
    )

    def noted():
        return forecasting.ask(
            """
            select split_part(sink, '/', 1), forecast_start_date, fingerprint from path_fingerprints
             where commodity = %s order by 1, 2
            """,
            forecasting.commodity,
        )

    forecasting.infer(STARTS[6:8])
    assert [each[:2] for each in noted()] == [
        ("delta", STARTS[6]),
        ("delta", STARTS[7]),
        ("postgres", STARTS[7]),
    ]
    assert noted()[2][2] == "older"
    run(forecasting.batch("forecast_infer", STARTS[7:8]))
    assert [each[0] for each in noted()] == ["delta", "delta"]


def test_a_full_disk_leaves_nothing_visible(forecasting, monkeypatch):
    forecasting.infer(STARTS[:2])
    before, files = forecasting.stored(), forecasting.files()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writing.pq.ParquetWriter, "write_table", full)
        [failed] = forecasting.infer(STARTS[:12])["failed"]
    assert failed["errorType"] == "NoSpace"
    with monkeypatch.context() as patch:
        patch.setattr(versions, "commit_actions", full)
        with pytest.raises(Exception, match="No space left") as raised:
            forecasting.infer(STARTS[:12])
    assert describe(raised.value)[0] in ("NoSpace", "Infrastructure")
    assert forecasting.stored() == before
    assert forecasting.files() == files
    assert forecasting.infer(STARTS[:12])["dates"] == 12
