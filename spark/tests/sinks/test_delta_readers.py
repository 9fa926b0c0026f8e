"""Who else reads the table: each by the query of docs/delta.md."""

from urllib.parse import unquote

import numpy as np
import pytest
from deltalake import DeltaTable
from forecast_batches import STARTS
from in_delta import DAYS, InDelta

DATES = STARTS[:12]


@pytest.fixture
def work(database_url, make_batch, tmp_path):
    made = InDelta(database_url, make_batch)
    made.folder = tmp_path / "a table"
    made.infer(DATES, modelVersion=f"{made.model}@0a1b2c")
    made.infer(DATES[:3], seed=1)
    return made


def expected(work, day):
    """The paths of a date, in order, in single precision."""
    rows = work.table().to_pylist()
    of_day = [row for row in rows if row["forecast_start_date"] == day and row["model_version"] == work.model]
    return np.array([[row[name] for name in DAYS] for row in sorted(of_day, key=lambda row: row["path_id"])])


def test_pandas(work):
    import pyarrow.dataset as ds

    table = DeltaTable(work.place).to_pyarrow_dataset()
    chosen = (ds.field("forecast_start_date") == DATES[1]) & (ds.field("model_version") == work.model)
    frame = table.to_table(filter=chosen).to_pandas().sort_values("path_id")
    assert frame["path_id"].tolist() == list(range(1, 51))
    assert np.array_equal(frame[DAYS].to_numpy(), expected(work, DATES[1]))
    assert {str(kind) for kind in frame[DAYS].dtypes} == {"float32"}


def test_duckdb(work):
    import duckdb

    table = DeltaTable(work.place).to_pyarrow_dataset()
    with duckdb.connect() as session:
        session.register("paths", table)
        found = session.execute(
            "select model_version, count(*), count(distinct forecast_start_date), avg(day_14)"
            " from paths where commodity = ? group by 1 order by 1",
            [work.commodity],
        ).fetchall()
        files = [unquote(file) for file in DeltaTable(work.place).file_uris()]
        rows = session.execute("select count(*) from read_parquet(?)", [files]).fetchone()
    assert [row[:3] for row in found] == [(work.model, 150, 3), (f"{work.model}@0a1b2c", 600, 12)]
    assert found[0][3] == pytest.approx(np.mean([expected(work, day)[:, 13] for day in DATES[:3]]), rel=1e-6)
    assert rows == (750,)
