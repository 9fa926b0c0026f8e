"""Columns that tests make: numbers with gaps, levels few and many, and a target that depends on them."""

import numpy as np

from sevenfold_jobs.cv.columns import Categorical
from sevenfold_jobs.training.columns import Columns

HOSTILE = 'a,"b[c]:{'


def made(rows: int, seed: int = 0, many: int = 0) -> tuple[Columns, np.ndarray]:
    """Columns and the log odds they give: x (5 % gaps), a hostile name, colour (3 levels, gaps), `many`
    levels of noise."""
    rng = np.random.default_rng(seed)
    x, other = rng.normal(size=rows), rng.normal(size=rows)
    colour = rng.integers(-1, 3, rows).astype(np.int32)
    score = 1.5 * x - other * (colour == 1) + 0.5 * colour
    gappy = x.copy()
    gappy[rng.random(rows) < 0.05] = np.nan
    categories = {"colour": Categorical(colour, ["blue", "green", "red"])}
    if many:
        levels = [f"n{number:05d}" for number in range(many)]
        categories["many"] = Categorical(rng.integers(0, many, rows).astype(np.int32), levels)
    return Columns(rows, {"x": gappy, HOSTILE: other, "same": np.ones(rows)}, categories), score


def labels(score: np.ndarray, classes: int = 2, seed: int = 1) -> np.ndarray:
    """Class numbers drawn by the score."""
    noise = np.random.default_rng(seed).logistic(size=len(score))
    edges = np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])
    return np.searchsorted(edges, score + noise).astype(np.int64)
