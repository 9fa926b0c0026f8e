"""Stored models: what comes back is what was fitted, or the window fails by its name."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import psycopg
import pytest
from made_prices import SETTINGS, day, forecast_bytes, made_prices, trained

from sevenfold_jobs.common.failures import JobError, describe
from sevenfold_jobs.forecast import models
from sevenfold_jobs.forecast.store import (
    BYTES_IN_TABLE,
    FittedModel,
    Window,
    has_model,
    load_model,
    save_model,
)

PRICES = made_prices()
STARTS = PRICES.trading_days[PRICES.trading_days >= day("2014-07-01")][:5]


@pytest.fixture
def connection(database_url):
    with psycopg.connect(database_url) as opened:
        yield opened
        opened.rollback()


def model(key="naive", state=None, **window) -> FittedModel:
    return FittedModel(
        window=Window("MADE", key, window.get("version", key), "semiannually", date(2014, 7, 1)),
        state={"model": key} if state is None else state,
        parameters={"pool": 250},
        training_cutoff_date=date(2014, 6, 30),
        training_start_date=date(2012, 1, 2),
        training_samples=650,
        data_hash="650:123",
        fit_seconds=0.1,
    )


def sized(size: int, fill: str = "x") -> dict:
    return {"text": fill * (size - len('{"text":""}'))}


@pytest.mark.parametrize("key", models.keys())
def test_a_stored_model_forecasts_the_same_bytes(connection, tmp_path, key):
    state = trained(key, PRICES, "2014-07-01", SETTINGS)
    saved = model(key, state)
    assert save_model(connection, saved, tmp_path)
    loaded = load_model(connection, saved.window, tmp_path)
    assert forecast_bytes(key, loaded.state, PRICES, STARTS) == forecast_bytes(key, state, PRICES, STARTS)
    for name in ("window", "parameters", "training_cutoff_date", "training_start_date", "training_samples"):
        assert getattr(loaded, name) == getattr(saved, name)
    [stored, size] = connection.execute("select state_json, size_bytes from fitted_models").fetchone()
    assert len(stored.encode()) == size == loaded.size_bytes == len(saved.content)


@pytest.mark.parametrize(("size", "by_reference"), [(BYTES_IN_TABLE - 1, False), (BYTES_IN_TABLE, True)])
def test_a_state_from_1_mib_on_lies_in_the_object_store(connection, tmp_path, size, by_reference):
    saved = model(state=sized(size))
    save_model(connection, saved, tmp_path)
    [text, uri] = connection.execute("select state_json, object_uri from fitted_models").fetchone()
    assert (text is None, uri is not None) == (by_reference, by_reference)
    assert load_model(connection, saved.window, tmp_path).state == saved.state
    files = [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()]
    assert files == ([uri] if by_reference else [])
    if by_reference:
        assert uri.startswith("models/MADE/naive/semiannually/2014-07-01-naive")


def test_a_window_keeps_the_model_that_it_has(connection, tmp_path):
    assert save_model(connection, model(state={"a": 1}), tmp_path)
    assert not save_model(connection, model(state={"a": 2}), tmp_path)
    assert load_model(connection, model().window, tmp_path).state == {"a": 1}


@pytest.mark.parametrize("sizes", [(50, 60), (50, BYTES_IN_TABLE), (BYTES_IN_TABLE, 50)])
def test_training_again_replaces_all_of_it(connection, tmp_path, sizes):
    first, second = (model(state=sized(size, fill)) for size, fill in zip(sizes, "ab", strict=True))
    save_model(connection, first, tmp_path)
    assert save_model(connection, replace(second, training_samples=7), tmp_path, replace=True)
    loaded = load_model(connection, first.window, tmp_path)
    assert (loaded.state, loaded.training_samples) == (second.state, 7)


def test_a_replacement_that_is_rolled_back_leaves_a_model_that_can_be_read(connection, tmp_path):
    first, second = (model(state=sized(BYTES_IN_TABLE, fill)) for fill in "ab")
    save_model(connection, first, tmp_path)
    with connection.transaction(force_rollback=True):
        save_model(connection, second, tmp_path, replace=True)
    assert load_model(connection, first.window, tmp_path).state == first.state


def test_versions_frequencies_and_dates_do_not_meet(connection, tmp_path):
    window = model().window
    others = [
        replace(window, model_version="naive@1a2b3c"),
        replace(window, train_frequency="monthly"),
        replace(window, training_date=date(2015, 1, 1)),
        replace(window, commodity="OTHER"),
    ]
    for number, other in enumerate([window, *others]):
        assert save_model(connection, replace(model(state={"n": number}), window=other), tmp_path)
    found = [load_model(connection, each, tmp_path).state["n"] for each in (window, *others)]
    assert found == [0, 1, 2, 3, 4]


def test_altered_text_is_refused_by_the_windows_name(connection, tmp_path):
    save_model(connection, model(state={"a": 1}), tmp_path)
    connection.execute("update fitted_models set state_json = replace(state_json, '1', '2')")
    with pytest.raises(JobError, match=r"^MADE naive window 2014-07-01: .* altered") as raised:
        load_model(connection, model().window, tmp_path)
    assert describe(raised.value)[0] == "JobFailed"


@pytest.mark.parametrize("harm", ["altered", "gone"])
def test_a_file_that_is_altered_or_gone_is_refused_by_the_windows_name(connection, tmp_path, harm):
    save_model(connection, model(state=sized(BYTES_IN_TABLE)), tmp_path)
    [file] = list(tmp_path.rglob("*.json"))
    file.unlink() if harm == "gone" else file.write_bytes(file.read_bytes()[:-9] + b'yyyyyyy"}')
    with pytest.raises(JobError, match=rf"^MADE naive window 2014-07-01: .*{harm}"):
        load_model(connection, model().window, tmp_path)


def test_a_missing_model_is_refused_by_the_windows_name(connection, tmp_path):
    assert not has_model(connection, model().window)
    with pytest.raises(JobError, match=r"^MADE naive window 2014-07-01 has no semiannually model"):
        load_model(connection, model().window, tmp_path)
    save_model(connection, model(), tmp_path)
    assert has_model(connection, model().window)


def test_a_state_that_is_no_json_is_refused_before_anything_is_written(connection, tmp_path):
    for wrong in (float("nan"), np.float32(1), {"when": date(2014, 7, 1)}):
        with pytest.raises((ValueError, TypeError)):
            save_model(connection, model(state={"a": wrong}), tmp_path)
    assert connection.execute("select count(*) from fitted_models").fetchone() == (0,)


def test_the_same_state_has_the_same_hash_in_any_order():
    one, other = model(state={"a": 1, "b": [0.1]}), model(state={"b": [0.1], "a": 1})
    assert one.content == other.content
    assert json.loads(one.content) == one.state
