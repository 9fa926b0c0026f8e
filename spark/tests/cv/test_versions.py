"""What is written down beside figures: the versions of the libraries that made them."""

import pytest

from sevenfold_jobs.cv.versions import versions_of
from sevenfold_jobs.survival.models import NAMES


@pytest.mark.parametrize("model", [*NAMES, "lightgbm"])
def test_every_library_of_a_model_has_a_version(model: str) -> None:
    found = versions_of(model, others=("pyarrow",))
    assert "unknown" not in found.values(), found


@pytest.mark.parametrize(
    ("model", "library"),
    [
        ("xgboost", "xgboost"),
        ("random_forest", "lightgbm"),
        ("lightgbm", "lightgbm"),
        ("rsf", "scikit-survival"),
    ],
)
def test_the_library_that_fits_a_model_is_among_them(model: str, library: str) -> None:
    assert library in versions_of(model)


def test_a_library_that_is_not_there_says_so() -> None:
    assert versions_of(others=("no-such-library",))["no-such-library"] == "unknown"
