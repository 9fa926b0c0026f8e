"""What a booster of a finished block hangs on: the rows it learnt from, and how it was made of them."""

import hashlib
import json
import platform
from typing import Any

import numpy as np
import pandas as pd

from sevenfold_jobs.common.resources import text_of
from sevenfold_jobs.pool_forecast import boosters, days, rules
from sevenfold_jobs.pool_forecast.market import market_days
from sevenfold_jobs.pool_forecast.reading import Known
from sevenfold_jobs.pool_forecast.rules import FILL_LIMIT_DAYS, LOOKBACK_DAYS


class Fingerprints:
    """Fingerprints of the boosters that the known rows allow. The same rows give the same fingerprints."""

    def __init__(self, known: Known, library: str) -> None:
        self._history = _hash_of_rows(known.history)
        self._day = known.history["day"].to_numpy()
        market = market_days(known.prices, known.first, known.last)
        self._market, self._market_day = _hash_of_rows(market), market["day"].to_numpy()
        constants = {name: value for name, value in vars(rules).items() if name.isupper()}
        self._how = [
            json.loads(text_of("result_versions.json"))["pool_forecast"],
            library,
            platform.machine(),
            constants,
        ]
        self._found: dict[tuple[str, int], str] = {}

    def of(self, kind: str, settings: dict[str, Any], cutoff: int) -> str:
        """SHA-256 over every value that can reach a row learnt from, in the order of pool and day."""
        if (kind, cutoff) not in self._found:
            first, last = days.training_days(cutoff)
            how = json.dumps([*self._how, kind, settings, boosters.ALWAYS, first, cutoff], sort_keys=True)
            digest = hashlib.sha256(how.encode())
            # A feature looks back this far, and a filled value a little further.
            earliest = first - LOOKBACK_DAYS - FILL_LIMIT_DAYS
            digest.update(_between(self._history, self._day, earliest, cutoff))
            digest.update(_between(self._market, self._market_day, first, last))
            self._found[kind, cutoff] = digest.hexdigest()
        return self._found[kind, cutoff]


def _hash_of_rows(rows: pd.DataFrame) -> np.ndarray:
    return pd.util.hash_pandas_object(rows, index=False).to_numpy()


def _between(hashes: np.ndarray, day: np.ndarray, first: int, last: int) -> bytes:
    return hashes[(first <= day) & (day <= last)].tobytes()
