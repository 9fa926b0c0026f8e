"""Data that tests read where it is and the repository does not hold: SEVENFOLD_SHARED, else ../shared."""

import os
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = _CHECKOUT / os.environ.get("SEVENFOLD_SHARED", "../shared") / "data"


def needs(part: str) -> pytest.MarkDecorator:
    """Skips a test where a file or folder of it is absent."""
    place = SHARED / part
    return pytest.mark.skipif(not place.exists(), reason=_words(place))


def shared(part: str) -> Path:
    """A file or folder of it; the test is skipped where it is absent."""
    place = SHARED / part
    if not place.exists():
        pytest.skip(_words(place))
    return place


def _words(place: Path) -> str:
    return f"{place} is absent (SEVENFOLD_SHARED names the folder)"
