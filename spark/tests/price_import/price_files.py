"""Small, valid files of prices, for tests to spoil."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shared_data import SHARED, needs

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.price_import import files

COMMODITY = SHARED / "commodity"
needs_shared = needs("commodity")

# a Thursday, a Friday, a Monday, a Wednesday
PRICES = """date,commodity,close
2025-01-02,OIL,70.5
2025-01-03,OIL,71
2025-01-06,OIL,72.25
2025-01-08,OIL,69
2025-01-02,GAS,3.5
2025-01-03,GAS,3.25
2025-01-07,GAS,3
"""
COVARIATES = """date,fear_open,fear_high,fear_low,fear_close,rain
2025-01-02,15,16,14,15.5,
2025-01-03,15,17,14,16.5,0.25
2025-01-04,,,,,1
2025-01-06,16,19,15,18.5,
"""
OIL = {
    "commodity": "OIL",
    "name": "Oil",
    "unit": "USD per barrel",
    "peer": "GAS",
    "covariates": [
        {"name": "fear", "use": "level", "from": "fear_close"},
        {"name": "peer_close", "use": "spread"},
    ],
}


def write_folder(folder: Path, prices: str | None = PRICES, covariates: str | None = COVARIATES) -> Path:
    """The two CSV files; `None` leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("prices_daily.csv", prices), ("covariates_daily.csv", covariates)):
        if content is not None:
            (folder / name).write_text(content)
    return folder


def write_parquet(path: Path, **columns: list) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def refusal(path: Path) -> str:
    """The one line that says what is wrong with these files."""
    with pytest.raises(InvalidInput) as refused:
        files.read(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)
