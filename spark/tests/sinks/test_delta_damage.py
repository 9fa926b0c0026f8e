"""A table of which files are damaged or gone, or that somebody else wrote: found, repaired, nothing else
touched."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from forecast_batches import DAYS, STARTS
from in_delta import InDelta

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.export.paths import write_paths
from sevenfold_jobs.forecast_audit.main import run as audit
from sevenfold_jobs.sinks.delta import groups
from sevenfold_jobs.sinks.delta.keeping import keep_the_rest

# One window, and a task a batch: they are done in the process of the driver, without Spark.
DATES = STARTS[:20]
DAY_0 = int(np.datetime64(DATES[0]).astype(int))


@pytest.fixture
def work(database_url, make_batch, tmp_path):
    made = InDelta(database_url, make_batch)
    made.folder = tmp_path / "table"
    made.infer(DATES[:10])
    made.infer(DATES[10:])
    return made


def first_file(work):
    """The one with the first ten dates."""
    return work.folder / work.snapshot().files(work.commodity, work.model)[0].path


def unsound(work):
    """Dates of which not all paths are sound, and the files that are told to be lost."""
    seen = work.looked()
    sound = dict(zip(seen["dates"], seen["sound"], strict=True))
    return [day for day in DATES if sound.get(str(day)) != 50], seen["lost"]


def flipped(data, at):
    return data[:at] + bytes(byte ^ 0x55 for byte in data[at : at + 40]) + data[at + 40 :]


def gone(file):
    file.unlink()


def cut(file):
    file.write_bytes(file.read_bytes()[:-200])


def empty(file):
    file.write_bytes(b"")


def overwritten(file):
    file.write_bytes(flipped(file.read_bytes(), file.stat().st_size // 3))


def footer(file):
    file.write_bytes(flipped(file.read_bytes(), file.stat().st_size - 300))


@pytest.mark.parametrize("damage", [gone, cut, empty, overwritten, footer], ids=lambda each: each.__name__)
def test_a_file_that_is_damaged_or_gone_is_found_and_made_again(work, damage):
    checksum, other = work.checksum(), work.known() - {str(first_file(work).relative_to(work.folder))}
    lost = str(first_file(work).relative_to(work.folder))
    damage(first_file(work))
    assert unsound(work) == (DATES[:10], [lost])
    work.infer(DATES[:10])
    assert unsound(work) == ([], [])
    assert work.checksum() == checksum
    # The file of the other dates is the very same, and any reader reads the table.
    assert other < work.known()
    assert work.table().num_rows == 1_000


def test_of_a_damaged_file_the_groups_that_can_be_read_stay(work, monkeypatch):
    monkeypatch.setattr("sevenfold_jobs.sinks.delta.writing._ROWS_IN_A_GROUP", 250)
    work.infer(DATES, taskDates=20)
    checksum, file = work.checksum(), first_file(work)
    columns = pq.ParquetFile(file).metadata.row_group(1).column(6)
    file.write_bytes(flipped(file.read_bytes(), columns.data_page_offset + 60))
    bad, lost = unsound(work)
    assert (bad, len(lost)) == (DATES[5:10], 1)
    # Another date of the file is replaced first: what can be read stays, what cannot is still missing.
    work.infer(DATES[12:13])
    assert unsound(work) == (DATES[5:10], [])
    work.infer(DATES[5:10])
    assert work.checksum() == checksum


def test_an_audit_says_what_is_missing_and_an_export_stops(work, tmp_path):
    gone(first_file(work))
    result = audit(work.batch_of("forecast_audit", DATES, taskDates=60))
    assert (result["checked"], result["different"], result["failed"]) == (20, 10, [])
    request = {
        "format": "csv",
        "paths": {
            "sink": work.sink,
            "commodity": work.commodity,
            "versions": [work.model],
            "first": str(DATES[0]),
            "last": str(DATES[-1]),
            "aDate": 50,
        },
    }
    with pytest.raises(InvalidInput, match="is damaged or gone") as raised:
        write_paths(None, request, tmp_path / "paths.csv", lambda _: None)
    assert "\n" not in str(raised.value)


def test_an_error_of_the_disk_is_no_damage(work, monkeypatch):
    def failing(*_, **__):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(groups, "_columns", failing)
        patch.setattr(groups.RowGroups, "_opened_in_memory", failing)
        with pytest.raises(OSError, match="Input/output error"):
            work.looked()
        files = work.snapshot().files(work.commodity, work.model)
        with pytest.raises(OSError, match="Input/output error"):
            keep_the_rest(work.place, work.commodity, work.model, "kept", files, np.array([DAY_0]))
    assert unsound(work) == ([], [])


def test_a_table_with_its_columns_in_another_order_is_read_and_repaired(work):
    checksum, rows = work.checksum(), work.table()
    work.snapshot().table.delete()
    write_deltalake(work.snapshot().table, rows.select(list(reversed(rows.column_names))), mode="append")
    assert unsound(work) == ([], [])
    # Other types than ours, as Spark's timestamps are.
    file = first_file(work)
    other = (
        pq.ParquetFile(file)
        .read()
        .cast(
            pa.schema(
                [
                    pa.field(field.name, pa.float64() if field.name == "day_3" else field.type)
                    for field in pq.read_schema(file)
                ]
            )
        )
    )
    pq.write_table(
        other.select(list(reversed(other.column_names))), file, use_deprecated_int96_timestamps=True
    )
    assert unsound(work) == ([], [])
    work.infer(DATES[3:5])
    assert work.checksum() == checksum


def log(work):
    return sorted((work.folder / "_delta_log").glob("*.json"))


def half_an_entry(work):
    log(work)[-1].write_bytes(log(work)[-1].read_bytes()[:400])


def an_entry_without_bytes(work):
    log(work)[1].write_bytes(b"")


def a_gap(work):
    log(work)[1].unlink()


def no_first_version(work):
    log(work)[0].unlink()


def no_checkpoint(work):
    work.snapshot().table.create_checkpoint()
    next((work.folder / "_delta_log").glob("*.checkpoint.parquet")).unlink()


def half_a_checkpoint(work):
    work.snapshot().table.create_checkpoint()
    next((work.folder / "_delta_log").glob("*.checkpoint.parquet")).write_bytes(b"PAR1..PAR1")


def test_a_damaged_log_is_refused_in_one_line_and_nothing_is_written(work):
    def whole():
        return {file.name: file.read_bytes() for file in (work.folder / "_delta_log").iterdir()}

    kept = whole()
    for damage, meaning in [
        (half_an_entry, "an entry is no whole JSON"),
        (an_entry_without_bytes, "its entry 0+1.json is empty"),
        (a_gap, "a version is missing between others"),
        (no_first_version, "its first version is missing"),
        (no_checkpoint, "the checkpoint that _last_checkpoint names is missing"),
        (half_a_checkpoint, "a checkpoint is no whole Parquet file"),
    ]:
        damage(work)
        damaged, files = whole(), work.files()
        with pytest.raises(InvalidInput, match=f"is damaged: {meaning}. Put _delta_log back") as raised:
            work.looked()
        with pytest.raises(InvalidInput, match=meaning):
            work.infer(DATES[:1])
        assert "unknown" not in str(raised.value)
        assert (whole(), work.files()) == (damaged, files)
        for name in whole():
            (work.folder / "_delta_log" / name).unlink()
        for name, content in kept.items():
            (work.folder / "_delta_log" / name).write_bytes(content)
    assert unsound(work) == ([], [])


def test_an_append_only_table_is_refused(work):
    work.snapshot().table.alter.set_table_properties({"delta.appendOnly": "true"})
    with pytest.raises(InvalidInput, match="is append-only"):
        work.infer(DATES[:1])


def test_each_kind_of_bad_date_in_a_file_of_sixty_is_found_and_made_again(work):
    sixty = [day.item() for day in DAYS[325:385]]
    work.infer(sixty, taskDates=60)
    checksum, before = work.checksum(last=sixty[-1]), work.stored()
    table = work.snapshot().table
    bad = dict(
        zip(
            ["deleted", "nan", "infinite", "null", "one cutoff", "all cutoffs", "doubled", "value"],
            sixty[20:],
            strict=False,
        )
    )
    doubled = table.to_pyarrow_table().filter(
        (pc.field("forecast_start_date") == bad["doubled"]) & (pc.field("path_id") < 4)
    )
    table.delete(f"forecast_start_date = '{bad['deleted']}' and path_id > 20")
    one = "and path_id = 7"
    for kind, where, change in [
        ("nan", one, {"day_3": "cast('NaN' as float)"}),
        ("infinite", one, {"day_3": "cast('Infinity' as float)"}),
        ("null", one, {"day_3": "cast(null as float)"}),
        ("one cutoff", one, {"data_cutoff_date": "cast('2019-01-02' as date)"}),
        ("all cutoffs", "", {"data_cutoff_date": "cast('2019-01-02' as date)"}),
        ("value", one, {"day_3": "cast(1.5 as float)"}),
    ]:
        table.update(predicate=f"forecast_start_date = '{bad[kind]}' {where}", updates=change)
    write_deltalake(table, doubled, mode="append")
    seen = work.looked(last=sixty[-1])
    by_date = {
        day: seen_of
        for day, *seen_of in zip(
            *(seen[name] for name in ("dates", "found", "sound", "cutoffs")), strict=True
        )
    }
    judged = {kind: by_date[str(day)][:2] for kind, day in bad.items()}
    assert judged == {
        "deleted": [20, 20],
        "nan": [50, 49],
        "infinite": [50, 49],
        "null": [50, 49],
        "one cutoff": [50, 49],
        "all cutoffs": [50, 50],
        "doubled": [53, 50],
        "value": [50, 50],
    }
    # By the cutoff of the metadata, and by an audit: nothing else can know.
    assert by_date[str(bad["all cutoffs"])][2] == "2019-01-02"
    batch = work.batch_of("forecast_audit", sixty, taskDates=60)
    assert audit(batch)["different"] == len(bad)
    differs = {day: detail["differs"] for day, (*_, detail) in work.units(batch).items() if detail["differs"]}
    assert set(differs) == set(bad.values())
    assert differs[bad["all cutoffs"]].startswith("path 1: stored with cutoff 2019-01-02")
    assert differs[bad["doubled"]] == "53 of 50 paths: path 1 is there twice"
    work.infer(list(bad.values()), taskDates=60)
    assert work.checksum(last=sixty[-1]) == checksum
    assert work.stored() == before
