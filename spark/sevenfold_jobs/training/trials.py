"""The parameters of a trial, as a pure function of what was asked and of the trials that it learns from."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sevenfold_jobs.training.spaces import DEFAULTS, SPACES, Range, space_of

#: Before the sampler has learnt anything it draws at random.
_STARTUP = 10


@dataclass(frozen=True)
class Trial:
    """One that has ended: `value` is None where it failed."""

    number: int
    params: dict[str, Any]
    value: float | None


def suggest(
    model: str,
    task: str,
    seed: int,
    number: int,
    parallel: int,
    earlier: Iterable[Trial],
    asked: dict[str, Any],
    higher_is_better: bool = False,
) -> dict[str, Any]:
    """Parameters of trial `number`: the defaults for 0, else what a new TPE sampler, seeded by seed and
    number, asks for after trials 0…number - `parallel`; later ones are left out, and the order in which they
    are given is nothing.

    So a search that was killed goes on as if nothing had been, and trials that end in another order change
    nothing.
    """
    space, fixed = space_of(model, asked)
    if number == 0 or not space:
        first = {name: _asked(space.get(name), value) for name, value in DEFAULTS.get(model, {}).items()}
        # A range that somebody asked for holds from the first trial on, where it has no usual value too.
        asked_for = {name: _within(each, each.low) for name, each in space.items() if name not in first}
        return _with_companions(model, first | asked_for | fixed)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    digest = hashlib.sha256(f"{seed}/{model}/{number}".encode()).digest()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # multivariate is called experimental; results are versioned
        sampler = optuna.samplers.TPESampler(
            seed=int.from_bytes(digest[:4], "big"), n_startup_trials=_STARTUP, multivariate=True
        )
    study = optuna.create_study(sampler=sampler, direction="maximize" if higher_is_better else "minimize")
    distributions = {name: _distribution(optuna, each) for name, each in space.items()}
    for trial in sorted(earlier, key=lambda each: each.number):
        if trial.number > number - parallel:
            continue
        # A default may lie outside what is tried: a penalty of 0 where powers of ten are.
        known = {name: _within(each, trial.params.get(name, each.low)) for name, each in space.items()}
        study.add_trial(
            optuna.trial.create_trial(
                params=known,
                distributions=distributions,
                value=trial.value,
                state=optuna.trial.TrialState.FAIL
                if trial.value is None
                else optuna.trial.TrialState.COMPLETE,
            )
        )
    return _with_companions(model, study.ask(distributions).params | fixed)


def _with_companions(model: str, params: dict[str, Any]) -> dict[str, Any]:
    """With what a parameter needs to have an effect, where nobody has fixed that."""
    if model == "lightgbm" and params.get("bagging_fraction", 1.0) < 1:
        return {"bagging_freq": 1} | params
    return params


def _asked(allowed: Range | None, value: Any) -> Any:
    """A default outside a range that somebody asked for is the range's nearest end; a usual range yields to
    it.
    """
    if allowed is None or allowed in (space for each in SPACES.values() for space in each.values()):
        return value
    return _within(allowed, value)


def _within(allowed: Range, value: Any) -> Any:
    nearest = min(max(value, allowed.low), allowed.high)
    return int(nearest) if allowed.whole else float(nearest)


def _distribution(optuna: Any, each: Range) -> Any:
    if each.whole:
        return optuna.distributions.IntDistribution(int(each.low), int(each.high), log=each.log)
    return optuna.distributions.FloatDistribution(each.low, each.high, log=each.log)
