"""Two programmes for one allocation: what this one finds, the TypeScript one is held against."""

import json
from pathlib import Path
from typing import Any

import pytest
from reference import best_objective

CASES = json.loads((Path(__file__).parent / "problems.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_committed_optimum_is_found_again(case: dict[str, Any]) -> None:
    found = best_objective(case["problem"])
    if case["objectiveUsd"] is None:
        assert found is None
    else:
        assert found == pytest.approx(case["objectiveUsd"], rel=1e-6, abs=1e-6)


def by_hand() -> dict[str, Any]:
    """A thousand dollars, one pool at 36.5 %, a cap of half: 500 dollars earn 3.50 in seven days."""
    return {
        "limits": {
            "horizonDays": 7,
            "conversionRate": 0.0004,
            "minPools": 0,
            "minPoolsPenaltyPct": 0.001,
            "minPositionUsd": 100,
            "minPositionPct": 0.01,
            "maxPositionPct": 0.5,
            "maxPoolTvlPct": 0.05,
            "poolTvlLimit": 100000,
            "groupMaxPct": [1, 1, 1],
        },
        "gasUsd": {"withdrawal": 1, "conversion": 2, "deposit": 1},
        "tokens": [{"symbol": "USDC", "price": "1", "idle": "1000"}],
        "pools": [
            {
                "poolId": "a",
                "accepts": ["USDC"],
                "held": [],
                "apy": 36.5,
                "tvl": 1e9,
                "group": 1,
                "mayGrow": True,
            }
        ],
    }


def test_one_pool_reckoned_by_hand() -> None:
    assert best_objective(by_hand()) == pytest.approx(3.5 - 1, abs=1e-6)


def test_a_conversion_costs_its_fee_and_its_gas() -> None:
    problem = by_hand()
    problem["tokens"] = [
        {"symbol": "USDC", "price": "1", "idle": "0"},
        {"symbol": "DAI", "price": "0.5", "idle": "2000"},
    ]
    # 500 in the pool need 500 / 0.9996 dollars of DAI
    fee = 500 / 0.9996 * 0.0004
    assert best_objective(problem) == pytest.approx(3.5 - 1 - 2 - fee, abs=1e-6)
