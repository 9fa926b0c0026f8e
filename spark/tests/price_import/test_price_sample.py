"""The generated series: the same bytes everywhere, alive, and like what it stands for."""

import hashlib

import numpy as np

from sevenfold_jobs.price_import import sample, series
from sevenfold_jobs.price_import.files import SYNTHETIC

SETTINGS = {
    "name": "Sample",
    "unit": "USD",
    "covariates": [{"name": "vix"}, {"name": "peer_close"}, {"name": "henry_hub"}],
}


def test_every_value_is_what_it_was_on_every_other_machine():
    prices = sample.generate().prices
    columns = [prices.date, prices.close, *(prices.covariates[name] for name in sorted(prices.covariates))]
    digest = hashlib.sha256(b"".join(column.astype("<f8").tobytes() for column in columns)).hexdigest()
    assert digest[:16] == "7b1f673ab5e4c162"


def test_days_are_weekdays_without_the_fixed_holidays():
    days = sample.generate().prices.date.astype("datetime64[D]")
    assert (str(days[0]), str(days[-1]), len(days)) == ("2005-01-03", "2025-12-31", 5_433)
    assert np.is_busday(days).all()
    assert not any(str(day).endswith(("-01-01", "-07-04", "-12-25")) for day in days)


def test_steps_cluster_and_covariates_move_with_them():
    prices = sample.generate().prices
    steps = np.diff(prices.close)
    assert prices.close.min() > 5
    assert 1.3 < steps.std() < 2.2
    # squares of steps remember each other; independent ones would not reach 3 / sqrt(5432) = 0.04
    assert np.corrcoef(steps[1:] ** 2, steps[:-1] ** 2)[0, 1] > 0.05
    assert 0.5 < np.corrcoef(steps, np.diff(prices.covariates["peer_close"]))[0, 1] < 0.7
    assert -0.25 < np.corrcoef(steps, np.diff(prices.covariates["vix"]))[0, 1] < -0.1
    assert abs(np.corrcoef(steps, np.diff(prices.covariates["henry_hub"]))[0, 1]) < 0.1


def test_it_has_a_row_a_calendar_day_and_every_covariate():
    built = series.build(sample.generate().prices, None, SYNTHETIC, SETTINGS)
    assert built.covariates == ["vix", "peer_close", "henry_hub"]
    assert (np.diff(built.dates) == 1).all()
    assert not any(np.isnan(values).any() for values in built.values.values())
