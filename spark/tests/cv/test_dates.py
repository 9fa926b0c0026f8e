"""Dates are put in order of time however they are written, or refused in one line."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv.dates import holds_dates, order_of


def column(*values, kind=None):
    return pa.chunked_array([pa.array(list(values), kind)])


DAYS = [datetime.date(2019, 12, 31) + datetime.timedelta(days=13 * each) for each in range(40)]
WRITINGS = {
    "ISO": "%Y-%m-%d",
    "year first with strokes": "%Y/%m/%d",
    "eight digits": "%Y%m%d",
    "day first": "%d/%m/%Y",
    "month first": "%m/%d/%Y",
    "day first with points": "%d.%m.%Y",
    "day first with dashes": "%d-%m-%Y",
    "month by name": "%d %b %Y",
    "month by its whole name": "%B %d, %Y",
    "month by name with dashes": "%d-%b-%Y",
    "with a time": "%Y-%m-%d %H:%M:%S",
    "with a T": "%Y-%m-%dT%H:%M:%S.000Z",
    "month first with a time": "%m/%d/%Y 12:00:00 AM",
}


@pytest.mark.parametrize("how", list(WRITINGS))
def test_days_are_in_order_of_time_however_they_are_written(how):
    shuffled = np.random.default_rng(1).permutation(len(DAYS))
    texts = [DAYS[each].strftime(WRITINGS[how]) for each in shuffled]
    assert order_of(column(*texts), "day").tolist() == shuffled.tolist()
    assert holds_dates(column(*texts))


@pytest.mark.parametrize("how", sorted(set(WRITINGS.values())))
@pytest.mark.parametrize("seed", range(8))
def test_what_is_read_is_in_order_or_is_refused_as_ambiguous(how, seed):
    generator = np.random.default_rng(seed)
    span = (700_000, 700_030) if seed % 2 else (693_596, 766_645)
    numbers = generator.integers(*span, generator.integers(1, 30))
    days = [datetime.date.fromordinal(int(number)) for number in numbers]
    texts = column(*(day.strftime(how) for day in days))
    if any(day.day > 12 for day in days) or how.startswith(("%Y", "%d.", "%d ", "%B", "%d-%b")):
        due = np.unique(numbers, return_inverse=True)[1]
        assert order_of(texts, "day").tolist() == due.tolist()
        return
    with pytest.raises(InvalidInput, match="no value says which is meant"):
        order_of(texts, "day")


def test_one_value_makes_the_others_certain():
    assert order_of(column("01/02/2020", "31/01/2020"), "d").tolist() == [1, 0]
    assert order_of(column("01/02/2020", "01/31/2020"), "d").tolist() == [0, 1]


def test_two_readings_of_one_order_need_no_decision():
    assert order_of(column("03/03/2021", "01/01/2020", None), "d").tolist() == [1, 0, -1]


def test_offsets_are_taken_to_one_clock_and_gaps_have_no_place():
    texts = column("2020-01-01T00:30+02:00", "2019-12-31T23:00Z", "", "2019-12-31 22:30")
    assert order_of(texts, "d").tolist() == [0, 1, -1, 0]


def test_dates_by_type_and_numbers_are_in_their_own_order():
    assert order_of(column(datetime.date(2021, 1, 1), None, datetime.date(2020, 1, 1)), "d").tolist() == [
        1,
        -1,
        0,
    ]
    assert order_of(column(3.5, float("nan"), 1.0, 3.5), "d").tolist() == [1, -1, 0, 1]
    assert order_of(column(2, 1, kind=pa.timestamp("s")), "d").tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            ["01/02/2020", "02/03/2020", "04/01/2020"],
            "holds '01/02/2020', which is one day with the day first",
        ),
        (["2020-01-01", "soon"], "holds 'soon' in row 2, which is none: write dates as YYYY-MM-DD"),
        (["2020-02-30"], "holds '2020-02-30' in row 1, which is none"),
        (["13/01/2020", "01/13/2020"], "has the day first in row 1 .* and the month first in row 2"),
        (["01/02/20"], "holds '01/02/20' in row 1, which is none"),
    ],
)
def test_what_is_no_date_or_may_be_two_gets_one_line(values, message):
    with pytest.raises(InvalidInput, match=f"Column 'd' is the date and {message}") as refused:
        order_of(column(*values), "d")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "whether"),
    [
        ([20200131, 20200201], True),
        ([20200131, 20201301], False),
        ([1, 2, 3], False),
        (["a", "b"], False),
        (["01/02/2020"], True),
        ([None, ""], False),
        ([1.5], False),
    ],
)
def test_a_column_called_date_is_one_if_it_holds_dates(values, whether):
    assert holds_dates(column(*values)) is whether
