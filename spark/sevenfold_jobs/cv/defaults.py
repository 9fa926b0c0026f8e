"""What a request leaves to the data: how its rows are split, and when its curves are looked at."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from sevenfold_jobs.cv.columns import numbers_of
from sevenfold_jobs.cv.reading import about
from sevenfold_jobs.cv.request import Request
from sevenfold_jobs.cv.roles import roles_of

# Months at which a curve of customers is usually read; 36 for the predictions of those followed that long.
_MONTHS = ("survival_months", (3.0, 6.0, 12.0, 18.0, 24.0, 36.0))
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def filled_in(request: Request, table: pa.Table) -> Request:
    """The request with the roles by their columns, a splitter and horizons; `given` says the same.

    Splitter `auto` is `timeSeries` where rows have a date, else `stratified`. Horizons that nobody gave are
    those of months where the time is in months, else five round numbers spread over the times.
    """
    roles = roles_of(table, request)
    splitter = request.splitter
    if splitter == "auto":
        splitter = "stratified" if roles["date"] is None else "timeSeries"
    horizons = request.horizons
    if not horizons and roles["time"] is not None:
        horizons = _horizons(table, roles["time"])
    names = {role: name for role, name in roles.items() if name is not None and role != "fold"}
    given = request.given | names | {"splitter": splitter, "horizons": horizons}
    return replace(request, given=given, splitter=splitter, horizons=horizons)


def _horizons(table: pa.Table, name: str) -> list[float]:
    if name == _MONTHS[0]:
        return list(_MONTHS[1])
    time = numbers_of(table[name], about(table).decimals)
    time = time[np.isfinite(time) & (time > 0)]
    if len(time) == 0:
        return []
    return sorted({_rounded(each) for each in np.quantile(time, _QUANTILES)})


def _rounded(value: float) -> float:
    """To two digits that count: 1,734 is 1,700."""
    return float(f"{value:.2g}")
