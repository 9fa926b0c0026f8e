"""The models of a day: which there are, what they learnt from, and what they predict."""

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name of the field

from sevenfold_jobs.pool_forecast import boosters, days, fan
from sevenfold_jobs.pool_forecast.features import STACKED_FEATURES, TVL_FEATURES
from sevenfold_jobs.pool_forecast.fingerprints import Fingerprints
from sevenfold_jobs.pool_forecast.frames import (
    Days,
    Kept,
    arrays,
    learnt_from,
    stack,
    stacked_rows,
    tvl_rows,
    with_tvl_forecast,
)
from sevenfold_jobs.pool_forecast.reading import Known
from sevenfold_jobs.pool_forecast.rules import (
    FEWEST_DAYS_OF_A_MODEL,
    FEWEST_TRAINING_ROWS,
    HORIZONS,
    LARGEST_ERROR,
    LARGEST_TVL_ERROR,
    QUANTILES,
)
from sevenfold_jobs.pool_forecast.sampling import Learnable, limits_by_day, number_of_row
from sevenfold_jobs.pool_forecast.shrink import Shrink, choose_shrink, shares_of_others
from sevenfold_jobs.pool_forecast.stored import StoredBoosters

_KINDS = {
    "tvl": boosters.TVL,
    "apy": boosters.APY,
    "q10": {**boosters.FAN, "alpha": QUANTILES[0]},
    "q90": {**boosters.FAN, "alpha": QUANTILES[1]},
}


@dataclass(frozen=True)
class Learnt:
    """What is on record about a model: `models` in one hash, its rows, its days, its past errors."""

    target: str
    model: str
    model_hash: str | None
    shrink: Shrink
    rows: int
    features: int
    first_asof: int
    last_asof: int
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """What the models predict at the end of day `asof`: a row and a fan for each pool with an APY then.

    `pools`: pool_id, asof_apy, asof_tvl, mean_apy_7d, scale, tvl_scale, forecasted_apy, forecasted_tvl,
    tvl_q10, tvl_q90. `low` and `high`: shape pools × horizons.
    """

    asof: int
    pools: pd.DataFrame
    low: np.ndarray
    high: np.ndarray
    apy: Learnt
    tvl: Learnt


class Models:
    """All models of the days from `first_asof` on, over features that are built once.

    The model of a finished block is the same for all these days: it is taken from `stored` where it is there
    by its fingerprint, else fitted once and noted there. Whether one day is asked for or sixty, with stored
    models or without, a day's forecast is the same.
    """

    def __init__(
        self, spark: SparkSession, known: Known, first_asof: int, stored: StoredBoosters | None = None
    ) -> None:
        self._stored = stored or StoredBoosters()
        self._fingerprints = Fingerprints(known, boosters.library())
        self._learnable = Learnable(known.history)
        first = days.first_day_needed(first_asof)
        limits = limits_by_day(self._learnable, first, first_asof, known.last)
        self.days = Days.of(spark, known, first, limits)
        self._facts = self.days.facts
        self._first_learnt = days.first_day_learnt_from(first_asof)
        self._last = known.last
        self._fitted: dict[tuple[str, int], boosters.Booster | None] = {}
        self._stacked: Kept | None = None
        count = len(self._facts)
        self._tvl_forecast = np.full(count, np.nan)  # log-ratio, out of fold
        self._apy_forecast = np.full(count, np.nan)  # percent points, out of fold
        self._blocks_predicted: set[int] = set()
        self._fan_predicted: dict[int, dict[str, np.ndarray]] = {}

    def close(self) -> None:
        """Gives Spark's memory back."""
        self.days.close()
        if self._stacked is not None:
            self._stacked.close()

    def predict(self, asof: int, horizons: tuple[int, ...] = HORIZONS) -> Prediction:
        """Fits the models that day `asof` needs and that are not fitted yet, and predicts with them."""
        self._stack_once()
        folds = days.folds_of_shrink(asof)
        calibration = days.fold_of_calibration(asof)
        self._fit(
            [(kind, asof) for kind in _KINDS],
            finished=[
                *(("apy", fold.cutoff) for fold in folds),
                *((kind, calibration.cutoff) for kind in ("q10", "q90")),
            ],
        )
        self._predict_held_out(folds, calibration)
        predicted = self._prediction(asof, folds[0].first, calibration, horizons)
        for kind in _KINDS:
            self._fitted.pop((kind, asof), None)
        return predicted

    # -- fits -----------------------------------------------------------------------------------------------

    def _stack_once(self) -> None:
        if self._stacked is not None:
            return
        folds = days.folds_of_tvl(self._first_learnt, self._last)
        self._fit([], finished=[("tvl", fold.cutoff) for fold in folds])
        self._stacked = stack(
            self.days,
            self._first_learnt,
            [(fold.first, fold.last, self._fitted["tvl", fold.cutoff]) for fold in folds],
        )
        found = arrays(self._stacked.rows.where("horizon = 1"), "row", "tvl_forecast_change")
        rows = found["row"]
        self._tvl_forecast[rows] = found["tvl_forecast_change"] * self._facts["tvl_scale"].to_numpy()[rows]

    def _fit(self, of_day: list[tuple[str, int]], finished: list[tuple[str, int]]) -> None:
        """Models of the day, and of blocks that are finished, which may be stored."""
        ways = {
            **{key: partial(self._fit_one, *key) for key in of_day},
            **{key: partial(self._take_or_fit, *key) for key in finished},
        }
        missing = [key for key in ways if key not in self._fitted]
        fitted = boosters.at_once([ways[key] for key in missing])
        self._fitted.update(zip(missing, fitted, strict=True))

    def _take_or_fit(self, kind: str, cutoff: int) -> boosters.Booster | None:
        fingerprint = self._fingerprint(kind, cutoff)
        model = self._stored.take(kind, cutoff, fingerprint)
        if model is None:
            model = self._fit_one(kind, cutoff)
            if model is not None:
                self._stored.keep(kind, cutoff, fingerprint, model)
        return model

    def _fingerprint(self, kind: str, cutoff: int) -> str:
        """A model of the APY learns from the TVL forecasts of its days, so it hangs on their models too."""
        own = [self._fingerprints.of(kind, _KINDS[kind], cutoff)]
        if kind != "tvl":
            tvl = days.folds_of_tvl(*days.training_days(cutoff))
            own += [self._fingerprints.of("tvl", _KINDS["tvl"], fold.cutoff) for fold in tvl]
        return hashlib.sha256("".join(own).encode()).hexdigest()

    def _fit_one(self, kind: str, cutoff: int) -> boosters.Booster | None:
        """None where there is too little to learn from."""
        span = self._learnable.span(kind, cutoff)
        if not span.enough:
            return None
        within = F.col("day").between(span.first, span.last)
        if span.sampled:
            within &= number_of_row() <= span.limit
        if kind == "tvl":
            rows = tvl_rows(self.days.kept.rows.where(within)).withColumn(
                "old_enough", F.col("history_days") >= FEWEST_DAYS_OF_A_MODEL
            )
            return boosters.fit(learnt_from(rows), _KINDS[kind])
        known = within & (F.col("day") + F.col("horizon") <= cutoff)
        of_kind = F.col("horizon") == 1 if kind == "apy" else F.lit(True)
        return boosters.fit(self._stacked.rows.where(known & of_kind), _KINDS[kind])

    # -- what they predict for past days -------------------------------------------------------------------

    def _predict_held_out(self, folds: list[days.Fold], calibration: days.Fold) -> None:
        for fold in folds:
            model = self._fitted["apy", fold.cutoff]
            if model is None or fold.first in self._blocks_predicted:
                continue
            self._blocks_predicted.add(fold.first)
            rows = self._stacked.rows.where(
                F.col("day").between(fold.first, fold.last) & (F.col("horizon") == 1) & F.col("tried")
            )
            predicted = arrays(boosters.predict(rows, {"predicted": model}), "row", "predicted")
            self._apy_forecast[predicted["row"]] = (
                predicted["predicted"] * self._facts["scale"].to_numpy()[predicted["row"]]
            )
        models = {kind: self._fitted[kind, calibration.cutoff] for kind in ("q10", "q90")}
        if None in models.values() or calibration.cutoff in self._fan_predicted:
            return
        rows = self._stacked.rows.where(
            F.col("day").between(calibration.first, calibration.last) & F.col("tried")
        )
        self._fan_predicted[calibration.cutoff] = arrays(
            boosters.predict(rows, models), "row", "horizon", "q10", "q90"
        )

    def _widenings(
        self, asof: int, calibration: days.Fold, shares: dict[int, float]
    ) -> dict[int, tuple[float, float]]:
        """`shares` are, by block, the share that the other blocks chose (docs/decisions/039)."""
        predicted = self._fan_predicted.get(calibration.cutoff)
        if predicted is None:
            return dict.fromkeys(HORIZONS, (1.0, 1.0))
        facts = self._facts
        day = facts["day"].to_numpy()[predicted["row"]]
        known = day + predicted["horizon"] <= asof
        row, horizon = predicted["row"][known], predicted["horizon"][known]
        apy, scale = facts["apy"].to_numpy()[row], facts["scale"].to_numpy()[row]
        after = facts[[f"apy_after_{number}d" for number in HORIZONS]].to_numpy()[row, horizon - 1]
        share = pd.Series(day[known] // days.BLOCK_DAYS).map(shares).fillna(0.0).to_numpy()
        middle = np.maximum(apy + share * np.nan_to_num(self._apy_forecast[row]), 0.0)
        return fan.widenings(
            after,
            middle,
            apy + predicted["q10"][known] * scale,
            apy + predicted["q90"][known] * scale,
            horizon,
        )

    # -- what they predict for the day asked for -----------------------------------------------------------

    def _prediction(
        self, asof: int, first_held_out: int, calibration: days.Fold, horizons: tuple[int, ...]
    ) -> Prediction:
        facts = self._facts
        now = facts[facts["day"] == asof]
        predicted = self._changes(asof, now, horizons)
        held_out = (facts["day"].between(first_held_out, asof - 1) & facts["tried"]).to_numpy()
        apy_change = (facts["apy_after_1d"] - facts["apy"]).to_numpy()[held_out]
        of_day = facts["day"].to_numpy()[held_out]
        of_apy = (
            apy_change,
            self._apy_forecast[held_out],
            of_day,
            LARGEST_ERROR,
            facts["apy"].to_numpy()[held_out],
        )
        shrink = choose_shrink(*of_apy)
        tvl_change = facts["tvl_log_change"].to_numpy()[held_out]
        tvl_predicted = self._tvl_forecast[held_out]
        tvl_shrink = choose_shrink(tvl_change, tvl_predicted, of_day, LARGEST_TVL_ERROR, None)

        apy, scale = now["apy"].to_numpy(), now["scale"].to_numpy()
        has_model = self._fitted["apy", asof] is not None
        share = shrink.share if has_model else 0.0
        forecast = np.maximum(apy + share * np.nan_to_num(predicted["apy"]) * scale, 0.0)
        if self._fitted["q10", asof] is None:
            low, high = fan.growing(forecast, fan.width_without_model(scale))
            stretches = {}
        else:
            stretches = self._widenings(asof, calibration, shares_of_others(*of_apy))
            low, high = fan.spread(
                forecast[:, None],
                apy[:, None] + predicted["q10"] * scale[:, None],
                apy[:, None] + predicted["q90"] * scale[:, None],
                tuple(np.array([stretches[number][side] for number in HORIZONS]) for side in (0, 1)),
            )
        tvl_share = tvl_shrink.share if self._fitted["tvl", asof] is not None else 0.0
        residual = (tvl_change - tvl_share * np.nan_to_num(tvl_predicted)) / facts["tvl_scale"].to_numpy()[
            held_out
        ]
        pools = now[["pool_id", "mean_apy_7d", "scale", "tvl_scale"]].assign(
            asof_apy=apy, asof_tvl=now["tvl"], forecasted_apy=forecast
        )
        pools = _with_tvl(pools, tvl_share * np.nan_to_num(predicted["tvl"]), residual)
        return Prediction(
            asof=asof,
            pools=pools.reset_index(drop=True),
            low=low,
            high=high,
            apy=self._learnt("apy", asof, shrink, share, ("apy", "q10", "q90"), {"widenings": stretches}),
            tvl=self._learnt("tvl", asof, tvl_shrink, tvl_share, ("tvl",), {}),
        )

    def _changes(self, asof: int, now: pd.DataFrame, horizons: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Scaled changes in the order of `now`: apy and tvl of horizon 1, q10 and q90 by horizon."""
        models = {kind: self._fitted[kind, asof] for kind in ("apy", "q10", "q90")}
        shape = (len(now), len(HORIZONS))
        predicted = {"q10": np.full(shape, np.nan), "q90": np.full(shape, np.nan)}
        predicted |= {"apy": np.full(len(now), np.nan), "tvl": np.full(len(now), np.nan)}
        of_tvl = self._fitted["tvl", asof]
        if len(now) == 0 or all(model is None for model in (of_tvl, *models.values())):
            return predicted
        today = with_tvl_forecast(self.days.between(asof, asof), of_tvl)
        rows = stacked_rows(today, all_horizons=True).where(F.col("horizon").isin(*horizons))
        fitted = {kind: model for kind, model in models.items() if model is not None}
        found = arrays(boosters.predict(rows, fitted), "row", "horizon", "tvl_forecast_change", *fitted)
        place = found["row"] - int(now["row"].iloc[0])
        of_tomorrow = found["horizon"] == 1
        if "apy" in fitted:
            predicted["apy"][place[of_tomorrow]] = found["apy"][of_tomorrow]
        predicted["tvl"][place[of_tomorrow]] = found["tvl_forecast_change"][of_tomorrow].astype(float)
        for kind in fitted.keys() & {"q10", "q90"}:
            predicted[kind][place, found["horizon"] - 1] = found[kind]
        return predicted

    def _learnt(
        self,
        target: str,
        asof: int,
        shrink: Shrink,
        share: float,
        kinds: tuple[str, ...],
        detail: dict[str, Any],
    ) -> Learnt:
        models = [self._fitted[kind, asof] for kind in kinds]
        span = self._learnable.span(target, asof)
        fitted = None not in models
        return Learnt(
            target=target,
            model="lightgbm" if fitted else "persistence",
            model_hash=boosters.model_hash(models) if fitted else None,
            shrink=Shrink(share, shrink.mae_model, shrink.mae_persistence, shrink.rows, shrink.days),
            rows=span.rows,
            features=len(STACKED_FEATURES if target == "apy" else TVL_FEATURES) if fitted else 0,
            first_asof=span.first,
            last_asof=span.last,
            detail={
                "days": span.days,
                "pools": span.pools,
                "knownRows": span.known_rows,
                "heldOutDays": shrink.days,
                "heldOutRows": shrink.rows,
                **detail,
            },
        )


def _with_tvl(pools: pd.DataFrame, scaled_change: np.ndarray, residual: np.ndarray) -> pd.DataFrame:
    """Adds the TVL's forecast and its quantiles, from past errors in units of each pool's own moves."""
    scale = pools["tvl_scale"].to_numpy()
    change = np.clip(scaled_change * scale, -LARGEST_TVL_ERROR, LARGEST_TVL_ERROR)
    forecast = pools["asof_tvl"].to_numpy() * np.exp(change)
    residual = residual[np.isfinite(residual)]
    if len(residual) >= FEWEST_TRAINING_ROWS:
        low, high = np.quantile(residual, QUANTILES)
    else:
        low, high = -fan.WIDTH_WITHOUT_MODEL, fan.WIDTH_WITHOUT_MODEL
    return pools.assign(
        forecasted_tvl=forecast,
        tvl_q10=forecast * np.exp(np.maximum(min(low, 0.0) * scale, -5.0)),
        tvl_q90=forecast * np.exp(np.minimum(max(high, 0.0) * scale, 5.0)),
    )
