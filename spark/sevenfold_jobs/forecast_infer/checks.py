"""The blocking checks of a task, on its own rows as they are stored, before it may commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.forecast_infer.forecasts import Forecasts
from sevenfold_jobs.forecast_infer.request import Request

STANDARD_ERRORS = 6.0


class CheckFailed(JobError):  # noqa: N818 - the names are those of the closed list
    """Rows that are wrong are not committed."""

    type = "CheckFailed"


@dataclass(frozen=True)
class DateFound:
    """What is stored of a date: `count` paths, their `first` and `last` number, the oldest and newest of
    their `cutoffs`, how many have every day of the horizon (`complete`) and none `beyond` it, and the sum of
    each day's values in double precision (h,)."""

    count: int
    first: int
    last: int
    cutoffs: tuple[date, date]
    complete: int
    beyond: int
    sums: np.ndarray


def check_paths(forecasts: Forecasts, found: Mapping[date, DateFound]) -> None:
    """Raises CheckFailed, with the first date and what is wrong with it."""
    for index, start in enumerate(forecasts.starts.tolist()):
        if start not in found:
            raise CheckFailed(f"{start} has 0 of {forecasts.request.paths} paths: nothing was written.")
        seen = found[start]
        _check_date(forecasts, index, seen.count, (seen.first, seen.last), seen.complete, seen.beyond)
        oldest, newest = seen.cutoffs
        cutoff = forecasts.cutoffs[index].item()
        if not oldest == newest == cutoff < start:
            raise CheckFailed(f"{start} is stored with cutoffs {oldest} to {newest}: it is {cutoff}.")
        _check_means(forecasts, index, seen.sums / seen.count)


def _check_date(
    forecasts: Forecasts, index: int, count: int, ids: tuple[int, int], complete: int, beyond: int
) -> None:
    start, paths = forecasts.starts[index], forecasts.request.paths
    # No path is there twice: as many rows as paths from 1 to paths are each path once.
    if count != paths or ids != (1, paths):
        raise CheckFailed(f"{start} has {count} paths numbered {ids[0]} to {ids[1]}: {paths} from 1 are due.")
    if complete != paths:
        raise CheckFailed(f"{start} has {paths - complete} paths with a null day.")
    if beyond != paths:
        raise CheckFailed(f"{start} has {paths - beyond} paths beyond day {forecasts.request.horizon}.")


def _check_means(forecasts: Forecasts, index: int, means: np.ndarray) -> None:
    """The mean of n paths at day k lies within 6 standard errors of the point: sqrt(k / n) of the pool's own.

    Few paths are not normal: by Bernstein's inequality the same chance, 2 exp(-18), is kept by adding
    12/n of the pool's largest error. Single precision may move each value by 2**-24 of itself.
    """
    start, paths = forecasts.starts[index], forecasts.request.paths
    points = forecasts.points[index]
    finite = np.isfinite(means)
    if not finite.all():
        raise CheckFailed(f"{start} has a path that is not finite on day {np.argmin(finite) + 1}.")
    days = np.arange(1, len(points) + 1)
    allowed = (
        STANDARD_ERRORS * forecasts.spreads[index] * np.sqrt(days / paths)
        + 12 * forecasts.largest[index] / paths
        + 2.0**-22 * (np.abs(points) + days * forecasts.largest[index])
    )
    far = np.abs(means - points) > allowed
    if far.any():
        day = int(np.argmax(far))
        raise CheckFailed(
            f"{start}: on day {day + 1} the mean of the paths is {means[day]:.4f}, "
            f"{abs(means[day] - points[day]) / allowed[day]:.1f} times as far as allowed "
            f"from the point {points[day]:.4f}."
        )


def check_small_tables(connection: psycopg.Connection, request: Request, dates: Sequence[date]) -> None:
    """Raises CheckFailed where points, quantiles or metadata of the dates are not all there and sound."""
    counted = connection.execute(
        """
        select (select count(*) from point_forecasts
                 where commodity = %(commodity)s and model_version = %(version)s
                   and forecast_start_date = any(%(dates)s) and data_cutoff_date < forecast_date
                   and day_ahead between 1 and %(horizon)s and not has_data_leakage
                   and abs(forecast_mean + forecast_std + lower_95 + upper_95) < 'Infinity'),
               (select count(*) from forecast_quantiles
                 where commodity = %(commodity)s and model_version = %(version)s
                   and forecast_start_date = any(%(dates)s) and day_ahead between 1 and %(horizon)s
                   and q025 <= q10 and q10 <= q25 and q25 <= q50 and q50 <= q75 and q75 <= q90
                   and q90 <= q975 and q975 < 'Infinity'),
               (select count(*) from forecast_metadata
                 where commodity = %(commodity)s and model_version = %(version)s
                   and forecast_start_date = any(%(dates)s) and data_cutoff_date < forecast_start_date
                   and paths = %(paths)s and horizon = %(horizon)s)
        """,
        {
            "commodity": request.commodity,
            "version": request.model_version,
            "dates": list(dates),
            "horizon": request.horizon,
            "paths": request.paths,
        },
    ).fetchone()
    rows = len(dates) * request.horizon
    for table, count, due in zip(
        ("points", "quantiles", "metadata"), counted, (rows, rows, len(dates)), strict=True
    ):
        if count != due:
            raise CheckFailed(
                f"{count} of {due} rows of {table} are sound, from {min(dates)} to {max(dates)}."
            )
