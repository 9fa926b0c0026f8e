"""How much is believed, and how wide the fan is: both from days that are past."""

import numpy as np

from sevenfold_jobs.common.rounding import round_half_away
from sevenfold_jobs.pool_forecast.fan import growing, spread, widenings
from sevenfold_jobs.pool_forecast.shrink import choose_shrink, shares_of_others

DAYS = np.repeat(np.arange(60), 30)


def draws(seed=1):
    return np.random.default_rng(seed).normal(size=len(DAYS))


def test_noise_is_not_believed():
    shares = [choose_shrink(draws(seed), draws(seed + 100), DAYS, 50.0, None).share for seed in range(20)]
    assert shares.count(0.0) >= 16


def test_what_is_half_right_is_believed_by_half():
    predicted = draws(1)
    chosen = choose_shrink(0.5 * predicted + 0.1 * draws(2), predicted, DAYS, 50.0, None)
    assert 0.4 <= chosen.share <= 0.6
    assert chosen.mae_model < 0.5 * chosen.mae_persistence


def test_one_broken_pool_decides_nothing():
    predicted, change = draws(1), 0.8 * draws(1) + 0.1 * draws(2)
    calm = choose_shrink(change, predicted, DAYS, 50.0, None)
    change[17], predicted[17] = 100_000.0, -400.0
    assert choose_shrink(change, predicted, DAYS, 50.0, None).share == calm.share


def test_a_gain_on_one_day_alone_is_not_believed():
    change, predicted = draws(1), np.where(DAYS == 7, draws(1), 0.0)
    assert choose_shrink(change, predicted, DAYS, 50.0, None).share == 0.0


def test_too_few_days_say_nothing():
    few = DAYS < 9
    chosen = choose_shrink(draws(1)[few], draws(1)[few], DAYS[few], 50.0, None)
    assert (chosen.share, chosen.mae_model) == (0.0, None)


def test_days_that_widths_are_calibrated_on_have_no_part_in_their_share():
    predicted = draws(1)
    right_at_first = np.where(DAYS < 30, predicted, draws(2))
    level = np.full(len(DAYS), 100.0)
    assert shares_of_others(right_at_first, predicted, DAYS, 50.0, level) == {0: 0.0, 1: 1.0}


def test_a_forecast_below_zero_counts_as_zero():
    level = np.full(len(DAYS), 0.1)
    chosen = choose_shrink(np.full(len(DAYS), -0.1), np.full(len(DAYS), -1.0), DAYS, 50.0, level)
    assert chosen.mae_model == 0.0


def test_a_side_counts_the_value_to_come_among_those_outside():
    """Ten of 100 past values outside are a tenth; the chance that the next one is outside is 11 in 101."""
    zero, one = np.zeros(100), np.ones(100)
    for outside, expected in ((9, 0.5), (10, 1.6)):
        actual = np.r_[np.full(outside, 1.6), np.full(100 - outside, 0.5)]
        [_, above] = widenings(actual, zero, -one, one, one.astype(int))[1]
        assert above == expected


def test_a_fan_is_stretched_until_a_tenth_lies_outside_on_either_side():
    draw = np.random.default_rng(4)
    actual = np.where(draw.random(20_000) < 0.5, -1.0, 2.0) * np.abs(draw.normal(size=20_000))
    horizon = np.ones(20_000, int)
    middle = np.zeros(20_000)
    found = widenings(actual, middle, middle - 1, middle + 1, horizon)
    below, above = found[1]
    assert 0.08 <= np.mean(actual < -below) <= 0.1
    assert 0.08 <= np.mean(actual > above) <= 0.1
    assert above > 1.5 * below
    assert found[7] == (1.0, 1.0)  # nothing is known of that horizon


def test_a_fan_is_ordered_and_never_below_zero():
    draw = np.random.default_rng(5)
    middle, low, high = np.abs(draw.normal(size=(3, 500)))
    lower, upper = spread(middle, low - 1, high, (np.full(500, 3.0), np.full(500, 0.5)))
    assert (lower >= 0).all()
    assert (lower <= middle).all()
    assert (middle <= upper).all()


def test_without_a_model_a_fan_widens_with_its_horizon():
    lower, upper = growing(np.array([5.0, 0.1]), np.array([0.5, 0.5]))
    assert (np.diff(upper - lower, axis=1) > 0).all()
    assert (lower >= 0).all()


def test_rounding_goes_away_from_zero_on_the_decimal_text():
    assert round_half_away(np.array([2.00005, -2.00005, 1.00015, np.nan]), 4).tolist()[:3] == [
        2.0001,
        -2.0001,
        1.0002,
    ]
