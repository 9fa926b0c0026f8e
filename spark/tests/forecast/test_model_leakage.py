"""Nothing known only after a cutoff reaches a forecast, whatever the model."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_prices import (
    DAY,
    SETTINGS,
    day,
    forecast_bytes,
    forecasts,
    made_prices,
    perturbed,
    shuffled,
    trained,
    truncated,
)

from sevenfold_jobs.forecast import models

TRAINED = "2014-07-01"
PRICES = made_prices()
STARTS = np.array(["2014-07-01", "2014-07-02", "2014-08-15", "2014-09-01", "2014-12-31"], "datetime64[D]")

every_model = pytest.mark.parametrize("key", models.keys())
CHANGES = {"truncated": truncated, "perturbed": perturbed, "shuffled": shuffled}
every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@every_model
@every_change
def test_a_date_has_the_same_bytes_whatever_happened_after_its_cutoff(key, change):
    state = trained(key, PRICES, TRAINED)
    whole = forecast_bytes(key, state, PRICES, STARTS)
    for start, wanted in zip(STARTS, whole, strict=True):
        otherwise = change(PRICES, PRICES.as_of_day(start))
        assert forecast_bytes(key, state, otherwise, np.array([start])) == [wanted]


@every_model
@every_change
def test_a_model_has_the_same_bytes_whatever_happened_from_its_training_date_on(key, change):
    wanted = trained(key, PRICES, TRAINED)
    otherwise = change(PRICES, day(TRAINED) - DAY)
    assert json.dumps(trained(key, otherwise, TRAINED)) == json.dumps(wanted)


@every_model
def test_the_last_row_before_the_training_date_is_read(key):
    """The guards above would pass a model that reads nothing at all."""
    cutoff = PRICES.as_of_day(day(TRAINED))
    state, before = (trained(key, prices, TRAINED) for prices in (PRICES, truncated(PRICES, cutoff - DAY)))
    points, _ = forecasts(key, state, PRICES, STARTS[:1])
    moved = perturbed(PRICES, cutoff - DAY)
    assert not np.array_equal(points, forecasts(key, state, moved, STARTS[:1])[0])
    assert before["samples"] <= state["samples"]


@every_model
def test_no_model_foretells_a_coin(key):
    """The pool must be as wide as moves that nothing foretells: a target that leaks makes it narrow."""
    prices = made_prices(seed=11)
    state = trained(key, prices, TRAINED, {"covariates": [{"name": "vix"}]})
    starts = prices.trading_days[(prices.trading_days >= day(TRAINED))]
    points, pools = forecasts(key, state, prices, starts, 1)
    series = prices.newest
    actual = series.close[np.searchsorted(series.dates, starts)]
    moves = np.diff(series.close)
    assert np.mean([pool.std() for pool in pools]) > 0.85 * moves.std()
    assert np.std(actual - points[:, 0]) > 0.85 * moves[-len(starts) :].std()


@every_model
def test_a_covariate_that_only_explains_the_same_day_makes_no_forecast_sharper(key):
    """The peer's move explains most of the close's of the same day: known too late, it narrows nothing."""
    prices = made_prices(seed=12)
    with_peer = trained(key, prices, TRAINED, SETTINGS)
    without = trained(key, prices, TRAINED, {"covariates": []})
    starts = prices.trading_days[prices.trading_days >= day(TRAINED)][:60]
    [pools, plain] = [forecasts(key, state, prices, starts)[1] for state in (with_peer, without)]
    assert np.mean([pool.std() for pool in pools]) > 0.85 * np.mean([pool.std() for pool in plain])


def test_calendar_features_foresee_no_holiday():
    """A day that turned out to be closed is known as such only afterwards."""
    prices = made_prices()
    state = trained("xgboost", prices, TRAINED)
    closed = (prices.dates >= day("2014-07-04")) & (prices.dates <= day("2014-07-08"))
    trading = prices.trading & ~closed
    holiday = replace(prices, trading=trading)
    starts = np.array(["2014-07-03"], "datetime64[D]")
    assert forecast_bytes("xgboost", state, holiday, starts) == forecast_bytes(
        "xgboost", state, prices, starts
    )
