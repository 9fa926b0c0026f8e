"""Each model's figures by a plain reading of its rule, and the same bytes in any company."""

import json
import textwrap

import numpy as np
import pandas as pd
import pytest
from made_prices import (
    DAY,
    HORIZON,
    SETTINGS,
    day,
    forecast_bytes,
    forecasts,
    made_prices,
    rows_of,
    trained,
)

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast import models
from sevenfold_jobs.forecast.models import sarimax, xgboost

TRAINED = "2014-07-01"
PRICES = made_prices()
STARTS = PRICES.trading_days[PRICES.trading_days >= day(TRAINED)]

every_model = pytest.mark.parametrize("key", models.keys())


@pytest.fixture(scope="module")
def state():
    """`state(key)`: trained once."""
    made = {}

    def of(key):
        if key not in made:
            made[key] = trained(key, PRICES, TRAINED)
        return made[key]

    return of


@every_model
def test_a_date_has_the_same_bytes_in_any_company_and_order(key, state):
    whole = forecast_bytes(key, state(key), PRICES, STARTS)
    order = np.random.default_rng(3).permutation(len(STARTS))
    mixed = forecast_bytes(key, state(key), PRICES, STARTS[order])
    assert [mixed[place] for place in np.argsort(order)] == whole
    for part in (slice(0, 1), slice(7, 8), slice(20, 53), slice(-1, None)):
        assert forecast_bytes(key, state(key), PRICES, STARTS[part]) == whole[part]


@every_model
def test_training_twice_gives_the_same_bytes(key, state):
    assert json.dumps(trained(key, PRICES, TRAINED)) == json.dumps(state(key))


@every_model
def test_a_state_that_was_stored_as_json_forecasts_as_before(key, state):
    stored = json.loads(json.dumps(state(key), sort_keys=True))
    assert forecast_bytes(key, stored, PRICES, STARTS[:9]) == forecast_bytes(
        key, state(key), PRICES, STARTS[:9]
    )


@every_model
def test_every_pool_has_mean_0(key, state):
    _, pools = forecasts(key, state(key), PRICES, STARTS)
    assert max(abs(pool.mean()) for pool in pools) < 1e-12


@every_model
def test_fewer_days_are_the_first_of_more(key, state):
    points, _ = forecasts(key, state(key), PRICES, STARTS[:9])
    shorter, _ = forecasts(key, state(key), PRICES, STARTS[:9], horizon=3)
    np.testing.assert_array_equal(shorter, points[:, :3])


@every_model
def test_a_price_below_zero_is_forecast_like_any_other_and_flagged(key, state):
    place = int(np.searchsorted(PRICES.newest.dates, STARTS[20])) - 1
    close = PRICES.close.copy()
    close[PRICES.dates == PRICES.newest.dates[place]] = -36.98
    changed = rows_of(PRICES, np.arange(len(PRICES.dates)))
    object.__setattr__(changed, "close", close)
    points, pools = forecasts(key, state(key), changed, STARTS[15:25])
    assert np.isfinite(points).all()
    if key != "xgboost":  # whose trees may jump back
        assert points[5, 0] < 0
    positions = np.arange(place - 5, place + 5)
    unusual = models.unusual_origins(changed.newest, positions, pools)
    assert unusual.tolist() == [False] * 5 + [True, True] + [False] * 3


@every_model
def test_a_series_without_covariates_works(key):
    bare = made_prices()
    object.__setattr__(bare, "covariates", {})
    points, pools = forecasts(key, trained(key, bare, TRAINED, {}), bare, STARTS[:3])
    assert np.isfinite(points).all()
    assert min(pool.std() for pool in pools) > 0


@pytest.mark.parametrize("key", ["xgboost", "sarimax"])
def test_a_covariate_that_is_not_in_the_data_is_named(key):
    settings = {"covariates": [{"name": "vix"}, {"name": "temp_c"}]}
    with pytest.raises(
        InvalidInput, match=r"covariate temp_c .*\(its covariates: peer_close, vix, henry_hub\)"
    ):
        trained(key, PRICES, TRAINED, settings)


@pytest.mark.parametrize("key", ["xgboost", "sarimax"])
def test_a_covariate_that_was_dropped_since_the_training_is_named(key, state):
    bare = made_prices()
    object.__setattr__(bare, "covariates", {"vix": bare.covariates["vix"]})
    with pytest.raises(InvalidInput, match="covariate peer_close"):
        forecasts(key, state(key), bare, STARTS[:1])


@pytest.mark.parametrize("key", ["xgboost", "sarimax"])
def test_a_use_that_there_is_not_is_named(key):
    with pytest.raises(InvalidInput, match="vix of MADE has use 'ratio': it is level or spread"):
        trained(key, PRICES, TRAINED, {"covariates": [{"name": "vix", "use": "ratio"}]})


@every_model
def test_too_short_a_series_is_named(key):
    with pytest.raises(InvalidInput, match="MADE has 12 rows"):
        models.load(key).train(PRICES.newest.first(12), SETTINGS)


def test_naive_stays_at_the_close_with_the_250_newest_moves(state):
    points, pools = forecasts("naive", state("naive"), PRICES, STARTS[:5])
    close = PRICES.newest.close
    for number, start in enumerate(STARTS[:5]):
        cutoff = int(np.searchsorted(PRICES.newest.dates, start)) - 1
        assert points[number].tolist() == [close[cutoff]] * HORIZON
        moves = np.array([close[t] - close[t - 1] for t in range(cutoff - 249, cutoff + 1)])
        np.testing.assert_allclose(pools[number], moves - moves.mean(), atol=1e-12)


def test_random_walk_drifts_by_the_mean_of_the_29_newest_differences(state):
    points, pools = forecasts("random_walk", state("random_walk"), PRICES, STARTS[:5])
    close = PRICES.newest.close
    for number, start in enumerate(STARTS[:5]):
        cutoff = int(np.searchsorted(PRICES.newest.dates, start)) - 1
        drift = np.mean(np.diff(close[cutoff - 29 : cutoff + 1]))
        np.testing.assert_allclose(points[number], close[cutoff] + drift * np.arange(1, 15), rtol=1e-12)
        assert len(pools[number]) == 250


def plain_features(close: list[float], covariates: dict[str, float], target: np.datetime64) -> list[float]:
    """One row of the booster's features, from closes up to t."""
    row = [close[-1] - close[-1 - lag] for lag in (1, 7, 14)]
    for width in (7, 30):
        row += [close[-1] - np.mean(close[-width:]), np.std(close[-width:], ddof=1)]
    row += [close[-1], covariates["vix"], close[-1] - covariates["peer_close"], covariates["henry_hub"]]
    stamp = pd.Timestamp(target)
    return [*row, stamp.dayofweek, stamp.month, stamp.dayofyear]


def test_xgboost_is_the_stated_booster_on_the_stated_rows(state):
    import xgboost as library

    series = PRICES.newest.before(day(TRAINED))
    rows = np.array(
        [
            plain_features(
                series.close[: t + 1].tolist(),
                {name: values[t] for name, values in series.covariates.items()},
                series.dates[t + 1],
            )
            for t in range(30, len(series) - 1)
        ]
    )
    moves = np.diff(series.close)[30:]
    settings = {
        "objective": "reg:squarederror",
        "max_depth": 5,
        "eta": 0.1,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "seed": 0,
        "nthread": 1,
    }
    cut = int(len(rows) * 0.8)
    booster = library.train(settings, library.DMatrix(rows[:cut], moves[:cut]), 100)
    errors = (moves[cut:] - booster.predict(library.DMatrix(rows[cut:])))[-750:]
    found = state("xgboost")
    assert found["samples"] == len(rows)
    np.testing.assert_allclose(found["pool"], errors - errors.mean(), atol=1e-5)
    assert found["features"] == [
        *("diff_1", "diff_7", "diff_14", "close_minus_mean_7", "std_7", "close_minus_mean_30", "std_30"),
        *("close", "vix", "close_minus_peer_close", "henry_hub", "day_of_week", "month", "day_of_year"),
    ]
    [points, _] = forecasts("xgboost", found, PRICES, STARTS[40:41])
    cutoff = int(np.searchsorted(PRICES.newest.dates, STARTS[40])) - 1
    close = PRICES.newest.close[: cutoff + 1].tolist()
    held = {name: values[cutoff] for name, values in PRICES.newest.covariates.items()}
    for number in range(HORIZON):
        target = np.busday_offset(STARTS[40], number)
        row = np.array([plain_features(close, held, target)])
        close.append(close[-1] + float(booster.predict(library.DMatrix(row))[0]))
    np.testing.assert_allclose(points[0], close[-HORIZON:], atol=1e-4)


def test_xgboost_is_asked_once_a_day_ahead_not_once_a_date(state, monkeypatch):
    asked = []
    predict = xgboost._predict
    monkeypatch.setattr(xgboost, "_predict", lambda *given: asked.append(1) or predict(*given))
    forecasts("xgboost", state("xgboost"), PRICES, STARTS)
    assert len(asked) == HORIZON


def test_the_boosters_own_json_is_in_the_state(state):
    learner = state("xgboost")["booster"]["learner"]
    assert learner["objective"]["name"] == "reg:squarederror"
    assert learner["gradient_booster"]["model"]["gbtree_model_param"]["num_trees"] == "100"


def test_a_booster_of_other_features_is_refused(state):
    altered = {**state("xgboost"), "features": ["close"]}
    with pytest.raises(InvalidInput, match="train it again"):
        forecasts("xgboost", altered, PRICES, STARTS[:1])


def test_sarimax_innovations_are_those_of_the_kalman_filter_once_it_has_settled(state):
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    found = state("sarimax")
    series = PRICES.newest
    columns = np.column_stack([series.covariates[given["name"]] for given in SETTINGS["covariates"]])
    model = SARIMAX(series.close, exog=columns, order=(0, 1, 3), simple_differencing=True)
    result = model.smooth([*found["beta"], *found["theta"], found["sigma2"]])
    ours = sarimax.innovations({**found, "start": str(series.dates[0])}, series)
    np.testing.assert_allclose(ours[150:], result.resid[150:], atol=1e-6)


def test_sarimax_points_are_the_librarys_with_persisted_covariates(state):
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    found = state("sarimax")
    series = PRICES.newest
    columns = np.column_stack([series.covariates[given["name"]] for given in SETTINGS["covariates"]])
    model = SARIMAX(series.close, exog=columns, order=(0, 1, 3))
    result = model.smooth([*found["beta"], *found["theta"], found["sigma2"]])
    wanted = result.forecast(HORIZON, exog=np.repeat(columns[-1:], HORIZON, axis=0))
    after_the_last = np.array([series.dates[-1] + DAY])
    points, _ = forecasts("sarimax", found, PRICES, after_the_last)
    np.testing.assert_allclose(points[0], wanted, atol=1e-6)


def test_sarimax_points_by_the_formula(state):
    found = state("sarimax")
    theta = [None, *found["theta"]]
    series = PRICES.newest
    start = int(np.searchsorted(series.dates, day(found["start"])))
    innovation = sarimax.innovations(found, series)
    [points, _] = forecasts("sarimax", found, PRICES, STARTS[:3])
    for number, begin in enumerate(STARTS[:3]):
        t = int(np.searchsorted(series.dates, begin)) - 1
        e = lambda row: innovation[row - start - 1]  # noqa: E731
        for k in range(1, HORIZON + 1):
            total = sum(theta[i] * e(t + j - i) for j in range(1, min(k, 3) + 1) for i in range(j, 4))
            assert points[number, k - 1] == pytest.approx(series.close[t] + total, abs=1e-9)


def test_the_sarimax_pool_is_what_its_own_forecasts_missed_by(state):
    series = PRICES.newest.before(day(TRAINED))
    starts = series.dates[-250:]
    points, pools = forecasts("sarimax", state("sarimax"), PRICES, starts, 1)
    errors = series.close[-250:] - points[:, 0]
    np.testing.assert_allclose(pools[0], errors - errors.mean(), atol=1e-9)


def test_sarimax_uses_the_1500_newest_rows():
    prices = made_prices(rows=1_700)
    last = prices.newest.dates[-1] + DAY
    found = trained("sarimax", prices, str(last))
    assert (found["samples"], found["start"]) == (1_500, str(prices.newest.dates[200]))


def test_sarimax_begins_where_its_covariates_do():
    prices = made_prices()
    prices.covariates["vix"][prices.dates < day("2013-01-01")] = np.nan
    assert trained("sarimax", prices, TRAINED)["start"] == "2013-01-01"
    prices.covariates["vix"][prices.dates < day("2014-06-01")] = np.nan
    with pytest.raises(InvalidInput, match="covariate vix only from 2014-06-02 on"):
        trained("sarimax", made_again(prices), TRAINED)


def made_again(prices):
    """Without what was worked out from the old values."""
    return rows_of(prices, np.arange(len(prices.dates)))


NEW_MODEL = textwrap.dedent(
    '''
    """Twice the close."""
    import numpy as np
    from sevenfold_jobs.forecast.models import Forecast, recent_moves

    KEY, NAME, NOTES, PARAMETERS = "doubled", "Doubled", "", {}
    ALIASES = ("twofold",)

    def train(series, settings):
        return {"model": KEY, "start": str(series.dates[0]), "samples": len(series)}

    def forecast(state, series, positions, horizon, days):
        points = np.repeat(2 * series.close[positions][:, None], horizon, axis=1)
        return Forecast(points, [recent_moves(series, position, 30) for position in positions])
    '''
)


def test_a_new_file_is_a_new_model(tmp_path, monkeypatch):
    (tmp_path / "doubled.py").write_text(NEW_MODEL)
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    models._modules.cache_clear()
    try:
        assert models.keys() == ["doubled", "naive", "random_walk", "sarimax", "xgboost"]
        points, _ = forecasts("twofold", trained("twofold", PRICES, TRAINED), PRICES, STARTS[:1])
        place = int(np.searchsorted(PRICES.newest.dates, STARTS[0])) - 1
        assert points[0, 0] == 2 * PRICES.newest.close[place]
    finally:
        models._modules.cache_clear()


def test_an_unknown_model_gets_the_nearest_name():
    with pytest.raises(InvalidInput, match='Model "xgbost" is unknown: did you mean xgboost'):
        models.load("xgbost")


def test_the_weather_variant_is_another_name_of_sarimax():
    assert models.load("sarimax_auto_weather").KEY == "sarimax"
