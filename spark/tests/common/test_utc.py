"""One conversion of days: every way to write an instant gives its day of UTC."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from sevenfold_jobs.common import utc


def day_of(values: pa.Array) -> list[date | None]:
    return utc.days_of_stamps(utc.stamps_in_utc(values)).to_pylist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "Asia/Tokyo", "+05:30"])
def test_a_stamp_counts_for_its_day_of_utc_whatever_its_zone_is_called(unit, zone):
    midnight = datetime(2025, 1, 2, tzinfo=UTC)
    for hours, expected in ((0, date(2025, 1, 2)), (23, date(2025, 1, 2)), (-1, date(2025, 1, 1))):
        seconds = int((midnight + timedelta(hours=hours)).timestamp())
        scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
        assert day_of(pa.array([seconds * scale, None], pa.timestamp(unit, zone))) == [expected, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-02", datetime(2025, 1, 2)),
        ("2025-01-02T00:00:00", datetime(2025, 1, 2)),
        ("2025-01-02 00:00", datetime(2025, 1, 2)),
        ("2025-01-02 00:00:00+00:00", datetime(2025, 1, 2)),
        ("2025-01-01T19:00:00-05:00", datetime(2025, 1, 2)),
        ("2025-01-01T19:00:00 -0500", datetime(2025, 1, 2)),
        ("2025-01-02T01:30:00+01", datetime(2025, 1, 2, 0, 30)),
        ("2025-01-02T22:00:00.000Z", datetime(2025, 1, 2, 22)),
        ("2025-01-02 22:00:00 UTC", datetime(2025, 1, 2, 22)),
        ("2025-02-30", None),
        ("2025-01-02T25:00:00", None),
        ("02.01.2025", None),
        ("20250102", None),
        ("2025-1-2", None),
        ("9999-12-31T23:00:00-05:00", None),
        ("", None),
    ],
)
def test_text_is_a_day_or_a_stamp_or_neither(text, expected):
    for others in ([], ["2025-01-01"]):
        assert utc.stamps_of_text(pa.array([text, None, *others])).to_pylist()[:2] == [expected, None]


def test_hours_are_seen_and_dates_have_none():
    stamps = pa.array([datetime(2025, 1, 2), datetime(2025, 1, 2, 22), None], pa.timestamp("us"))
    assert utc.off_midnight(stamps).to_pylist() == [False, True, False]
    assert utc.off_midnight(pa.array([date(2025, 1, 2)])).to_pylist() == [False]
    assert utc.hour_of(stamps[1]) == "22:00"
