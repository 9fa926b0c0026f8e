"""Files of prices: every bad row is named, and nothing that is bad gets through."""

import gzip
import shutil
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from price_files import COMMODITY, COVARIATES, PRICES, needs_shared, refusal, write_folder, write_parquet

from sevenfold_jobs.price_import import files


@pytest.mark.parametrize(
    ("row", "place", "fault"),
    [
        ("2025-01-09,OIL,NaN", "line 9 (OIL 2025-01-09), column close", "'NaN' is not a finite number"),
        ("2025-01-09,OIL,inf", "line 9 (OIL 2025-01-09), column close", "'inf' is not a finite number"),
        ("2025-01-09,OIL,1e999", "line 9 (OIL 2025-01-09), column close", "'1e999' is not a finite number"),
        ("2025-01-09,OIL,n/a", "line 9 (OIL 2025-01-09), column close", "'n/a' is not a finite number"),
        ("2025-01-09,OIL,", "line 9 (OIL 2025-01-09), column close", "is empty"),
        ("2025-02-30,OIL,70", "line 9 (OIL 2025-02-30), column date", "'2025-02-30' is not a day"),
        ("09/01/2025,OIL,70", "line 9 (OIL 09/01/2025), column date", "'09/01/2025' is not a day"),
        (",OIL,70", "line 9 (OIL), column date", "is empty"),
        ("2025-01-09,,70", "line 9 (2025-01-09), column commodity", "is empty"),
        ("2025-01-09,oil,70", "line 9 (oil 2025-01-09), column commodity", "'oil' is not a commodity's name"),
        (
            "2025-01-06,OIL,72.25",
            "line 9 (OIL 2025-01-06)",
            "commodity 'OIL', date '2025-01-06', known_at '2025-01-06' stands already in line 4",
        ),
        ("2025-01-09,OIL", "line 9", "has 2 fields, the header has 3"),
        ("2025-01-09,SAMPLE,70", "column commodity", "SAMPLE is the generated series"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_what_is_wrong(tmp_path, row, place, fault):
    said = refusal(write_folder(tmp_path / "oil", PRICES + row + "\n"))
    assert said.startswith("1 fault in oil, nothing was imported. prices_daily.csv")
    assert place in said
    assert fault in said


def test_every_bad_row_is_in_the_log_and_the_first_ten_in_the_message(tmp_path, capsys):
    rows = "".join(f"2025-02-{day:02},OIL,bad\n" for day in range(1, 15))
    said = refusal(write_folder(tmp_path / "oil", PRICES + rows))
    assert said.startswith("14 faults in oil")
    assert said.count("is not a finite number") == 10
    assert said.endswith("| and 4 more; all of them: npx sevenfold logs prices/oil")
    assert capsys.readouterr().out.count("is not a finite number") == 14


def test_faults_of_both_files_are_reported_at_once(tmp_path):
    said = refusal(
        write_folder(
            tmp_path / "oil",
            PRICES.replace("70.5", "many"),
            COVARIATES.replace("0.25", "wet").replace(",1\n", ",\n"),
        )
    )
    assert said.startswith("2 faults")
    assert "covariates_daily.csv, column rain: holds text such as 'wet' and no number" in said


def test_a_text_among_the_numbers_of_a_covariate_is_named_alone(tmp_path):
    said = refusal(write_folder(tmp_path / "oil", covariates=COVARIATES.replace("0.25", "wet")))
    assert said.startswith("1 fault")
    assert "covariates_daily.csv line 3 (2025-01-03), column rain: 'wet' is not a finite number" in said


def test_a_missing_column_is_refused_with_the_nearest_one(tmp_path):
    said = refusal(write_folder(tmp_path / "oil", PRICES.replace("close", "clsoe")))
    assert "column close is missing; rename 'clsoe'" in said


def test_a_row_known_before_its_day_is_named(tmp_path):
    path = tmp_path / "oil.csv"
    path.write_text("date,commodity,close,known_at\n2025-01-02,OIL,70,2025-01-01\n2025-01-03,OIL,70,\n")
    said = refusal(path)
    assert said.startswith("1 fault")
    assert "line 2 (OIL 2025-01-02), column known_at: 2025-01-01 lies before the date 2025-01-02" in said


def test_one_day_may_have_versions_but_not_twice_the_same(tmp_path):
    path = tmp_path / "oil.csv"
    rows = "date,commodity,close,known_at\n2025-01-02,OIL,70,\n2025-01-02,OIL,71,2025-01-05\n"
    path.write_text(rows)
    assert len(files.read(path).prices.date) == 2
    path.write_text(rows + "2025-01-02,OIL,72,2025-01-05\n")
    assert "known_at '2025-01-05' stands already in line 3" in refusal(path)


@pytest.mark.parametrize("close", [float("nan"), float("inf"), None])
def test_a_close_in_parquet_that_is_no_number_is_named_by_its_row(tmp_path, close):
    path = write_parquet(
        tmp_path / "oil.parquet",
        date=[date(2025, 1, 2), date(2025, 1, 3)],
        commodity=["OIL", "OIL"],
        close=[70.0, close],
    )
    assert "oil.parquet row 2 (OIL 2025-01-03), column close" in refusal(path)


def test_flags_may_be_written_in_words_or_digits_and_nothing_else(tmp_path):
    path = tmp_path / "oil.csv"
    rows = ["2025-01-03,OIL,70,True", "2025-01-04,OIL,70,false", "2025-01-05,OIL,70,0", "2025-01-06,OIL,70,1"]
    path.write_text("\n".join(["date,commodity,close,is_trading_day", *rows]))
    assert files.read(path).prices.is_trading_day.tolist() == [True, False, False, True]
    path.write_text("\n".join(["date,commodity,close,is_trading_day", rows[0], "2025-01-04,OIL,70,maybe"]))
    assert "column is_trading_day: 'maybe' is no flag" in refusal(path)


def test_paths_that_hold_no_prices_are_refused_in_one_line(tmp_path):
    assert f"There is no file or folder {tmp_path / 'nowhere'}" in refusal(tmp_path / "nowhere")
    (tmp_path / "price_daily.csv").write_text(PRICES)
    assert "rename 'price_daily.csv'" in refusal(tmp_path)
    (tmp_path / "oil.xlsx").write_text("")
    assert "neither .csv nor .parquet" in refusal(tmp_path / "oil.xlsx")
    (tmp_path / "empty.csv").write_text("date,commodity,close\n")
    assert "has no rows" in refusal(tmp_path / "empty.csv")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    assert "is not a Parquet file" in refusal(tmp_path / "torn.parquet")


@needs_shared
def test_the_csv_files_beside_the_parquet_file_are_checked_and_held_against_it(tmp_path):
    folder = tmp_path / "commodity"
    # by content alone: of a file that may only be read, the copy may be written
    shutil.copytree(COMMODITY, folder, copy_function=shutil.copyfile)
    rows = (folder / "prices_daily.csv").read_text()
    changed = rows.replace("2015-03-04,WTI,51.53", "2015-03-04,WTI,99").replace("2015-03-05,WTI,50.76\n", "")
    (folder / "prices_daily.csv").write_text(changed)
    [said] = [warning for warning in files.read(folder).warnings if "something else" in warning]
    assert "(2)" in said
    assert "WTI 2015-03-05 is only in unified_daily.parquet" in said
    assert "WTI 2015-03-04 is 99 in prices_daily.csv" in said
    (folder / "prices_daily.csv").write_text(rows.replace("2015-03-04,WTI,51.53", "2015-03-04,WTI,"))
    assert "(WTI 2015-03-04), column close: is empty" in refusal(folder)


@needs_shared
def test_the_four_opens_of_the_vix_outside_their_day_are_named():
    assert files.read(COMMODITY).warnings == [
        "covariates_daily.csv: vix_open outside the low and high of its day (4): "
        "2002-09-11 35.98, 2004-10-26 19.54, 2004-11-08 2.58, 2006-02-08 41.6"
    ]


@needs_shared
def test_a_nan_in_the_parquet_file_of_the_folder_is_named(tmp_path):
    table = pq.read_table(COMMODITY / "unified_daily.parquet")
    close = table["close"].to_pylist()
    close[100] = float("nan")
    path = tmp_path / "commodity" / "unified_daily.parquet"
    path.parent.mkdir()
    pq.write_table(table.set_column(table.column_names.index("close"), "close", pa.array(close)), path)
    assert "unified_daily.parquet row 101 (WTI 2000-04-10), column close" in refusal(path.parent)


@pytest.mark.parametrize("name", ["oil.CSV", "oil.csv.gz", "oil.tsv"])
def test_a_file_is_read_by_what_it_holds_and_not_by_how_its_name_ends(tmp_path, name):
    text = PRICES.replace(",", "\t") if name.endswith("tsv") else PRICES
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert len(files.read(tmp_path / name).prices.date) == 7


def test_the_index_of_a_frame_is_no_covariate_and_that_is_said(tmp_path):
    header, *rows = PRICES.splitlines()
    numbered = [f",{header}", *(f"{row},{text}" for row, text in enumerate(rows))]
    source = files.read(write_folder(tmp_path / "oil", "\n".join(numbered), None))
    assert source.prices.covariates == {}
    assert source.warnings == [
        "prices_daily.csv, column (column 1): is left out, it is the index of the frame that was saved"
    ]


def test_prices_with_decimal_commas_are_what_they_are_and_that_is_said(tmp_path):
    text = PRICES.replace(",", ";").replace(".", ",")
    source = files.read(write_folder(tmp_path / "oil", text, None))
    assert source.prices.close.tolist() == [70.5, 71.0, 72.25, 69.0, 3.5, 3.25, 3.0]
    assert source.warnings == ["prices_daily.csv, column close: read as numbers with decimal commas"]


@pytest.mark.parametrize("mark", ["NA", ".", "?", "NaN", "-"])
def test_a_covariate_without_a_value_may_say_so(tmp_path, mark):
    text = COVARIATES.replace("0.25", mark)
    source = files.read(write_folder(tmp_path / "oil", covariates=text))
    assert np.isnan(source.figures.columns["rain"]).tolist() == [True, True, False, True]
