import pytest
from forecast_batches import STARTS, TRAINED, Forecasting

from sevenfold_jobs.common.failures import describe
from sevenfold_jobs.forecast_audit.main import run as audit
from sevenfold_jobs.forecast_infer.main import run as infer


@pytest.fixture
def stored(database_url, make_batch, spark):
    """A commodity whose forecasts of 40 dates are stored."""
    work = Forecasting(database_url, make_batch)
    assert infer(work.batch("forecast_infer"))["failed"] == []
    return work


def verdicts(work, **given):
    """The result, and what differs by date."""
    batch = work.batch("forecast_audit", **given)
    result = audit(batch)
    units = work.units(batch)
    assert {unit[0] for unit in units.values()} == {1}
    found = {day: detail for day, (_, _, _, detail) in units.items()}
    assert all(detail["equal"] == (detail["differs"] is None) for detail in found.values())
    return result, {day: detail["differs"] for day, detail in found.items() if detail["differs"] is not None}


def test_what_is_stored_is_what_is_made_again_whatever_the_task_size(stored):
    before = stored.paths()
    for size in (1, 7, 60):
        result, different = verdicts(stored, taskDates=size)
        assert (result["checked"], result["different"], result["failed"], different) == (40, 0, [], {})
    assert stored.paths() == before


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("update {leaf} set day_4 = day_4 + 0.01 where {date} and path_id = 17", "path 17, day 4: stored "),
        (
            "update {leaf} set day_4 = null where {date} and path_id = 17",
            "path 17, day 4: stored null or NaN, made",
        ),
        (
            "update {leaf} set day_14 = 'NaN' where {date} and path_id = 50",
            "path 50, day 14: stored null or NaN",
        ),
        (
            "insert into {leaf} (path_id, forecast_start_date, data_cutoff_date) "
            "select 51, forecast_start_date, data_cutoff_date from {leaf} where {date} limit 1",
            "51 of 50 paths: path 51 is one too many",
        ),
        ("delete from {leaf} where {date} and path_id = 17", "49 of 50 paths: path 17 is missing"),
        ("delete from {leaf} where {date}", "0 of 50 paths: path 1 is missing"),
        (
            "update {leaf} set path_id = 99 where {date} and path_id = 17",
            "50 of 50 paths: path 17 is missing, path 99 is one too many",
        ),
        (
            "update point_forecasts set forecast_mean = forecast_mean + 1e-9 "
            "where {of} and {date} and day_ahead = 3",
            "point of day 3: stored ",
        ),
    ],
)
def test_one_altered_date_is_found_and_named(stored, change, differs):
    date = f"forecast_start_date = '{STARTS[7]}'"
    of = f"commodity = '{stored.commodity}'"
    stored.execute(change.format(leaf=stored.leaf, date=date, of=of))
    result, different = verdicts(stored, taskDates=30)
    assert (result["checked"], result["different"]) == (40, 1)
    assert list(different) == [STARTS[7]]
    assert different[STARTS[7]].startswith(differs)


def test_the_smallest_step_of_a_value_is_a_difference(stored):
    key = f"forecast_start_date = '{STARTS[7]}' and path_id = 5"
    [(value,)] = stored.ask(f"select day_1::float8 from {stored.leaf} where {key}")
    step = 2.0**-18 if value >= 32 else 2.0**-19
    stored.execute(f"update {stored.leaf} set day_1 = %s where {key}", value + step)
    assert stored.ask(f"select day_1::float8 from {stored.leaf} where {key}") != [(value,)]
    _, different = verdicts(stored)
    assert different[STARTS[7]].endswith("1 of 700 values differ")


def test_a_value_beyond_the_horizon_is_a_difference(stored):
    infer(stored.batch("forecast_infer", horizon=5))
    assert verdicts(stored, horizon=5)[1] == {}
    stored.execute(
        f"update {stored.leaf} set day_9 = 1 where forecast_start_date = %s and path_id = 2", STARTS[30]
    )
    assert verdicts(stored, horizon=5)[1] == {STARTS[30]: "path 2 has a value beyond day 5"}


def test_another_seed_differs_everywhere(stored):
    result, _ = verdicts(stored, seed=1)
    assert result["different"] == 40


def test_prices_that_changed_since_are_named_as_the_cause(stored):
    stored.execute(
        "update prices set close = close + 1 where commodity = %s and date = %s", stored.commodity, STARTS[19]
    )
    _, different = verdicts(stored)
    assert set(different) == set(STARTS[20:])
    assert all(
        "(made from other prices, another model or by an older rule)" in text for text in different.values()
    )


def test_a_window_without_its_model_fails_and_the_others_are_compared(stored):
    stored.execute(
        "delete from fitted_models where commodity = %s and training_date = %s", stored.commodity, TRAINED[0]
    )
    batch = stored.batch("forecast_audit")
    result = audit(batch)
    [failed] = result["failed"]
    assert failed["dates"] == [day.isoformat() for day in STARTS[:25]]
    assert (result["checked"], result["different"]) == (15, 0)
    assert {day for day, unit in stored.units(batch).items() if unit[0] == 1} == set(STARTS[25:])


def test_an_overtaken_audit_gives_no_verdict(stored):
    batch = stored.batch("forecast_audit", attempt=1)
    stored.execute("update units set attempt = 2 where run_id = %s", batch.fence["runId"])
    with pytest.raises(Exception, match="overtaken") as raised:
        audit(batch)
    assert describe(raised.value)[0] == "Fenced"
    assert {str(unit) for unit in stored.units(batch).values()} == {str((None, None, 50, {}))}
