"""Step curves of event times: Kaplan-Meier, the censoring distribution, Nelson-Aalen."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """A right-continuous step function: `start` before `times[0]`, `values[i]` from `times[i]` on.

    `times` (m,) ascending and distinct, `values` (m,). Beyond the last time it keeps its last value.
    """

    times: np.ndarray
    values: np.ndarray
    start: float

    def at(self, t: np.ndarray | float) -> np.ndarray:
        """Values at `t`, steps at `t` included."""
        return self._padded()[np.searchsorted(self.times, t, side="right")]

    def before(self, t: np.ndarray | float) -> np.ndarray:
        """Left limits: values just before `t`."""
        return self._padded()[np.searchsorted(self.times, t, side="left")]

    def _padded(self) -> np.ndarray:
        return np.concatenate(([self.start], self.values))


@dataclass(frozen=True)
class Counts:
    """What happens at each distinct time: `events`, `censored`, and `at_risk` just before it (all (m,))."""

    times: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    at_risk: np.ndarray


def count(time: np.ndarray, event: np.ndarray) -> Counts:
    """Counts by distinct time. ValueError where there are no rows."""
    if len(time) == 0:
        raise ValueError("a curve needs at least one row")
    times, position, rows = np.unique(time, return_inverse=True, return_counts=True)
    events = np.bincount(position, weights=event, minlength=len(times))
    at_risk = len(time) - np.concatenate(([0], np.cumsum(rows)[:-1]))
    return Counts(times, events, rows - events, at_risk.astype(np.float64))


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> Step:
    """Survival by Kaplan and Meier (1958): the product over times of 1 - events / at risk."""
    c = count(time, event)
    return Step(c.times, np.cumprod(1.0 - c.events / c.at_risk), 1.0)


def observed_survival(time: np.ndarray, event: np.ndarray, at: np.ndarray | float) -> np.ndarray:
    """Kaplan-Meier at these times; NaN beyond the last row, unless the last ones had the event.

    Nobody was followed for longer, so nothing was observed there: the curve's last value is no figure of it.
    """
    curve = kaplan_meier(time, event)
    known = curve.at(at)
    return np.where((np.asarray(at) <= curve.times[-1]) | (curve.values[-1] <= 0.0), known, np.nan)


def censoring_curve(time: np.ndarray, event: np.ndarray) -> Step:
    """G: Kaplan-Meier of the censoring times, events leaving before censorings at a tie.

    It reaches 0 where the last row is censored: nothing is known about an event from there on.
    """
    c = count(time, event)
    left = c.at_risk - c.events
    return Step(c.times, np.cumprod(1.0 - c.censored / np.where(left > 0, left, 1.0)), 1.0)


def nelson_aalen(time: np.ndarray, event: np.ndarray) -> Step:
    """Cumulative hazard by Nelson and Aalen: the sum over times of events / at risk."""
    c = count(time, event)
    return Step(c.times, np.cumsum(c.events / c.at_risk), 0.0)
