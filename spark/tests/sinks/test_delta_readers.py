"""Who else reads the table: each by the query of docs/delta.md."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from deltalake import DeltaTable
from forecast_batches import STARTS
from in_delta import DAYS, InDelta

DATES = STARTS[:12]
CHECKOUT = Path(__file__).resolve().parents[3]


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


_IN_SPARK = """
import json, sys
from pyspark.sql import SparkSession

path, version, day, jars = sys.argv[1:]
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.extraClassPath", jars)
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.sql.session.timeZone", "UTC")
    .getOrCreate()
)
rows = spark.sql(
    f"select * from delta.`{path}` where model_version = '{version}' and forecast_start_date = date '{day}'"
).orderBy("path_id")
days = [f"day_{number}" for number in range(1, 15)]
print("said " + json.dumps({
    "types": {field.name: field.dataType.simpleString() for field in rows.schema.fields},
    "days": [[row[name] for name in days] for row in rows.collect()],
    "all": spark.sql(f"select count(*) from delta.`{path}`").first()[0],
    "history": [row["userMetadata"] for row in spark.sql(f"describe history delta.`{path}`").collect()],
}))
"""


def test_spark_by_delta_spark(work, tmp_path):
    state = CHECKOUT / os.environ.get("SEVENFOLD_STATE", ".sevenfold")
    toolchain = json.loads((state / "toolchain.json").read_text())
    jars = toolchain.get("deltaJars")
    assert jars, "no jars of Delta for Spark: run node setup.mjs --tests"
    script = tmp_path / "read.py"
    script.write_text(textwrap.dedent(_IN_SPARK))
    answer = subprocess.run(
        [sys.executable, str(script), work.place, work.model, str(DATES[1]), ":".join(jars)],
        env={**os.environ, "JAVA_HOME": toolchain["javaHome"], "PYSPARK_PYTHON": sys.executable},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
    )
    lines = [line for line in answer.stdout.splitlines() if line.startswith("said ")]
    assert lines, answer.stderr[-2_000:]
    said = json.loads(lines[0].removeprefix("said "))
    assert np.array_equal(np.array(said["days"]), expected(work, DATES[1]))
    assert said["all"] == 750
    assert said["types"]["forecast_start_date"] == "date"
    assert said["types"]["generation_timestamp"] == "timestamp"
    assert {said["types"][name] for name in DAYS} == {"float"}
    assert [json.loads(note)["dates"] for note in said["history"] if note] == [3, 12]
