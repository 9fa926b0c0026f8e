"""The forecasts of one task: points and pools of its dates, and each date's paths when they are wanted."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import psycopg

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.forecast import models
from sevenfold_jobs.forecast.paths import draw_paths
from sevenfold_jobs.forecast.series import Prices
from sevenfold_jobs.forecast.store import StoredModel, load_model
from sevenfold_jobs.forecast_infer.leakage import refuse_leakage
from sevenfold_jobs.forecast_infer.request import Request, Work


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of n dates over h days: `starts`, `cutoffs` (n,) and `targets` (n, h) datetime64[D]; `points`
    and `actuals` (n, h) float64, actuals NaN where they are not known yet; `spreads` (n,) the standard
    deviation of each pool and `largest` (n,) its largest error; `unusual` (n,) whether the last move was."""

    request: Request
    model: StoredModel
    starts: np.ndarray
    cutoffs: np.ndarray
    targets: np.ndarray
    points: np.ndarray
    pools: list[np.ndarray]
    spreads: np.ndarray
    largest: np.ndarray
    unusual: np.ndarray
    actuals: np.ndarray
    fingerprints: list[str]
    seconds: float

    def __len__(self) -> int:
        return len(self.starts)

    def part(self, low: int, high: int) -> "Forecasts":
        """Those of the dates low..high-1, with their share of the seconds."""
        of = {
            each.name: getattr(self, each.name)[low:high]
            for each in fields(self)
            if each.name not in ("request", "model", "seconds")
        }
        return replace(self, **of, seconds=self.seconds * (high - low) / len(self))

    def paths(self, index: int) -> np.ndarray:
        """The date's paths, (paths, h) float32: the same whatever other dates are in the task."""
        request = self.request
        return draw_paths(
            self.points[index],
            self.pools[index],
            request.paths,
            request.seed,
            request.commodity,
            request.model,
            self.starts[index],
            request.draw,
        )


class Maker:
    """Makes the forecasts of works that one process does in turn.

    Those of a window are made together, because loading a model takes longer than asking it: 0.06 s of
    XGBoost's 0.075 s for 60 dates. Where that fails, each work stands for itself.
    """

    def __init__(self, request: Request, prices: Prices, works: Sequence[Work]) -> None:
        self._request = request
        self._prices = prices
        self._works = works
        self._window: Work | None = None
        self._made: Forecasts | None = None

    def make(self, connection: psycopg.Connection, work: Work) -> Forecasts:
        """As `make_forecasts` of the work."""
        if self._window is None or self._window.training_date != work.training_date:
            self._made = None
            same = [each for each in self._works if each.training_date == work.training_date]
            self._window = Work(work.training_date, tuple(day for each in same for day in each.dates))
            if len(same) > 1:
                try:
                    self._made = make_forecasts(connection, self._request, self._prices, self._window)
                except JobError:
                    pass  # of some dates only, perhaps
        if self._made is None:
            return make_forecasts(connection, self._request, self._prices, work)
        low = self._window.dates.index(work.dates[0])
        return self._made.part(low, low + len(work.dates))


def make_forecasts(connection: psycopg.Connection, request: Request, prices: Prices, work: Work) -> Forecasts:
    """Forecasts of the work's dates. JobError for a missing or damaged model, Leakage as its name says."""
    began = time.perf_counter()
    model = load_model(connection, request.window(work.training_date), request.object_folder)
    module = models.load(request.model)
    starts = np.array(work.dates, "datetime64[D]")
    count, horizon = len(starts), request.horizon
    cutoffs = np.empty(count, "datetime64[D]")
    points = np.empty((count, horizon))
    pools: list[np.ndarray] = [points[0]] * count
    unusual = np.empty(count, bool)
    for group in prices.cutoffs(starts):
        # From the rows themselves, not from what was asked for.
        read_until = group.series.dates[group.positions]
        days = prices.projected_days(group.starts, read_until, horizon)
        made = module.forecast(model.state, group.series, group.positions, horizon, days)
        cutoffs[group.indices] = read_until
        points[group.indices] = made.points
        unusual[group.indices] = models.unusual_origins(group.series, group.positions, made.pools)
        for index, pool in zip(group.indices, made.pools, strict=True):
            pools[index] = pool
    targets = np.array(
        [prices.target_days(cutoff, start, horizon) for cutoff, start in zip(cutoffs, starts, strict=True)]
    )
    refuse_leakage(work.training_date, model.training_cutoff_date, starts, cutoffs, targets)
    return Forecasts(
        request=request,
        model=model,
        starts=starts,
        cutoffs=cutoffs,
        targets=targets,
        points=points,
        pools=pools,
        spreads=np.array([pool.std() for pool in pools]),
        largest=np.array([np.abs(pool).max() for pool in pools]),
        unusual=unusual,
        actuals=np.array([prices.actuals(cutoff, horizon) for cutoff in cutoffs]),
        fingerprints=_fingerprints(connection, prices, starts, model.sha256),
        seconds=time.perf_counter() - began,
    )


def _fingerprints(
    connection: psycopg.Connection, prices: Prices, starts: np.ndarray, sha256: str
) -> list[str]:
    """By the database's own function, so that a job and a verification can never word it differently."""
    version = json.loads(text_of("result_versions.json"))["forecast_infer"]
    digests = [prices.digest(prices.as_of_day(start)) for start in starts]
    rows, sums = ([digest[part] for digest in digests] for part in range(2))
    found = connection.execute(
        """
        select forecast_fingerprint(%s::integer, %s::text, rows, digest)
          from unnest(%s::bigint[], %s::numeric[]) with ordinality as d (rows, digest, place) order by place
        """,
        [version, sha256, rows, sums],
    ).fetchall()
    return [fingerprint for (fingerprint,) in found]
