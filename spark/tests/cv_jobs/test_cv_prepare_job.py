"""Job cv_prepare: arrays of every fold and their account."""

import hashlib
import json
import os
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from cross_validations import class_table, survival_table, with_column
from shared_data import SHARED, needs

from sevenfold_jobs.common.failures import Fenced, InvalidInput
from sevenfold_jobs.cv_prepare.main import run
from sevenfold_jobs.survival.grid import time_grid


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_of(folder):
    return {
        str(path.relative_to(folder)): (
            digest_of(path),
            path.stat().st_mtime_ns,
        )
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def test_folds_are_files_and_rows(cv):
    batch = cv.preparation(survival_table())
    result = run(batch)
    assert (result["dataVersion"], result["rows"], result["folds"]) == (cv.data_version, 300, 3)
    seen = []
    for fold in (1, 2, 3):
        folder = Path(cv.object_root, f"fold_{fold}")
        about = json.loads((folder / "fold.json").read_text())
        arrays = {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("*.npy")}
        seen += arrays["test_rows"].tolist()
        assert arrays["X_train"].flags.c_contiguous
        assert arrays["X_train"].dtype == np.float64
        assert arrays["X_train"].shape == (200, len(about["columns"]))
        assert not np.isnan(arrays["X_test"]).any()
        assert arrays["event_train"].dtype == bool
        grid = time_grid(arrays["time_train"], arrays["event_train"], arrays["time_test"])
        assert about["grid"]["points"] == grid.points.tolist()
        [(train, test, train_events, test_events, columns, detail)] = cv.ask(
            "select train_rows, test_rows, train_events, test_events, columns, detail from cv_folds"
            " where data_version = %s and fold = %s",
            *(cv.data_version, fold),
        )
        assert (train, test, columns) == (200, 100, len(about["columns"]))
        assert train_events == arrays["event_train"].sum()
        assert test_events == arrays["event_test"].sum()
        assert (detail["grid"], detail["tau"]) == (grid.points.tolist(), grid.tau)
        assert detail["horizons"] == [5, 10]
    assert sorted(seen) == list(range(300))
    [row] = cv.ask(
        "select rows, dropped, features, left_out, summary, hazards, is_synthetic, object_root, versions"
        " from cv_data where data_version = %s",
        cv.data_version,
    )
    rows, dropped, features, left_out, summary, hazards, synthetic, root, versions = row
    assert (rows, dropped, synthetic, root) == (300, {}, False, cv.object_root)
    assert [(each["name"], each["kind"]) for each in features] == [
        ("age", "numeric"),
        ("dose", "numeric"),
        ("group", "categorical"),
    ]
    assert features[1]["missing"] > 10
    assert [each["name"] for each in left_out] == ["id", "time", "event"]
    assert {each["stratum"] for each in summary["strata"]} == {"a", "b", "(missing)"}
    assert sum(each["events"] for each in summary["strata"]) == summary["events"]
    assert {each["column"] for each in hazards} == {"age", "dose"}
    assert "numpy" in versions
    [(committed, due, detail)] = cv.ask(
        "select committed_attempt, rows_due, detail from units where run_id = %s and unit = 'folds'",
        batch.fence["runId"],
    )
    assert (committed, due, detail["dataVersion"], detail["rows"]) == (1, 3, cv.data_version, 300)


def test_preparing_again_writes_no_file_and_doubles_no_row(cv):
    run(cv.preparation(survival_table()))
    before = files_of(cv.object_root)
    first = cv.ask("select membership_sha256 from cv_data where data_version = %s", cv.data_version)
    run(cv.preparation(survival_table()))
    assert files_of(cv.object_root) == before
    assert cv.ask("select membership_sha256 from cv_data where data_version = %s", cv.data_version) == first
    assert cv.ask("select count(*) from cv_folds where data_version = %s", cv.data_version) == [(3,)]


def test_a_file_that_was_lost_or_altered_is_written_again(cv):
    run(cv.preparation(survival_table()))
    before = {name: digest for name, (digest, _) in files_of(cv.object_root).items()}
    Path(cv.object_root, "fold_1", "X_train.npy").write_bytes(b"half")
    Path(cv.object_root, "fold_2", "fold.json").unlink()
    run(cv.preparation(survival_table()))
    assert {name: digest for name, (digest, _) in files_of(cv.object_root).items()} == before


def test_lightgbm_folds_are_binned_the_same_every_time(cv):
    given = {"task": "classification", "target": "label", "exclude": ["number"]}
    run(cv.preparation(class_table(), **given))
    before = files_of(cv.object_root)
    assert "fold_1/train.bin" in before
    run(cv.preparation(class_table(), **given))
    assert files_of(cv.object_root) == before
    [(events, detail)] = cv.ask(
        "select test_events, detail from cv_folds where data_version = %s and fold = 1", cv.data_version
    )
    assert detail["classes"]["test"]["yes"] == events
    assert sum(detail["classes"]["train"].values()) == detail["rows"]["train"] + detail["rows"]["stopping"]
    [(summary,)] = cv.ask("select summary from cv_data where data_version = %s", cv.data_version)
    assert sum(summary["classes"].values()) == 400


def test_time_folds_are_ranges_in_order_of_the_date(cv):
    table = class_table()
    hours = np.arange(400)[::-1]
    table = with_column(
        table, "date", np.datetime64("2020-01-01T00:00:00") + hours * np.timedelta64(3600, "s")
    )
    result = run(
        cv.preparation(
            table,
            task="classification",
            target="label",
            exclude=["number"],
            splitter="timeSeries",
            folds=4,
            gap=3,
        )
    )
    assert any("were put in" in each for each in result["warnings"])
    details = cv.ask("select detail from cv_folds where data_version = %s order by fold", cv.data_version)
    assert [(detail["train"], detail["test"]) for (detail,) in details] == [
        ([0, 76], [80, 159]),
        ([0, 156], [160, 239]),
        ([0, 236], [240, 319]),
        ([0, 316], [320, 399]),
    ]
    tested = np.load(Path(cv.object_root, "fold_4", "test_rows.npy"))
    assert tested.tolist() == list(range(79, -1, -1))


def test_dates_of_other_countries_are_in_order_of_time_and_never_parted(cv):
    days = np.datetime64("2020-01-20") + (np.arange(400) // 4)[::-1] * np.timedelta64(1, "D")
    written = [f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in days.astype(str)]
    given = {"task": "classification", "target": "label", "exclude": ["number"], "folds": 4}
    result = run(cv.preparation(with_column(class_table(), "date", written), splitter="auto", **given))
    assert any("were put in" in each for each in result["warnings"])
    for fold in (1, 2, 3, 4):
        tested = np.load(Path(cv.object_root, f"fold_{fold}", "test_rows.npy"))
        assert len(tested) == 80
        assert len(set(days[tested])) == 20
    tested = np.load(Path(cv.object_root, "fold_4", "test_rows.npy"))
    assert set(tested) == set(range(80))


def test_horizons_outside_of_the_follow_up_are_said(cv):
    result = run(cv.preparation(survival_table(), horizons=[5, 5000]))
    said = [each for each in result["warnings"] if each.startswith("Horizon")]
    assert len(said) == 1
    assert said[0].startswith("Horizon 5000 lies outside of what 3 of 3 folds can score: it has no Brier")


def test_rows_of_an_id_stay_in_one_fold_and_that_is_said(cv):
    table = with_column(survival_table(), "id", [each // 3 for each in range(300)])
    result = run(cv.preparation(table))
    said = "Column id repeats: 300 rows are of 100 ids; the rows of an id stay in one fold."
    assert said in result["warnings"]
    for fold in (1, 2, 3):
        tested = np.load(Path(cv.object_root, f"fold_{fold}", "test_rows.npy")) // 3
        assert (np.unique(tested, return_counts=True)[1] == 3).all()


def test_ids_on_both_sides_of_folds_in_time_are_counted(cv):
    table = with_column(class_table(), "date", np.datetime64("2020-01-01") + np.arange(400))
    table = with_column(table, "id", [each % 50 for each in range(400)])
    given = {"task": "classification", "target": "label", "exclude": ["number"], "splitter": "timeSeries"}
    result = run(cv.preparation(table, **given))
    assert any("50 of them have rows to train on and to test on" in each for each in result["warnings"])


def test_given_folds_are_taken_as_they_are(cv):
    table = with_column(survival_table(), "part", np.arange(300) % 3 * 10)
    run(cv.preparation(table, splitter="given", foldColumn="part"))
    assert np.load(Path(cv.object_root, "fold_2", "test_rows.npy")).tolist() == list(range(1, 300, 3))
    with pytest.raises(InvalidInput, match="holds 3 folds, not 4: ask for 3"):
        run(cv.preparation(table, splitter="given", foldColumn="part", folds=4))


def test_complete_rows_drops_and_counts_rows_with_gaps(cv):
    table = survival_table()
    gaps = sum(
        dose is None or group is None
        for dose, group in zip(table["dose"].to_pylist(), table["group"].to_pylist(), strict=True)
    )
    result = run(cv.preparation(table, completeRows=True))
    assert result["rows"] == 300 - gaps
    [(dropped,)] = cv.ask("select dropped from cv_data where data_version = %s", cv.data_version)
    assert dropped == {"incomplete": gaps}


def test_generated_data_are_marked_and_shown(cv):
    table = class_table()
    noted = {"generator": "timeseries", "seed": 1, "synthetic": True, "components": {"one": "trend"}}
    table = table.replace_schema_metadata({b"sevenfold": json.dumps(noted).encode()})
    run(cv.preparation(table, task="classification", target="label", exclude=["number"]))
    [(synthetic, summary)] = cv.ask(
        "select is_synthetic, summary from cv_data where data_version = %s", cv.data_version
    )
    assert synthetic
    [sample] = summary["samples"]
    assert (sample["name"], sample["component"], len(sample["values"])) == ("one", "trend", 200)


def test_an_overtaken_attempt_writes_no_row(cv):
    batch = cv.preparation(survival_table())
    cv.ask("update units set attempt = 2 where run_id = %s", batch.fence["runId"])
    with pytest.raises(Fenced):
        run(batch)
    assert cv.ask("select count(*) from cv_data where data_version = %s", cv.data_version) == [(0,)]


@pytest.mark.parametrize("after", [0.0, 0.05, 0.1, 0.2, 0.4])
def test_a_preparation_killed_at_any_moment_is_made_whole_by_the_next(cv, after):
    batch = cv.preparation(survival_table(3000))
    pid = os.fork()
    if pid == 0:
        try:
            run(batch)
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    for path in Path(cv.object_root).rglob("*.npy"):
        if not path.name.startswith("."):
            np.load(path)
    assert cv.ask("select count(*) from cv_folds where data_version = %s", cv.data_version)[0][0] in (0, 3)
    run(batch)
    assert cv.ask("select count(*) from cv_folds where data_version = %s", cv.data_version) == [(3,)]


def test_columns_that_cannot_be_features_are_left_out_with_one_warning_each(cv):
    table = with_column(survival_table(1000), "flat", [3.0] * 1000)
    table = with_column(table, "empty", pa.nulls(1000, pa.float64()))
    table = with_column(table, "name", [f"n{each}" for each in range(1000)])
    table = with_column(table, "seen", np.datetime64("2020-01-01") + np.arange(1000).astype("timedelta64[D]"))
    result = run(cv.preparation(table))
    assert [each for each in result["warnings"] if "left out" in each] == [
        "Column flat is left out: it is constant.",
        "Column empty is left out: it has no value in any row that takes part.",
        "Column name is left out: it has 1,000 levels, more than 100.",
        "Column seen is left out: it holds dates, neither numbers nor names.",
    ]


def test_times_that_are_not_positive_are_dropped_and_counted(cv):
    time = survival_table()["time"].to_pylist()
    time[3], time[5], time[7] = 0.0, -2.0, None
    result = run(cv.preparation(with_column(survival_table(), "time", time)))
    assert result["rows"] == 297
    [(dropped,)] = cv.ask("select dropped from cv_data where data_version = %s", cv.data_version)
    assert dropped == {"time <= 0": 2, "no time": 1}


def test_a_column_known_only_afterwards_is_warned_about_by_name(cv):
    table = survival_table()
    cause = [None if not event else "x" for event in table["event"].to_pylist()]
    result = run(cv.preparation(with_column(table, "cause", cause)))
    [warning] = [each for each in result["warnings"] if "by itself" in each]
    assert warning.startswith("Column cause nearly tells the event by itself (whether it has a value: 1.00")


@needs("cv")
class TestRealFiles:
    """The files of SEVENFOLD_SHARED."""

    @pytest.mark.parametrize(
        ("file", "given", "suspect"),
        [
            ("aids.parquet", {}, []),
            ("dd.parquet", {}, []),
            ("flchain.parquet", {"exclude": ["chapter"]}, []),
            ("flchain.parquet", {}, ["chapter"]),
            ("gbsg2.parquet", {}, []),
            ("kidney_transplant.parquet", {}, []),
            ("lung.parquet", {}, []),
            ("rossi.parquet", {}, []),
            ("veteran.parquet", {}, []),
            ("whas500.parquet", {"exclude": ["los"]}, []),
            ("bank.csv", {"task": "classification", "target": "deposit"}, ["duration"]),
            ("bank.csv", {"task": "classification", "target": "deposit", "exclude": ["duration"]}, []),
            ("iris.csv", {"task": "classification", "target": "species"}, []),
        ],
    )
    def test_honest_columns_are_not_suspected_and_leaks_are(self, cv, file, given, suspect):
        result = run(cv.preparation(SHARED / "cv" / file, folds=5, **given))
        found = [each.split()[1] for each in result["warnings"] if "by itself" in each]
        assert found == suspect
