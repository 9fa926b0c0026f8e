"""The panels are those of the forecast's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "pool_forecast"))
