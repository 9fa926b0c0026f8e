"""Quotes round whole fields are read by Arrow, all others row by row: both ways come to the same table."""

import csv
import io
import random

import pytest

from sevenfold_jobs.common.door import separated
from sevenfold_jobs.common.problems import Problems

PIECES = ["", "a", '"', '""', '"a"', '"a,b"', "\n", "\r\n", ",", ";", "1,5", '"x\ny"', "é", " "]


def read(body):
    problems = Problems()
    found = separated.read_separated("t.csv", body.encode(), problems)
    if found is None:
        return problems.found
    return found.names, [column.to_pylist() for column in found.columns], found.lines.tolist()


def by_rows(monkeypatch, body):
    with monkeypatch.context() as patch:
        patch.setattr(separated, "_read_by_arrow", lambda *_: None)
        return read(body)


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_writers_quote_is_read_without_a_look_at_each_row(monkeypatch, quoting, end):
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=end)
    writer.writerows([["name", "x y"], ["a, b", 1], ["", 2.5], ["é", -3]])
    expected = by_rows(monkeypatch, text.getvalue())
    monkeypatch.setattr(separated, "_read_by_rows", None)
    assert read(text.getvalue()) == expected
    assert expected[1] == [["a, b", "", "é"], ["1", "2.5", "-3"]]
    assert expected[2] == [2, 3, 4]


@pytest.mark.parametrize("seed", range(300))
def test_whatever_stands_in_quotes_both_ways_say_the_same(monkeypatch, seed):
    draw = random.Random(seed)
    rows = ["".join(draw.choices(PIECES, k=draw.randint(1, 4))) for _ in range(draw.randint(1, 5))]
    body = "a,b\n" + "\n".join(",".join(draw.choices(rows, k=2)) for _ in range(4)) + draw.choice(["", "\n"])
    assert read(body) == by_rows(monkeypatch, body)
