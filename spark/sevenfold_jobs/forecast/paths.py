"""Paths around a point forecast: the same bytes for a date, whoever draws them, in whatever order."""

import hashlib
from datetime import date

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput

DRAWS = ("bootstrap", "gaussian")

MOST_DAYS = 14


def draw_paths(
    points: np.ndarray,
    pool: np.ndarray,
    paths: int,
    seed: int,
    commodity: str,
    model_key: str,
    start: date | np.datetime64,
    draw: str = "bootstrap",
) -> np.ndarray:
    """path_{p,k} = f_k + e_{p,1} + … + e_{p,k}; shape (paths, horizon), float32, each day contiguous.

    `points` is f_1..f_horizon (horizon up to 14), `pool` the one-day errors with mean 0. An error is drawn
    from the pool with equal chances, or (`gaussian`) from N(0, var of the pool): var(day k) = k × var(pool).

    The generator's key is a hash of seed, commodity, model and date, and errors are drawn path by path in
    rows of 14: no other date, no number of paths and no horizon moves a path.
    """
    horizon = len(points)
    generator = _generator(seed, commodity, model_key, start)
    if draw == "bootstrap":
        errors = pool[_indices(generator, paths, len(pool), horizon)]
    elif draw == "gaussian":
        normal = np.random.Generator(generator).standard_normal((paths, MOST_DAYS))
        errors = np.ascontiguousarray(normal[:, :horizon].T) * pool.std()
    else:
        raise InvalidInput(f"Draw {draw!r} is unknown: it is {' or '.join(DRAWS)}.")
    for day in range(1, horizon):
        errors[day] += errors[day - 1]
    errors += points[:, None]
    return errors.astype(np.float32).T


def _generator(seed: int, commodity: str, model_key: str, start: date | np.datetime64) -> np.random.Philox:
    named = f"{seed}/{commodity}/{model_key}/{start}".encode()
    return np.random.Philox(key=np.frombuffer(hashlib.sha256(named).digest()[:16], "<u8"))


def _indices(generator: np.random.Philox, paths: int, size: int, horizon: int) -> np.ndarray:
    """Shape (horizon, paths). Two 32-bit halves of each raw number, scaled to 0..size-1: NumPy promises the
    raw numbers for ever, but not what its own `integers` makes of them. The bias is below size / 2**32."""
    raw = generator.random_raw(paths * MOST_DAYS // 2).view(np.uint32).reshape(paths, MOST_DAYS)
    halves = np.ascontiguousarray(raw[:, :horizon].T).astype(np.uint64)
    halves *= np.uint64(size)
    halves >>= np.uint64(32)
    return halves.astype(np.intp)
