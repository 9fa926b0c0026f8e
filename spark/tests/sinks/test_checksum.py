"""The checksum of paths, by a second program that reads only its definition."""

import hashlib
import struct
from datetime import date

import numpy as np
import pytest

from sevenfold_jobs.sinks.checksum import checksum_of_date, checksum_of_dates, checksums_by_date, days_between
from sevenfold_jobs.sinks.sink import StoredPaths

CUTOFF = np.datetime64("2024-05-17")
DAYS = np.array([[1.5, -36.98, 0.1], [2.5, -0.0, 1e-30]], np.float32)


def defined(ids, cutoff, days):
    """Row by row, as the definition says it."""
    whole = hashlib.sha256()
    for number, row in zip(ids, days, strict=True):
        whole.update(struct.pack(">ii", number, (cutoff - date(1970, 1, 1)).days))
        for day in range(14):
            value = row[day] if day < len(row) else None
            whole.update(bytes.fromhex("7fc00000") if value is None else struct.pack(">f", value))
    return whole.digest()


def test_it_is_what_its_definition_says():
    found = checksum_of_date(np.array([1, 2]), CUTOFF, DAYS)
    assert found == defined([1, 2], CUTOFF.item(), DAYS)
    whole = checksum_of_dates({date(2024, 5, 21): found, date(2024, 5, 20): found})
    parts = [
        struct.pack(">i", (day - date(1970, 1, 1)).days) + found
        for day in (date(2024, 5, 20), date(2024, 5, 21))
    ]
    assert whole == hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        lambda ids, cutoffs, days: ids.__setitem__(1, 3),
        lambda ids, cutoffs, days: cutoffs.__setitem__(0, CUTOFF - 1),
        lambda ids, cutoffs, days: days.__setitem__((1, 1), 0.0),
        lambda ids, cutoffs, days: days.__setitem__((0, 2), np.nextafter(days[0, 2], np.float32(1))),
        lambda ids, cutoffs, days: days.__setitem__((0, 0), np.nan),
    ],
)
def test_it_changes_with_any_bit_of_a_key_or_a_value(change):
    ids, cutoffs, days = np.array([1, 2]), np.array([CUTOFF, CUTOFF]), DAYS.copy()
    before = checksum_of_date(ids, cutoffs, days)
    change(ids, cutoffs, days)
    assert checksum_of_date(ids, cutoffs, days) != before


def test_no_number_is_one_thing_whatever_a_sink_made_of_it():
    days = np.full((1, 14), np.nan, np.float32)
    days[0, 0] = 1
    other = days.copy()
    other.view(np.uint32)[0, 5] = 0xFFC00001
    wanted = checksum_of_date(np.array([1]), CUTOFF, days)
    assert checksum_of_date(np.array([1]), CUTOFF, other) == wanted
    assert checksum_of_date(np.array([1]), CUTOFF, days[:, :1]) == wanted


def test_each_date_of_several_has_its_own():
    dates = np.array(["2024-05-20", "2024-05-21"], "datetime64[D]").repeat(2)
    days = np.tile(DAYS, (2, 1))
    stored = StoredPaths(dates, np.array([1, 2, 1, 2]), np.full(4, CUTOFF), days, np.zeros(4))
    found = checksums_by_date(stored)
    assert found == dict.fromkeys(
        [date(2024, 5, 20), date(2024, 5, 21)], checksum_of_date(np.array([1, 2]), CUTOFF, DAYS)
    )
    nothing = StoredPaths(
        *(column[:0] for column in (dates, stored.ids, stored.cutoffs, days, stored.beyond))
    )
    assert checksums_by_date(nothing) == {}


def test_blocks_cover_every_day_once_and_hold_no_more_rows_than_fit():
    first, last = date(2020, 1, 1), date(2021, 12, 31)
    for paths in (1, 2_000, 1_000_000):
        blocks = list(days_between(first, last, paths))
        days = [day for block in blocks for day in block]
        assert (days[0], days[-1], len(set(days))) == (first, last, len(days))
        assert all(len(block) == 1 or len(block) * paths <= 100_000 for block in blocks)
