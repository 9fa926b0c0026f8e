"""SARIMAX (0,1,3): closes regressed on the same day's covariates, with moving-average errors."""

import warnings
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.forecast.models import (
    Covariate,
    Forecast,
    State,
    centred,
    read_covariates,
    refuse_missing,
    refuse_short,
)
from sevenfold_jobs.forecast.series import Series

KEY = "sarimax"
NAME = "SARIMAX"
ALIASES = ("sarimax_auto_weather",)
NOTES = "Filtered innovations up to the cutoff. Coefficients and pool (250 one-step errors) are the window's."

ORDER = (0, 1, 3)
ROWS = 1_500
POOL = 250
MOST_ITERATIONS = 200
_FEWEST_ROWS = 100

PARAMETERS: dict[str, Any] = {"order": list(ORDER), "rows": ROWS, "pool": POOL}


def train(series: Series, settings: dict[str, Any]) -> State:
    """Maximum likelihood on the 1,500 newest rows; the covariates are levels of the same day.

    The pool: close_{t+1} - f_1(t) over the newest rows, the covariates held at t. They explain most of a
    day's move but are not known before it, so the model's own innovations would be far too small a pool.
    Raises InvalidInput for a series that is too short, or a covariate that is not there.
    """
    refuse_short(series, _FEWEST_ROWS, NAME)
    covariates = read_covariates(settings, series)
    first = _first_row(series, covariates)
    start = series.dates[first]
    fitted = _fit(series.close[first:], _columns(series, covariates, first))
    state = {
        "model": KEY,
        "start": str(start),
        "samples": len(series) - first,
        "covariates": [vars(covariate) for covariate in covariates],
        "order": list(ORDER),
        **fitted,
    }
    one_step = forecast_moves(state, innovations(state, series), 1)[:, 0]
    close = series.close[first + 1 :]
    errors = close[1:] - (close[:-1] + one_step[:-1])
    state["pool"] = centred(errors[-POOL:]).tolist()
    return state


def forecast(state: State, series: Series, positions: np.ndarray, horizon: int, days: np.ndarray) -> Forecast:
    """f_k = close + moves of the moving average; held covariates cancel. Filtered anew, never refitted."""
    refuse_missing([Covariate(**given) for given in state["covariates"]], series)
    first = int(np.searchsorted(series.dates, np.datetime64(state["start"], "D")))
    refuse_short(series.first(int(positions.min()) + 1), first + _FEWEST_ROWS, NAME)
    filtered = innovations(state, series.first(int(positions.max()) + 1))
    moves = forecast_moves(state, filtered, horizon)[positions - first - 1]
    pool = np.array(state["pool"])
    return Forecast(series.close[positions][:, None] + moves, [pool] * len(positions))


def innovations(state: State, series: Series) -> np.ndarray:
    """e_t of every row after the window's first, float64.

    u_t = Δclose_t - β·Δcovariates_t = e_t + θ_1 e_{t-1} + θ_2 e_{t-2} + θ_3 e_{t-3}, from zeros on:
    after some days they are those of the Kalman filter, whose gain has settled by then.
    """
    first = int(np.searchsorted(series.dates, np.datetime64(state["start"], "D")))
    remainder = np.diff(series.close[first:])
    for given, coefficient in zip(state["covariates"], state["beta"], strict=True):
        remainder -= coefficient * np.diff(series.covariates[given["name"]][first:])
    # Bit by bit what scipy.signal.lfilter gives, which each process would import for 1.2 s to save it 0.5 ms.
    first_theta, second_theta, third_theta = state["theta"]
    filtered = []
    first_held = second_held = third_held = 0.0
    for value in remainder.tolist():
        innovation = value + first_held
        first_held = second_held - first_theta * innovation
        second_held = third_held - second_theta * innovation
        third_held = -third_theta * innovation
        filtered.append(innovation)
    return np.array(filtered)


def forecast_moves(state: State, filtered: np.ndarray, horizon: int) -> np.ndarray:
    """f_k - close_t for k = 1..horizon, after each innovation: shape (innovations, horizon).

    sum over j = 1..min(k, 3) of sum over i = j..3 of θ_i e_{t+j-i}; innovations before the first are 0.
    """
    theta = state["theta"]
    lagged = [np.concatenate([np.zeros(lag), filtered])[: len(filtered)] for lag in range(len(theta))]
    moves = np.zeros((len(filtered), horizon))
    total = np.zeros(len(filtered))
    for day in range(horizon):
        for index in range(day, len(theta)):
            total = total + theta[index] * lagged[index - day]
        moves[:, day] = total
    return moves


def _first_row(series: Series, covariates: list[Covariate]) -> int:
    """First row of the sample: the 1,500 newest rows, fewer where a covariate begins later."""
    first = max(len(series) - ROWS, 0)
    for covariate in covariates:
        begins = int(np.argmin(np.isnan(series.covariates[covariate.name])))
        if len(series) - begins < _FEWEST_ROWS:
            raise InvalidInput(
                f"{series.commodity} has covariate {covariate.name} only from {series.dates[begins]} on: "
                f"{NAME} needs {_FEWEST_ROWS} rows of it."
            )
        first = max(first, begins)
    return first


def _columns(series: Series, covariates: list[Covariate], first: int) -> np.ndarray | None:
    if not covariates:
        return None
    return np.column_stack([series.covariates[covariate.name][first:] for covariate in covariates])


def _fit(close: np.ndarray, columns: np.ndarray | None) -> State:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    model = SARIMAX(close, exog=columns, order=ORDER, simple_differencing=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it converged is kept with the state
        result = model.fit(disp=False, maxiter=MOST_ITERATIONS)
    names = dict(zip(model.param_names, map(float, result.params), strict=True))
    count = 0 if columns is None else columns.shape[1]
    return {
        "beta": [float(value) for value in result.params[:count]],
        "theta": [names[f"ma.L{lag}"] for lag in range(1, ORDER[2] + 1)],
        "sigma2": names["sigma2"],
        "log_likelihood": float(result.llf),
        "converged": bool(result.mle_retvals["converged"]),
    }
