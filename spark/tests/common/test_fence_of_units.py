"""The fence of many units: all of them are this attempt's, or none is marked."""

import uuid
from datetime import date

import psycopg
import pytest

from sevenfold_jobs.common.failures import Fenced
from sevenfold_jobs.common.fence import pass_units

DATES = [date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 3)]


@pytest.fixture
def units(database_url):
    """A run with three dates and one window; `units.marks()` is what is marked."""

    class Units:
        def __init__(self):
            self.connection = psycopg.connect(database_url)
            key = uuid.uuid4().hex
            with psycopg.connect(database_url) as other:
                self.run_id = other.execute(
                    "insert into runs (key, kind, dataset, workflow_id, workflow_run_id, input)"
                    " values (%s, 'forecastBackfill', 'prices/WTI', %s, 'r', '{}') returning run_id",
                    (key, key),
                ).fetchone()[0]
                for kind, day in [("window", DATES[0]), *(("date", day) for day in DATES)]:
                    other.execute(
                        "insert into units (run_id, unit, kind, model_version, date, attempt, fingerprint)"
                        " values (%s, %s, %s, 'naive', %s, 2, 'planned')",
                        (self.run_id, f"naive/{kind}/{day}", kind, day),
                    )

        def marks(self):
            with psycopg.connect(database_url) as other:
                return other.execute(
                    "select kind, date, committed_attempt, committed_fingerprint, rows_due from units"
                    " where run_id = %s and committed_at is not null order by 1, 2",
                    (self.run_id,),
                ).fetchall()

        def set_attempt(self, day, attempt):
            with psycopg.connect(database_url) as other:
                other.execute(
                    "update units set attempt = %s where run_id = %s and kind = 'date' and date = %s",
                    (attempt, self.run_id, day),
                )

        def go(self, dates, attempt=2, fingerprints=None, kind="date", version="naive"):
            pass_units(self.connection, self.run_id, kind, version, dates, attempt, fingerprints, 2_000)
            self.connection.commit()

    made = Units()
    yield made
    made.connection.close()


def test_each_date_is_marked_with_its_own_fingerprint_in_any_order(units):
    units.go([DATES[2], DATES[0]], fingerprints=["c", "a"])
    assert units.marks() == [("date", DATES[0], 2, "a", 2_000), ("date", DATES[2], 2, "c", 2_000)]


def test_without_fingerprints_the_plans_is_kept(units):
    units.go(DATES[:1], kind="window")
    assert units.marks() == [("window", DATES[0], 2, "planned", 2_000)]


@pytest.mark.parametrize("attempt", [1, 3])
def test_one_date_of_another_attempt_keeps_all_from_passing(units, attempt):
    units.set_attempt(DATES[1], attempt)
    units.connection.execute("create temporary table written (n int)")
    with pytest.raises(Fenced, match="1 of the 3 dates of naive from 2024-05-01 to 2024-05-03 was overtaken"):
        units.go(DATES)
    assert units.marks() == []
    with pytest.raises(psycopg.errors.UndefinedTable):
        units.connection.execute("select * from written")


def test_a_date_that_is_no_unit_of_the_run_keeps_all_from_passing(units):
    with pytest.raises(Fenced):
        units.go([*DATES, date(2024, 5, 6)])
    with pytest.raises(Fenced):
        units.go(DATES, version="xgboost")
    assert units.marks() == []
