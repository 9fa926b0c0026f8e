"""Job forecast_infer: what is overtaken, wrong, refused or lost is not committed, and harms nothing else."""

import pytest
from forecast_batches import STARTS, TRAINED
from inferring import counts, infer

from sevenfold_jobs.common.failures import InvalidInput, describe
from sevenfold_jobs.forecast_infer.main import run


def test_an_overtaken_attempt_leaves_nothing(forecasting):
    work = forecasting()
    for size in (60, 7):  # two windows in two tasks, and in more
        batch = work.batch("forecast_infer", taskDates=size)
        work.execute("update units set attempt = 2 where run_id = %s", batch.fence["runId"])
        with pytest.raises(Exception, match="overtaken") as raised:
            run(batch)
        assert describe(raised.value)[0] == "Fenced"
        assert {unit[0] for unit in work.units(batch).values()} == {None}
    assert counts(work) == [0, 0, 0, 0]


def test_a_single_overtaken_date_keeps_its_whole_task_from_committing(forecasting):
    work = forecasting()
    batch = work.batch("forecast_infer", STARTS[:5])
    work.execute(
        "update units set attempt = 2 where run_id = %s and date = %s", batch.fence["runId"], STARTS[2]
    )
    with pytest.raises(Exception, match="of 1 of the 5 dates"):
        run(batch)
    assert counts(work) == [0, 0, 0, 0]


def test_a_date_that_the_database_refuses_fails_its_task_and_no_other(forecasting):
    work = forecasting()
    work.alter_rows(f"if new.forecast_start_date = '{STARTS[12]}' then raise exception 'poisoned'; end if;")
    batch = work.batch("forecast_infer", taskDates=5)
    result = run(batch)
    [failed] = result["failed"]
    assert failed == {
        "dates": [day.isoformat() for day in STARTS[10:15]],
        "errorType": "JobFailed",
        "message": "RaiseException: poisoned",
    }
    assert (result["dates"], result["rows"]) == (35, 1_750)
    committed = {day for day, unit in work.units(batch).items() if unit[0] == 1}
    assert committed == set(STARTS) - set(STARTS[10:15]) == {day for day, _ in work.paths()}
    work.leave_rows()
    assert infer(work, STARTS[10:15])["failed"] == []
    assert counts(work) == [2_000, 560, 560, 40]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("if new.path_id = 3 then new.day_2 = null; end if;", "has 1 paths with a null day"),
        ("if new.path_id = 3 then new.day_2 = 'NaN'; end if;", "not finite on day 2"),
        ("if new.path_id = 3 then new.day_9 = '-Infinity'; end if;", "not finite on day 9"),
        ("if new.path_id = 3 then return null; end if;", "has 49 paths numbered 1 to 50"),
        ("if new.path_id = 50 then new.path_id = 51; end if;", "has 50 paths numbered 1 to 51"),
        ("new.day_14 = new.day_14 + 60;", "on day 14 the mean of the paths is"),
        ("new.data_cutoff_date = new.data_cutoff_date - 1;", "is stored with cutoffs"),
    ],
)
def test_rows_that_are_wrong_in_the_database_are_not_committed(forecasting, change, message):
    work = forecasting()
    work.alter_rows(change)
    result = infer(work, STARTS[:5])
    [failed] = result["failed"]
    assert failed["errorType"] == "CheckFailed"
    assert failed["message"].startswith(str(STARTS[0]))
    assert message in failed["message"]
    assert (result["dates"], counts(work)) == (0, [0, 0, 0, 0])


def test_values_beyond_the_horizon_are_not_committed(forecasting):
    work = forecasting()
    work.alter_rows("if new.path_id = 3 then new.day_6 = 1; end if;")
    [failed] = infer(work, STARTS[:5], horizon=5)["failed"]
    assert failed["message"] == f"{STARTS[0]} has 1 paths beyond day 5."


def test_a_quantile_that_did_not_arrive_blocks_the_commit(forecasting):
    work = forecasting()
    work.execute(
        """
        create function lose_quantiles() returns trigger language plpgsql as
          $$ begin if new.day_ahead = 2 then return null; end if; return new; end $$
        """
    )
    work.execute(
        "create trigger lose before insert on forecast_quantiles "
        "for each row execute function lose_quantiles()"
    )
    try:
        [failed] = infer(work, STARTS[:5])["failed"]
    finally:
        work.execute("drop function lose_quantiles cascade")
    assert failed["message"] == f"65 of 70 rows of quantiles are sound, from {STARTS[0]} to {STARTS[4]}."
    assert counts(work) == [0, 0, 0, 0]


def test_a_full_disk_is_reported_as_such_and_nothing_partial_is_visible(forecasting):
    work = forecasting()
    work.alter_rows(
        f"""if new.forecast_start_date = '{STARTS[6]}' and new.path_id = 40 then
              raise exception 'could not extend file' using errcode = 'disk_full'; end if;"""
    )
    result = infer(work, taskDates=5)
    assert [(failed["errorType"], failed["dates"][0]) for failed in result["failed"]] == [
        ("NoSpace", STARTS[5].isoformat())
    ]
    assert {day for day, _ in work.paths()} == set(STARTS) - set(STARTS[5:10])


@pytest.mark.parametrize("size", [3, 60])
def test_a_lost_connection_fails_the_batch_as_infrastructure(forecasting, size):
    work = forecasting()
    work.alter_rows(
        f"if new.forecast_start_date = '{STARTS[3]}' then "
        "perform pg_terminate_backend(pg_backend_pid()); end if;"
    )
    with pytest.raises(Exception, match="terminat") as raised:
        infer(work, STARTS[:6], taskDates=size)
    assert describe(raised.value)[0] == "Infrastructure"
    assert STARTS[3] not in {day for day, _ in work.paths()}


def test_a_missing_or_damaged_model_fails_its_own_window(forecasting):
    work = forecasting()
    work.execute(
        "update fitted_models set state_json = '{}' where commodity = %s and training_date = %s",
        work.commodity,
        TRAINED[1],
    )
    [failed] = infer(work)["failed"]
    assert failed["dates"] == [day.isoformat() for day in STARTS[25:]]
    assert f"{work.commodity} random_walk window {TRAINED[1]}: the stored model has hash" in failed["message"]
    work.execute(
        "delete from fitted_models where commodity = %s and training_date = %s", work.commodity, TRAINED[1]
    )
    [failed] = infer(work)["failed"]
    assert "has no semiannually model: train it first" in failed["message"]
    assert {day for day, _ in work.paths()} == set(STARTS[:25])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"paths": 0}, "paths is 0"),
        ({"horizon": 15}, "horizon is 15"),
        ({"draw": "dice"}, "draw is 'dice'"),
        ({"taskDates": 0}, "taskDates is 0"),
        ({"model": "randomwalk"}, "did you mean random_walk"),
    ],
)
def test_a_request_out_of_bounds_is_refused_by_name(forecasting, given, message):
    with pytest.raises(InvalidInput, match=message):
        infer(forecasting(), **given)
