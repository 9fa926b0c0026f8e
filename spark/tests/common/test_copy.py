import datetime as dt

import numpy as np
import psycopg
import pyarrow as pa
import pytest

from sevenfold_jobs.common.copy import FixedRows, copy_fixed_rows, copy_record_batches

COLUMNS = {
    "text": pa.string(),
    "day": pa.date32(),
    "flag": pa.bool_(),
    "small": pa.int16(),
    "whole": pa.int32(),
    "big": pa.int64(),
    "number": pa.float64(),
    "at": pa.timestamp("us"),
}
ROWS = [
    ("plain", dt.date(2026, 11, 20), True, 1, 2, 3, 0.1, dt.datetime(2026, 11, 20, 13, 5, 7, 123456)),
    (None, None, None, None, None, None, None, None),
    ("", dt.date(1970, 1, 1), False, -(2**15), -(2**31), -(2**63), -0.0, dt.datetime(1970, 1, 1)),
    ('ünï "quoted", \n\t\\N', dt.date(1999, 12, 31), True, 2**15 - 1, 2**31 - 1, 2**63 - 1, 1e-308, None),
    ("x" * 5_000, dt.date(9999, 12, 31), False, 0, 0, 0, float("inf"), dt.datetime(1999, 12, 31, 23, 59, 59)),
]


@pytest.fixture
def connection(database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            create temp table target (line serial, text text, day date, flag boolean, small smallint,
                                      whole integer, big bigint, number double precision, at timestamp)
            """
        )
        yield connection


def record_batch(rows):
    columns = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(values, kind) for values, kind in zip(columns, COLUMNS.values(), strict=True)],
        list(COLUMNS),
    )


def copy(connection, *batches, columns=tuple(COLUMNS)):
    return copy_record_batches(connection, "target", columns, batches, lambda _: None)


def read(connection, columns=tuple(COLUMNS)):
    return connection.execute(f"select {', '.join(columns)} from target order by line").fetchall()


def test_every_type_and_null_arrives_as_it_left(connection):
    assert copy(connection, record_batch(ROWS)) == len(ROWS)
    assert read(connection) == ROWS


def test_slices_nulls_and_lengths_do_not_shift_into_each_other(connection):
    rows = [ROWS[index % len(ROWS)] for index in range(9_000)]
    whole = record_batch(rows)
    assert copy(connection, whole.slice(0, 7), whole.slice(7, 8_000), whole.slice(8_007)) == 9_000
    assert read(connection) == rows


def test_doubles_keep_their_last_bit_and_nan_is_not_null(connection):
    values = np.random.default_rng(7).normal(size=2_000) * 10.0 ** np.arange(2_000).clip(0, 300)
    values[3] = np.nan
    batch = pa.RecordBatch.from_pydict({"number": pa.array(values)})
    copy(connection, batch, columns=("number",))
    found = np.array([row[0] for row in read(connection, ("number",))])
    assert found.tobytes() == values.tobytes()


def test_dictionary_text_with_nulls_is_text(connection):
    words = pa.array(["a", None, "bb", "a"]).dictionary_encode()
    copy(connection, pa.RecordBatch.from_arrays([words], ["text"]), columns=("text",))
    assert read(connection, ("text",)) == [("a",), (None,), ("bb",), ("a",)]


def test_a_text_that_would_blow_up_the_matrix_is_sent_in_narrower_pieces(connection):
    long = "y" * 3_000_000
    batch = pa.RecordBatch.from_pydict({"text": pa.array(["short"] * 40 + [long] + ["short"] * 40)})
    copy(connection, batch, columns=("text",))
    found = connection.execute("select length(text), count(*) from target group by 1 order by 1").fetchall()
    assert found == [(5, 80), (3_000_000, 1)]


def test_a_type_without_an_encoding_is_refused_by_the_name_of_its_column(connection):
    batch = pa.RecordBatch.from_pydict({"text": pa.array([["a"]])})
    with pytest.raises(TypeError, match="column text has type list"):
        copy(connection, batch, columns=("text",))


def test_an_empty_batch_sends_nothing(connection):
    assert copy(connection, record_batch(ROWS).slice(0, 0)) == 0
    assert read(connection) == []


def test_fixed_rows_arrive_as_often_as_they_were_filled(connection):
    connection.execute("create temp table fixed (id integer, a real, b real, day date)")
    rows = FixedRows({"id": ">i4", "a": ">f4", "b": ">f4", "day": ">i4"}, 3)
    reals = rows.block("a", 2)

    def fillings():
        for first, count in ((1, 3), (4, 2)):
            rows["id"][:count] = np.arange(first, first + count)
            reals[:count] = np.array([[0.1, -0.0]] * count, np.float32) * first
            rows["day"][:] = first
            yield count

    assert copy_fixed_rows(connection, "fixed", rows, fillings(), lambda _: None) == 5
    found = connection.execute("select id, a, b, day from fixed order by id").fetchall()
    tenth, fourth = float(np.float32(0.1)), float(np.float32(0.1) * 4)
    assert [(row[0], np.float32(row[1])) for row in found] == [
        *((place, np.float32(tenth)) for place in (1, 2, 3)),
        *((place, np.float32(fourth)) for place in (4, 5)),
    ]
    assert {row[2] for row in found} == {0.0}
    assert [row[3] for row in found] == [dt.date(2000, 1, 2)] * 3 + [dt.date(2000, 1, 5)] * 2
