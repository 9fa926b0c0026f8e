"""The four models over eleven years of real prices, against figures that were computed independently."""

import numpy as np
import pytest
from made_prices import DAY, HORIZON, SETTINGS, day, shared_prices

from sevenfold_jobs.forecast import models, scores
from sevenfold_jobs.forecast.paths import draw_paths

# Mean absolute error of the points, CRPS, shares of closes inside the 80 % and the 95 % interval. XGBoost's
# move by more than the 1 % with its seed alone (MAE over ten seeds 3.14 to 3.26, standard deviation 0.03), so
# they hold the right order of magnitude, not the rule: that is what test_models.py is for.
WANTED = {
    "naive": (3.081, 2.262, 0.818, 0.949),
    "sarimax": (3.104, 2.329, 0.808, 0.923),
    "xgboost": (3.228, 2.425, 0.808, 0.931),
    "random_walk": (3.435, 2.548, 0.774, 0.920),
}
PATHS = 2_000
WINDOWS = [day(f"{year}-{month}-01") for year in range(2015, 2027) for month in ("01", "07")]


@pytest.fixture(scope="module")
def prices():
    return shared_prices()


def figures(key: str, prices) -> tuple[float, float, float, float]:
    model = models.load(key)
    days = prices.trading_days
    starts = days[(days >= day("2015-01-13")) & (days <= day("2026-07-06"))]
    assert len(starts) == 2_872
    errors, crps, inside = [], [], {80: [], 95: []}
    for window, after in zip(WINDOWS, [*WINDOWS[1:], day("2027-01-01")], strict=True):
        chosen = starts[(starts >= window) & (starts < after)]
        state = model.train(prices.as_of(window - DAY), SETTINGS)
        [group] = prices.cutoffs(chosen)
        cutoffs = group.series.dates[group.positions]
        projected = prices.projected_days(chosen, cutoffs, HORIZON)
        made = model.forecast(state, group.series, group.positions, HORIZON, projected)
        for start, cutoff, points, pool in zip(chosen, cutoffs, made.points, made.pools, strict=True):
            actual = prices.actuals(cutoff, HORIZON)
            ascending = scores.sort_paths(draw_paths(points, pool, PATHS, 0, "WTI", key, start))
            predicted = scores.quantiles(ascending)
            errors.append(np.abs(points - actual))
            crps.append(scores.crps(ascending, actual))
            inside[80].append((predicted[:, 1] <= actual) & (actual <= predicted[:, 5]))
            inside[95].append((predicted[:, 0] <= actual) & (actual <= predicted[:, 6]))
    return tuple(float(np.mean(part)) for part in (errors, crps, inside[80], inside[95]))


@pytest.mark.parametrize("key", WANTED)
def test_figures_are_within_one_percent_of_the_reference(key, prices):
    assert figures(key, prices) == pytest.approx(WANTED[key], rel=0.01)
