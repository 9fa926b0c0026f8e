"""Which fits can be done now: a trial waits for those that its parameters are learnt from."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import psycopg

from sevenfold_jobs.training import clusters, metrics
from sevenfold_jobs.training.trials import Trial, suggest
from sevenfold_jobs.training_fit.request import Fit, Request


class Order:
    """The fits of a batch, and what is known of the trials of its run.

    Parameters of trial n follow from seed, n and trials 0..n-P alone, so neither the order in which fits end
    nor who made them, nor how often the batch was begun anew, changes them.
    """

    def __init__(
        self, request: Request, ended: Iterable[tuple[str, int, int, dict[str, Any], float | None]]
    ) -> None:
        """`ended` are the run's rows: (model, trial, fold, params, value), value None of a failed fit."""
        self._request = request
        self._values: dict[tuple[str, int], dict[int, float | None]] = defaultdict(dict)
        self._params: dict[tuple[str, int], dict[str, Any]] = {}
        for model, trial, fold, params, value in ended:
            self._values[model, trial][fold] = value
            self._params[model, trial] = params
        self._waiting = list(request.fits)

    def next(self) -> Fit | None:
        """The first fit whose turn has come; None where all that are left wait for others."""
        for place, fit in enumerate(self._waiting):
            if self._is_ready(fit):
                return self._waiting.pop(place)
        return None

    def params_of(self, fit: Fit) -> dict[str, Any]:
        """The parameters of its trial: the same for all folds, whoever asks and whenever."""
        key = fit.model, fit.trial
        if key not in self._params:
            self._params[key] = self._suggest(fit)
        return self._params[key]

    def end(self, fit: Fit, value: float | None) -> None:
        """A fit has its answer: its value, or None where its library refused it."""
        self._values[fit.model, fit.trial][fit.fold] = value

    def waits_for(self, fit: Fit) -> int | None:
        """The first trial that this one waits for; numbers of clusters do not learn from each other."""
        if self._request.task == "clustering":
            return None
        last = fit.trial - self._request.parallel
        return next((n for n in range(last + 1) if not self._has_ended(fit.model, n)), None)

    @property
    def waiting(self) -> list[Fit]:
        """Those that were not handed out."""
        return list(self._waiting)

    def _suggest(self, fit: Fit) -> dict[str, Any]:
        request = self._request
        if request.task == "clustering":
            return clusters.candidates([fit.model], request.params)[fit.trial][1]
        return suggest(
            fit.model,
            request.task,
            request.seed,
            fit.trial,
            request.parallel,
            self._trials(fit.model),
            request.params.get(fit.model, {}),
            metrics.higher_is_better(request.metric),
        )

    def _is_ready(self, fit: Fit) -> bool:
        return self.waits_for(fit) is None

    def _has_ended(self, model: str, trial: int) -> bool:
        return len(self._values.get((model, trial), {})) == self._request.folds

    def _trials(self, model: str) -> list[Trial]:
        return [
            Trial(number, self._params[name, number], self._value_of(name, number))
            for name, number in sorted(self._values)
            if name == model and self._has_ended(name, number)
        ]

    def _value_of(self, model: str, trial: int) -> float | None:
        """The mean over folds; a trial that failed on one has none."""
        values = [self._values[model, trial][fold] for fold in sorted(self._values[model, trial])]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if len(known) == len(values) else None


def read_ended(connection: psycopg.Connection, request: Request) -> list[Any]:
    """What the run has of its models, by units whose fit is still the one that is due."""
    found = connection.execute(
        """
        select f.model, f.trial, f.fold, f.params, f.value
          from training_fits f
          join units u on u.run_id = f.run_id and u.unit = format('%%s/trial %%s/fold %%s', f.model, f.trial,
          f.fold)
         where f.run_id = %s and f.model = any (%s) and not u.unit = any (%s)
           and u.committed_fingerprint is not distinct from u.fingerprint
         order by f.model, f.trial, f.fold
        """,
        [
            request.run_id,
            sorted({fit.model for fit in request.fits}),
            [fit.unit for fit in request.fits],
        ],
    ).fetchall()
    connection.rollback()
    return found
