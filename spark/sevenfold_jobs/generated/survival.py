"""Customers of an energy supplier who may leave: a panel of survival analysis.

A hidden strain moves what a customer owes, how late it is and how soon they go. Tariffs differ in the
shape of their hazard, so hazards are not proportional; usage acts by its square and lateness acts more on
companies, so trees find what a linear score does not; gaps are not at random.
"""

import numpy as np
import pyarrow as pa

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.generated.labelled import label

FEWEST_ROWS = 100

_TARIFFS = ("household", "company", "public")
_TARIFF_SHARE = (0.74, 0.20, 0.06)
_TARIFF_LOG_KWH = (5.5, 6.7, 7.4)
_TARIFF_SHAPE = (1.25, 0.85, 1.5)
_COMPANY = 1
_LOG_KWH_DEVIATION = 0.55
_PRICE_A_KWH = 0.24

_RISKS = ("low", "medium", "high")
_RISK_LIMITS = (0.3, 1.2)
_RISK_EFFECT = (0.0, 0.3, 0.6)

_SCALE_MONTHS = 95.0
_STUDY_MONTHS = 60.0
_LOST_A_MONTH = 0.005
_DAYS_A_MONTH = 30.4375

_GAP_KWH, _GAP_KWH_OTHERS = 0.04, 0.09
_GAP_WAOBD = 0.03
_GAP_RISK = 0.012


def survival(rows: int = 300_000, seed: int = 42) -> pa.Table:
    """`account_entities_key`, `survival_months` (whole days / 30.4375, some 0), `is_terminated`, ten numeric
    columns and two of text. Money in euros, usage in kWh a month, ages of debt in days.

    Raises InvalidInput for fewer than 100 rows.
    """
    if rows < FEWEST_ROWS:
        raise InvalidInput(f"{rows} rows are too few: give at least {FEWEST_ROWS}")
    random = np.random.Generator(np.random.PCG64(seed))
    strain = random.standard_normal(rows)
    tariff = random.choice(len(_TARIFFS), rows, p=_TARIFF_SHARE)
    usage = random.standard_normal(rows)
    kwh = np.exp(np.take(_TARIFF_LOG_KWH, tariff) + _LOG_KWH_DEVIATION * usage)

    debit = _PRICE_A_KWH * kwh * random.lognormal(0.0, 0.12, rows)
    paid = np.clip(1.0 - 0.08 * np.maximum(strain, 0.0) + 0.05 * random.standard_normal(rows), 0.1, 1.1)
    credit = debit * paid
    late = random.random(rows) < _logistic(1.1 * strain - 0.5)
    past_due = np.where(late, debit * random.gamma(1.5, 0.8, rows) * np.exp(0.5 * strain), 0.0)
    balance = np.maximum(debit - credit, 0.0) + past_due
    oldest = np.where(late, random.weibull(1.3, rows) * 45.0 * np.exp(0.35 * strain), 0.0)
    weighted = oldest * random.beta(2.5, 2.0, rows)

    settlements = random.poisson(np.exp(0.65 * strain - 1.5))
    defaulted = random.binomial(settlements, _logistic(0.7 * strain - 0.9))
    active = random.binomial(settlements - defaulted, 0.55)
    risk = np.digitize(0.85 * strain + 0.65 * random.standard_normal(rows), _RISK_LIMITS)

    score = (
        0.3 * strain
        + 0.07 * np.log1p(past_due)
        + 0.10 * oldest / 30.0
        + 0.28 * defaulted
        - 0.30 * active
        + 0.12 * np.minimum(usage**2, 8.0)
        + np.take(_RISK_EFFECT, risk)
        + 0.45 * (late & (tariff == _COMPANY))
    )
    # Weibull: cumulated hazard (t / scale)^shape exp(score) reaches an exponential draw.
    reached = random.exponential(1.0, rows) * np.exp(-score)
    leaves = _SCALE_MONTHS * reached ** (1.0 / np.take(_TARIFF_SHAPE, tariff))
    seen = np.minimum(random.uniform(0.0, _STUDY_MONTHS, rows), random.exponential(1.0 / _LOST_A_MONTH, rows))
    months = np.round(np.floor(np.minimum(leaves, seen) * _DAYS_A_MONTH) / _DAYS_A_MONTH, 3)

    no_kwh = random.random(rows) < np.where(tariff == 0, _GAP_KWH, _GAP_KWH_OTHERS)
    no_weighted = random.random(rows) < _GAP_WAOBD
    no_risk = random.random(rows) < _GAP_RISK
    table = pa.table(
        {
            "account_entities_key": pa.array(np.arange(1, rows + 1)),
            "survival_months": pa.array(months),
            "is_terminated": pa.array((leaves <= seen).astype(np.int8)),
            "debit_exp_smooth": _cents(debit),
            "credit_exp_smooth": _cents(credit),
            "balance_exp_smooth": _cents(balance),
            "past_due_balance_exp_smooth": _cents(past_due),
            "oldest_past_due_exp_smooth": _cents(oldest),
            "waobd_exp_smooth": _cents(weighted, no_weighted),
            "kwh_exp_smooth": _cents(kwh, no_kwh),
            "total_settlements": pa.array(settlements.astype(np.int16)),
            "active_settlements": pa.array(active.astype(np.int16)),
            "defaulted_settlements": pa.array(defaulted.astype(np.int16)),
            "typeoftariff_coarse": pa.array(np.take(_TARIFFS, tariff)),
            "risk_level_coarse": pa.array(np.take(_RISKS, risk), mask=no_risk),
        }
    )
    return label(table, "survival", seed, {})


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def _cents(values: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    return pa.array(np.round(values, 2), mask=missing)
