"""A cross-validation of its own for every test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cross_validations import CrossValidation

from sevenfold_jobs.common.batch import Batch


@pytest.fixture
def cv(database_url: str, make_batch: Callable[..., Batch], tmp_path: Path) -> CrossValidation:
    return CrossValidation(database_url, make_batch, tmp_path)
