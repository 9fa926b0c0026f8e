"""Commodities of their own for tests of job forecast_infer."""

from collections.abc import Callable
from typing import Any

import pytest
from forecast_batches import Forecasting

from sevenfold_jobs.common.batch import Batch


@pytest.fixture
def forecasting(
    database_url: str, make_batch: Callable[..., Batch], spark: Any
) -> Callable[..., Forecasting]:
    """`forecasting(model=…, closes=…)`: a commodity of its own."""
    return lambda **given: Forecasting(database_url, make_batch, **given)
