"""Forecasts copied from one sink into another: the same checksum, what is there stays, stopped it goes on."""

import psycopg
import pytest
from forecast_batches import STARTS
from in_delta import InDelta

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast_infer.checks import CheckFailed
from sevenfold_jobs.forecast_infer.main import run
from sevenfold_jobs.sinks import copying
from sevenfold_jobs.sinks.postgres import PostgresSink

POSTGRES = {"name": "postgres"}
# A single window: its one task is done in the process of the driver, without Spark.
DATES = STARTS[:20]


@pytest.fixture
def work(database_url, make_batch, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "_DATES_AT_ONCE", 6)
    made = InDelta(database_url, make_batch)
    made.folder = tmp_path / "table"
    return made


def copied(work, there, here, dates=DATES):
    said = []
    request = {"from": there, "to": here, "commodity": work.commodity, "paths": 50}
    with psycopg.connect(work.url) as connection:
        answer = copying.copy_version(
            connection, request, work.model, [str(day) for day in dates], lambda **words: said.append(words)
        )
    assert said[-1]["done"] == said[-1]["of"] == len(dates)
    return answer


def test_there_and_back_with_one_checksum(work):
    run(work.batch("forecast_infer", DATES))
    checksum = work.checksum(POSTGRES)
    answer = copied(work, POSTGRES, work.sink)
    assert answer == {
        "version": work.model,
        "dates": 20,
        "copied": 20,
        "there": 0,
        "sha256": checksum[2],
    }
    assert work.checksum() == checksum
    assert set(work.looked()["sound"]) == {50}
    assert work.files() == work.known()
    work.execute("delete from distributions where commodity = %s", work.commodity)
    assert copied(work, work.sink, POSTGRES)["copied"] == 20
    assert work.checksum(POSTGRES) == checksum


def test_a_short_horizon_keeps_its_nulls(work):
    run(work.batch("forecast_infer", DATES[:3], horizon=3))
    copied(work, POSTGRES, work.sink, DATES[:3])
    assert work.table()["day_4"].null_count == 150
    assert set(work.looked(horizon=3)["sound"]) == {50}
    work.execute("delete from distributions where commodity = %s", work.commodity)
    copied(work, work.sink, POSTGRES, DATES[:3])
    assert work.checksum(POSTGRES) == work.checksum()


def test_what_is_there_is_left_and_what_differs_is_replaced(work):
    run(work.batch("forecast_infer", DATES))
    copied(work, POSTGRES, work.sink, DATES[:12])
    assert (copied(work, POSTGRES, work.sink)["copied"], work.snapshot().version) == (8, 4)
    version = work.snapshot().version
    assert copied(work, POSTGRES, work.sink)["there"] == 20
    assert work.snapshot().version == version
    work.snapshot().table.delete(f"forecast_start_date = '{DATES[4]}' and path_id = 7")
    assert copied(work, POSTGRES, work.sink)["copied"] == 1
    assert work.checksum() == work.checksum(POSTGRES)


def test_what_they_were_made_of_goes_along(work):
    run(work.batch("forecast_infer", DATES))
    copied(work, POSTGRES, work.sink)
    noted = (
        "select forecast_start_date, fingerprint from path_fingerprints where commodity = %s and sink = %s"
    )
    metadata = work.ask(
        "select forecast_start_date, fingerprint from forecast_metadata where commodity = %s", work.commodity
    )
    of_table = f"delta/{work.snapshot().table_id}"
    assert sorted(work.ask(noted, work.commodity, of_table)) == sorted(metadata)
    # Lost between the two commits of a copy that died: the next one writes it.
    work.execute("delete from path_fingerprints where forecast_start_date = %s", DATES[0])
    assert copied(work, POSTGRES, work.sink)["copied"] == 1
    assert sorted(work.ask(noted, work.commodity, of_table)) == sorted(metadata)


def test_rows_that_arrive_otherwise_are_told(work, monkeypatch):
    run(work.batch("forecast_infer", DATES))
    copied(work, POSTGRES, work.sink)
    work.execute("delete from distributions where commodity = %s", work.commodity)
    work.alter_rows("new.day_3 := new.day_3 + 1;")
    with pytest.raises(
        CheckFailed, match=f"^{DATES[0]} of {work.model} was copied and does not have the same"
    ):
        copied(work, work.sink, POSTGRES)
    work.leave_rows()
    copied(work, work.sink, POSTGRES)
    assert work.checksum(POSTGRES) == work.checksum()


def test_a_copy_that_dies_leaves_no_half_date(work, monkeypatch):
    run(work.batch("forecast_infer", DATES))
    copied(work, POSTGRES, work.sink)
    checksum = work.checksum()
    work.execute("delete from distributions where commodity = %s", work.commodity)

    class Dying(PostgresSink):
        def put(self, connection, *given):
            super().put(connection, *given)
            if Dying.calls == 1:
                raise ConnectionError("gone")
            Dying.calls += 1

    Dying.calls = 0
    made = copying.sink_at
    monkeypatch.setattr(copying, "sink_at", lambda place: Dying() if place == POSTGRES else made(place))
    with pytest.raises(ConnectionError):
        copied(work, work.sink, POSTGRES)
    assert work.checksum(POSTGRES)[:2] == (12, 600)
    monkeypatch.setattr(copying, "sink_at", made)
    assert copied(work, work.sink, POSTGRES)["copied"] == 8
    assert work.checksum(POSTGRES) == checksum


def test_an_open_backfill_of_the_series_is_not_disturbed(work):
    batch = work.batch("forecast_infer", DATES)
    run(batch)
    work.execute(
        "update runs set dataset = 'prices/' || %s, kind = 'forecastBackfill' where run_id = %s",
        work.commodity,
        batch.fence["runId"],
    )
    with pytest.raises(InvalidInput, match="is running and writes forecasts"):
        copied(work, POSTGRES, work.sink)
