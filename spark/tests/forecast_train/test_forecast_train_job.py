"""Job forecast_train: each window its own transaction, its failures its own, nothing of a fenced one."""

import json
from datetime import date

import psycopg
import pytest
from prices_in_database import store_prices

from sevenfold_jobs.common.failures import InvalidInput, describe
from sevenfold_jobs.forecast.series import read_series
from sevenfold_jobs.forecast.store import Window, load_model
from sevenfold_jobs.forecast_train.main import run

DATES = ["2014-07-01", "2015-01-01"]
SETTINGS = {"covariates": [{"name": "vix"}, {"name": "peer_close", "use": "spread"}]}


class Training:
    """A commodity of its own with three years of prices, and batches that train on it."""

    def __init__(self, database_url, make_batch, folder, commodity):
        self.database_url, self.make_batch, self.folder = database_url, make_batch, folder
        self.commodity = commodity
        store_prices(database_url, commodity)

    def ask(self, statement, *values):
        with psycopg.connect(self.database_url) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else None

    def batch(self, models, dates=DATES, attempt=1, **given):
        windows = [
            {"model": key, "modelVersion": key, "trainVersion": key, "trainingDate": each}
            for key in models
            for each in dates
        ]
        request = {
            "commodity": self.commodity,
            "calendar": "trading",
            "trainFrequency": "semiannually",
            "replace": False,
            "objectFolder": str(self.folder),
            "minimumRows": 365,
            "settings": SETTINGS,
            "windows": windows,
            **given,
        }
        batch = self.make_batch("forecast_train", request, unit="chunk 1")
        with psycopg.connect(self.database_url) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into units (run_id, unit, kind, model_version, date, training_date, attempt, chunk,"
                " fingerprint) values (%s, %s, 'window', %s, %s, %s, %s, 1, 'planned')",
                [
                    (
                        batch.fence["runId"],
                        f"{each['modelVersion']}/window/{each['trainingDate']}",
                        each["modelVersion"],
                        *[each["trainingDate"]] * 2,
                        attempt,
                    )
                    for each in request["windows"]
                ],
            )
        return batch

    def stored(self):
        """(model version, training date, sha256) of every model."""
        return self.ask(
            "select model_version, training_date::text, sha256 from fitted_models where commodity = %s"
            " order by 1, 2",
            self.commodity,
        )

    def committed(self, batch):
        return self.ask(
            "select model_version, date::text, rows_due from units where run_id = %s and kind = 'window'"
            " and committed_attempt = attempt order by 1, 2",
            batch.fence["runId"],
        )


@pytest.fixture
def training(database_url, make_batch, tmp_path, request):
    commodity = f"C{abs(hash(request.node.name)) % 10**9}"
    return Training(database_url, make_batch, tmp_path / "objects", commodity)


def test_windows_of_four_models_are_stored_and_committed(training, spark):
    keys = ["naive", "random_walk", "sarimax", "xgboost"]
    batch = training.batch(keys)
    result = run(batch)
    assert (result["trained"], result["kept"], result["failed"]) == (8, 0, [])
    assert [row[:2] for row in training.stored()] == [(key, each) for key in keys for each in DATES]
    assert training.committed(batch) == [(key, each, 1) for key in keys for each in DATES]
    rows = training.ask(
        """
        select f.training_cutoff_date::text, f.training_start_date::text, f.data_hash
                 = (select d.rows || ':' || d.digest from price_digests(f.commodity) d
                     where d.as_of < f.training_date order by d.as_of desc limit 1),
               f.parameters -> 'covariates'
          from fitted_models f where commodity = %s and model_key = 'xgboost' order by training_date
        """,
        training.commodity,
    )
    covariates = [{"name": "vix", "use": "level"}, {"name": "peer_close", "use": "spread"}]
    assert rows == [
        ("2014-06-30", "2012-01-02", True, covariates),
        ("2014-12-31", "2012-01-02", True, covariates),
    ]
    json.dumps(result)


def test_one_window_alone_gives_the_bytes_of_the_whole(training, spark):
    run(training.batch(["xgboost", "sarimax"]))
    whole = training.stored()
    training.ask(
        "delete from fitted_models where commodity = %s and training_date = %s", training.commodity, DATES[1]
    )
    for key in ("sarimax", "xgboost"):
        run(training.batch([key], DATES[1:]))
    assert training.stored() == whole


def test_a_window_that_has_a_model_keeps_it_and_is_committed(training):
    run(training.batch(["naive"], DATES[:1]))
    training.ask("update fitted_models set fit_seconds = 99 where commodity = %s", training.commodity)
    batch = training.batch(["naive"], DATES[:1])
    result = run(batch)
    assert (result["trained"], result["kept"]) == (0, 1)
    assert training.committed(batch) == [("naive", DATES[0], 1)]
    [(seconds,)] = training.ask(
        "select fit_seconds from fitted_models where commodity = %s", training.commodity
    )
    assert seconds == 99
    assert run(training.batch(["naive"], DATES[:1], replace=True))["trained"] == 1


def test_training_again_uses_todays_prices(training):
    run(training.batch(["sarimax"], DATES[:1]))
    before = training.stored()
    training.ask(
        "update prices set close = close + 1 where commodity = %s and date = '2014-06-30'", training.commodity
    )
    run(training.batch(["sarimax"], DATES[:1], replace=True))
    assert training.stored() != before


def test_prices_from_the_training_date_on_change_no_model(training):
    run(training.batch(["sarimax"], DATES[:1]))
    before = training.stored()
    training.ask(
        "update prices set close = 1e6 where commodity = %s and date >= '2014-07-01'", training.commodity
    )
    training.ask(
        "insert into prices (commodity, date, known_at, is_trading_day, close)"
        " values (%s, '2014-06-30', '2014-07-01', true, 1e6)",
        training.commodity,
    )
    run(training.batch(["sarimax"], DATES[:1], replace=True))
    assert training.stored() == before


def test_a_window_with_too_little_history_fails_alone(training, spark):
    batch = training.batch(["naive", "xgboost"], ["2012-07-01", *DATES])
    result = run(batch)
    assert result["trained"] == 4
    assert [(each["modelVersion"], each["trainingDate"], each["errorType"]) for each in result["failed"]] == [
        ("naive", "2012-07-01", "InvalidInput"),
        ("xgboost", "2012-07-01", "InvalidInput"),
    ]
    assert (
        f"{training.commodity} naive window 2012-07-01 has too little history: 181 rows before it, not 365."
        == result["failed"][0]["message"]
    )
    assert len(training.committed(batch)) == 4


def test_a_covariate_without_data_fails_the_models_that_want_it(training, spark):
    settings = {"covariates": [{"name": "vix"}, {"name": "temp_c"}]}
    result = run(training.batch(["naive", "sarimax"], settings=settings))
    assert result["trained"] == 2
    assert {each["model"] for each in result["failed"]} == {"sarimax"}
    assert "sarimax window 2014-07-01: " in result["failed"][0]["message"]
    assert "temp_c" in result["failed"][0]["message"]


@pytest.mark.parametrize("dates", [DATES[:1], DATES])
def test_an_overtaken_attempt_leaves_nothing(training, spark, dates):
    batch = training.batch(["naive"], dates, attempt=2)
    with pytest.raises(Exception, match="overtaken") as raised:
        run(batch)
    assert describe(raised.value)[0] == "Fenced"
    assert training.stored() == []


def test_an_unknown_model_is_refused_before_anything_is_read(training):
    with pytest.raises(InvalidInput, match="did you mean sarimax"):
        run(training.batch(["sarimx"]))


def test_another_version_is_stored_under_its_own_name(training, database_url):
    windows = [
        {
            "model": "sarimax_auto_weather",
            "modelVersion": "sarimax@aaaaaa",
            "trainVersion": "sarimax@bbbbbb",
            "trainingDate": DATES[0],
        }
    ]
    batch = training.batch([], windows=windows, calendar="calendar")
    assert run(batch)["trained"] == 1
    assert training.committed(batch) == [("sarimax@aaaaaa", DATES[0], 1)]
    window = Window(training.commodity, "sarimax", "sarimax@bbbbbb", "semiannually", date(2014, 7, 1))
    with psycopg.connect(database_url) as connection:
        calendar = read_series(connection, training.commodity, "calendar")
        loaded = load_model(connection, window, training.folder)
    assert loaded.training_samples == len(calendar.as_of(calendar.as_of_day(window.training_date)))
