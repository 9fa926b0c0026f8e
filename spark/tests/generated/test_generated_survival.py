"""The generated panel of customers: its columns, its gaps, and hazards that a Cox model cannot have."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.generated.survival import survival

NUMERIC = [
    "debit_exp_smooth",
    "credit_exp_smooth",
    "balance_exp_smooth",
    "past_due_balance_exp_smooth",
    "oldest_past_due_exp_smooth",
    "waobd_exp_smooth",
    "kwh_exp_smooth",
    "total_settlements",
    "active_settlements",
    "defaulted_settlements",
]
LEADING = ["account_entities_key", "survival_months", "is_terminated"]
TEXT = ["typeoftariff_coarse", "risk_level_coarse"]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return survival(20_000, 42).to_pandas()


def test_columns_are_those_of_the_job(panel: pd.DataFrame) -> None:
    assert list(panel.columns) == [*LEADING, *NUMERIC, *TEXT]
    assert panel["account_entities_key"].is_unique
    assert set(panel["is_terminated"]) == {0, 1}
    assert (panel[NUMERIC].min() >= 0).all()


def test_the_same_seed_makes_the_same_customers() -> None:
    assert survival(500, 3).equals(survival(500, 3), check_metadata=True)
    assert not survival(500, 3).equals(survival(500, 4))


def test_the_file_says_that_it_is_synthetic() -> None:
    origin = json.loads(survival(100, 9).schema.metadata[b"sevenfold"])
    assert origin == {
        "generator": "survival",
        "seed": 9,
        "parity": False,
        "synthetic": True,
        "components": {},
    }


def test_about_a_third_leave_and_a_few_have_no_time(panel: pd.DataFrame) -> None:
    assert panel["is_terminated"].mean() == pytest.approx(0.33, abs=0.02)
    assert 0 < (panel["survival_months"] == 0).mean() < 0.005
    assert panel["survival_months"].between(0, 60).all()
    days = panel["survival_months"] * 30.4375
    np.testing.assert_allclose(days, days.round(), atol=0.02)


def test_gaps_are_in_three_columns_and_not_at_random(panel: pd.DataFrame) -> None:
    gaps = panel.isna()
    assert set(gaps.columns[gaps.any()]) == {"waobd_exp_smooth", "kwh_exp_smooth", "risk_level_coarse"}
    household = panel["typeoftariff_coarse"] == "household"
    assert gaps.loc[~household, "kwh_exp_smooth"].mean() > 1.5 * gaps.loc[household, "kwh_exp_smooth"].mean()
    assert 0.05 < gaps.any(axis=1).mean() < 0.15


def test_columns_tell_who_leaves_but_not_nearly_all(panel: pd.DataFrame) -> None:
    complete = panel.dropna()
    X = np.log1p(complete[NUMERIC])
    fitted = LogisticRegression(max_iter=2000).fit((X - X.mean()) / X.std(), complete["is_terminated"])
    found = roc_auc_score(complete["is_terminated"], fitted.decision_function((X - X.mean()) / X.std()))
    assert 0.6 < found < 0.85
    for name in NUMERIC:
        one = roc_auc_score(complete["is_terminated"], complete[name])
        assert max(one, 1 - one) < 0.8


def hazard(panel: pd.DataFrame, tariff: str, first: float, last: float) -> float:
    """Events a month at risk between two times."""
    of_one = panel[panel["typeoftariff_coarse"] == tariff]
    months = of_one["survival_months"]
    ends = months.between(first, last, inclusive="right")
    return of_one.loc[ends, "is_terminated"].sum() / (months.clip(first, last) - first).sum()


def test_hazards_rise_for_households_against_companies() -> None:
    panel = survival(60_000, 42).to_pandas()
    early, late = (
        hazard(panel, "household", *span) / hazard(panel, "company", *span) for span in ((0, 3), (24, 48))
    )
    assert late > 1.3 * early


def test_too_little_is_refused() -> None:
    with pytest.raises(InvalidInput, match="99 rows are too few: give at least 100"):
        survival(99)
