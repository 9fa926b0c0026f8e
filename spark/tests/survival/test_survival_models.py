"""The models against scikit-survival and lifelines, and what all of them must do."""

import json
import warnings
from pathlib import Path

import lifelines
import numpy as np
import pandas as pd
import pytest
from sksurv.ensemble import GradientBoostingSurvivalAnalysis, RandomSurvivalForest
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.survival import models
from sevenfold_jobs.survival.cox import RiskSets
from sevenfold_jobs.survival.metrics import harrell_c
from sevenfold_jobs.survival.models import coxnet, weibull_aft

CONFIG = json.loads((Path(__file__).resolve().parents[3] / "config/cv/survival.json").read_text())
GRID = np.linspace(1.5, 40, 23)


class Data:
    def __init__(self, rows: int = 240) -> None:
        rng = np.random.default_rng(1)
        self.X = np.column_stack((rng.normal(size=(rows, 4)), rng.integers(0, 2, (rows, 2))))
        self.strata = rng.integers(0, 3, rows)
        self.time = np.ceil(rng.exponential(20, rows) * np.exp(-0.7 * self.X[:, 0]))
        self.event = rng.random(rows) < 0.6
        self.y = Surv.from_arrays(self.event, self.time)

    def fit(self, name: str, params: dict, seed: int = 42) -> models.Fitted:
        return models.load(name).fit(
            self.X, self.time, self.event, params, seed, self.strata, np.array([4, 5])
        )


@pytest.fixture(scope="module")
def data() -> Data:
    return Data()


def _small(name: str, run_type: str = "sample") -> dict:
    """The configured parameters with a tenth of the trees."""
    params = dict(CONFIG[run_type][name])
    return params | {key: params[key] // 10 for key in ("trees", "rounds") if key in params}


def _theirs(curves: list) -> np.ndarray:
    return np.array([curve(np.clip(GRID, *curve.domain)) for curve in curves])


@pytest.mark.parametrize("name", models.NAMES)
class TestEveryModel:
    def test_stored_parts_give_equal_risks_and_curves(self, data: Data, name: str) -> None:
        fitted = data.fit(name, _small(name))
        parts = fitted.parts()
        again = models.load(name).from_parts(parts)
        assert again.parts() == parts
        assert again.notes == fitted.notes
        assert (again.risk(data.X, data.strata) == fitted.risk(data.X, data.strata)).all()
        assert (again.survival(data.X, GRID, data.strata) == fitted.survival(data.X, GRID, data.strata)).all()

    def test_the_same_input_gives_the_same_bytes(self, data: Data, name: str) -> None:
        params = _small(name, "production")
        assert data.fit(name, params).parts() == data.fit(name, params).parts()

    def test_curves_fall_from_1_to_0_and_risks_rank_early_events_first(self, data: Data, name: str) -> None:
        fitted = data.fit(name, _small(name))
        survival = fitted.survival(data.X, np.concatenate(([0.0], GRID, [1e6])), data.strata)
        assert survival.shape == (len(data.X), len(GRID) + 2)
        assert (survival[:, 0] == 1.0).all()
        assert (np.diff(survival, axis=1) <= 1e-12).all()
        assert survival.min() >= 0.0
        assert harrell_c(data.time, data.event, fitted.risk(data.X, data.strata)) > 0.6

    def test_a_fit_without_an_event_is_refused(self, data: Data, name: str) -> None:
        with pytest.raises(ValueError, match="at least one event"):
            models.load(name).fit(data.X, data.time, np.zeros(len(data.X), dtype=bool), _small(name), 1)

    def test_unknown_and_missing_parameters_are_named(self, data: Data, name: str) -> None:
        params = _small(name)
        first = next(iter(params))
        with pytest.raises(InvalidInput, match=f'"{first}x" of {name} is unknown: did you mean {first}'):
            data.fit(name, params | {f"{first}x": 1})
        with pytest.raises(InvalidInput, match=f"{name} lacks {first}"):
            data.fit(name, {key: value for key, value in params.items() if key != first})


def test_every_run_type_configures_every_model_completely() -> None:
    assert set(CONFIG) == {"sample", "production", "experiment"}
    for run_type in CONFIG.values():
        assert tuple(sorted(run_type)) == tuple(sorted(models.NAMES))
        for name, params in run_type.items():
            models.check_params(name, params)
    differing = {name for name in models.NAMES if CONFIG["experiment"][name] != CONFIG["sample"][name]}
    assert differing == {"gbsa"}


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInput, match="did you mean gbsa"):
        models.load("gbs")


@pytest.mark.parametrize("run_type", ["sample", "production"])
def test_gbsa_has_the_trees_of_scikit_survival(data: Data, run_type: str) -> None:
    p = CONFIG[run_type]["gbsa"]
    theirs = GradientBoostingSurvivalAnalysis(
        n_estimators=p["trees"],
        learning_rate=p["rate"],
        max_depth=p["depth"],
        subsample=p["subsample"],
        min_samples_split=p["min_split"],
        random_state=42,
    ).fit(data.X, data.y)
    ours = data.fit("gbsa", p)
    assert ours.risk(data.X) == pytest.approx(theirs.predict(data.X), abs=1e-12)
    curves = _theirs(theirs.predict_survival_function(data.X))
    assert ours.survival(data.X, GRID) == pytest.approx(curves, abs=1e-12)


@pytest.mark.parametrize("run_type", ["sample", "production"])
def test_rsf_without_bins_has_the_trees_of_scikit_survival(data: Data, run_type: str) -> None:
    p = _small("rsf", run_type) | {"feature_bins": None, "time_bins": None}
    theirs = RandomSurvivalForest(
        n_estimators=p["trees"],
        max_depth=p["depth"],
        min_samples_split=p["min_split"],
        min_samples_leaf=p["min_leaf"],
        max_features=p["features"],
        random_state=42,
    ).fit(data.X, data.y)
    ours = data.fit("rsf", p)
    assert ours.risk(data.X) == pytest.approx(theirs.predict(data.X), abs=1e-10)
    curves = _theirs(theirs.predict_survival_function(data.X))
    assert ours.survival(data.X, GRID) == pytest.approx(curves, abs=1e-12)


def test_rsf_with_as_many_bins_as_values_has_the_same_trees(data: Data) -> None:
    exact = _small("rsf") | {"feature_bins": None, "time_bins": None}
    wide = exact | {"feature_bins": 10_000, "time_bins": 10_000}
    assert (data.fit("rsf", exact).risk(data.X) == data.fit("rsf", wide).risk(data.X)).all()


def test_rsf_in_bins_ranks_nearly_as_the_exact_one(data: Data) -> None:
    exact = _small("rsf") | {"feature_bins": None, "time_bins": None}
    coarse = data.fit("rsf", exact | {"feature_bins": 32, "time_bins": 16})
    assert "splits are chosen between 16 groups of event times" in coarse.notes
    assert np.corrcoef(coarse.risk(data.X), data.fit("rsf", exact).risk(data.X))[0, 1] > 0.95


def test_rsf_takes_all_features_where_there_are_fewer_than_asked_for(data: Data) -> None:
    narrow = models.load("rsf").fit(
        data.X[:, :2], data.time, data.event, _small("rsf", "production") | {"min_leaf": 5}, 42
    )
    assert narrow.risk(data.X[:, :2]).std() > 0


def test_coxnet_is_scikit_survivals_with_its_smallest_penalty(data: Data) -> None:
    path = CoxnetSurvivalAnalysis(l1_ratio=0.5, n_alphas=100, alpha_min_ratio=0.01).fit(data.X, data.y)
    assert len(path.alphas_) < 100, "the path ends before its last penalty"
    theirs = CoxnetSurvivalAnalysis(
        l1_ratio=0.5, alphas=[0.01 * path.alphas_[0]], max_iter=10_000, fit_baseline_model=True
    ).fit(data.X, data.y)
    ours = data.fit("coxnet", CONFIG["sample"]["coxnet"])
    assert ours.notes == ["the smallest of 100 penalties is used"]
    # Theirs is centred: equal but for a constant.
    assert np.ptp(ours.risk(data.X) - theirs.predict(data.X)) < 1e-9
    curves = _theirs(theirs.predict_survival_function(data.X))
    assert ours.survival(data.X, GRID) == pytest.approx(curves, abs=1e-9)


def test_the_largest_penalty_of_coxnet_is_the_first_of_scikit_survivals_path(data: Data) -> None:
    theirs = CoxnetSurvivalAnalysis(l1_ratio=0.3, n_alphas=10).fit(data.X, data.y)
    ours = models.load("coxnet").largest_penalty(data.X, data.time, data.event, 0.3)
    assert ours == pytest.approx(theirs.alphas_[0], rel=1e-9)


def test_coxnet_reaches_its_smallest_penalty_on_heavily_tied_times(data: Data) -> None:
    X = np.column_stack((data.X, np.random.default_rng(3).normal(size=(len(data.X), 20))))
    time = np.ceil(data.time / 12)
    params = CONFIG["sample"]["coxnet"]
    fitted = models.load("coxnet").fit(X, time, data.event, params, 1)
    least = params["smallest_penalty"] * models.load("coxnet").largest_penalty(X, time, data.event, 0.5)
    # Where the penalised likelihood is least, the slope of a coefficient is that of its penalty.
    slope = RiskSets(time, data.event).negative_gradient(X @ fitted.coef) @ X / len(X)
    kept = fitted.coef != 0
    due = least * (0.5 * np.sign(fitted.coef) + 0.5 * fitted.coef)
    assert kept.sum() > 15
    assert slope[kept] == pytest.approx(due[kept], abs=1e-4)


def test_coxnet_without_any_slope_says_so(data: Data) -> None:
    flat = np.zeros_like(data.X)
    fitted = models.load("coxnet").fit(flat, data.time, data.event, CONFIG["sample"]["coxnet"], 1)
    assert not fitted.coef.any()
    assert fitted.notes == ["all coefficients are zero: no column tells rows with an event apart"]


def test_coxnet_refuses_another_penalty(data: Data) -> None:
    with pytest.raises(InvalidInput, match='is "last"'):
        data.fit("coxnet", CONFIG["sample"]["coxnet"] | {"penalty": "best"})


def test_weibull_reaches_the_maximum_that_lifelines_approaches(data: Data) -> None:
    frame = pd.DataFrame(data.X).add_prefix("x").assign(time=data.time, event=data.event)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lifelines.WeibullAFTFitter().fit(frame, "time", "event")
    ours = data.fit("weibull_aft", CONFIG["sample"]["weibull_aft"])
    scale = theirs.params_["lambda_"].to_numpy()
    assert ours.coef == pytest.approx(scale[:-1], abs=1e-4)
    assert ours.intercept == pytest.approx(scale[-1], abs=1e-4)
    assert np.log(ours.shape) == pytest.approx(theirs.params_["rho_"].item(), abs=1e-4)
    curves = theirs.predict_survival_function(frame, times=GRID).to_numpy().T
    assert ours.survival(data.X, GRID) == pytest.approx(curves, abs=1e-4)


def test_weibull_does_not_depend_on_the_unit_of_time(data: Data) -> None:
    params = CONFIG["sample"]["weibull_aft"]
    days = models.load("weibull_aft").fit(data.X, data.time * 30.4375, data.event, params, 1)
    months = data.fit("weibull_aft", params)
    assert days.survival(data.X, GRID * 30.4375) == pytest.approx(months.survival(data.X, GRID), abs=1e-8)


@pytest.mark.parametrize("unit", [1e15, 1e-15])
def test_weibull_curves_exist_in_any_unit_of_time(data: Data, unit: float) -> None:
    params = CONFIG["sample"]["weibull_aft"]
    tiny = models.load("weibull_aft").fit(data.X, data.time * unit, data.event, params, 1)
    steep = weibull_aft.Weibull(tiny.coef, tiny.intercept, 40.0)
    for fitted in (tiny, steep):
        curves = fitted.survival(data.X, np.concatenate(([0.0], GRID * unit)))
        assert np.isfinite(curves).all()
        assert (curves[:, 0] == 1.0).all()
    months = data.fit("weibull_aft", params)
    assert tiny.survival(data.X, GRID * unit) == pytest.approx(months.survival(data.X, GRID), abs=1e-8)


def test_a_weibull_fit_that_has_not_converged_offers_a_penalty(data: Data) -> None:
    fitted = data.fit("weibull_aft", CONFIG["sample"]["weibull_aft"] | {"max_iter": 1})
    assert fitted.notes == [
        "not converged after 1 iterations: a small penalty holds it, --params weibull_aft.penalty=0.01"
    ]


@pytest.mark.parametrize("rows", [3, 38, 39])
def test_lgb_cox_says_how_many_rows_two_leaves_need(data: Data, rows: int) -> None:
    event = np.ones(rows, dtype=bool)
    with pytest.raises(InvalidInput, match=f"needs 40 training rows for two leaves .* and has {rows}: give"):
        models.load("lgb_cox").fit(data.X[:rows], data.time[:rows], event, _small("lgb_cox"), 1)
    less = _small("lgb_cox") | {"min_leaf": max(1, rows // 4)}
    assert models.load("lgb_cox").fit(data.X[:rows], data.time[:rows], event, less, 1) is not None


def test_a_weibull_penalty_shrinks(data: Data) -> None:
    params = CONFIG["sample"]["weibull_aft"]
    free, held = data.fit("weibull_aft", params), data.fit("weibull_aft", params | {"penalty": 1.0})
    assert np.abs(held.coef * held.shape).sum() < np.abs(free.coef * free.shape).sum()


def test_stratified_cox_leaves_out_the_strata_columns_and_serves_strangers(data: Data) -> None:
    fitted = data.fit("cox_stratified", CONFIG["sample"]["cox_stratified"])
    assert fitted.columns.tolist() == [0, 1, 2, 3]
    changed = data.X.copy()
    changed[:, 4:] = 99.0
    assert (fitted.risk(changed, data.strata) == fitted.risk(data.X, data.strata)).all()
    stranger = fitted.survival(data.X[:5], GRID, np.full(5, 77))
    assert (stranger == fitted.pooled.survival(fitted.score(data.X[:5]), GRID)).all()
    assert not (stranger == fitted.survival(data.X[:5], GRID, np.zeros(5, dtype=int))).all()


def test_stratified_cox_ranks_across_strata_by_their_baselines() -> None:
    rng = np.random.default_rng(2)
    strata = np.repeat([0, 1], 300)
    X = rng.normal(size=(600, 2))
    time = rng.exponential(np.where(strata == 0, 5.0, 50.0))
    fitted = models.load("cox_stratified").fit(
        X, time, np.ones(600, dtype=bool), CONFIG["sample"]["cox_stratified"], 1, strata, None
    )
    assert harrell_c(time, np.ones(600, dtype=bool), fitted.risk(X, strata)) > 0.7
    later = fitted.survival(X, np.array([float(np.percentile(time, 95))]), strata)[:, 0]
    assert (np.argsort(fitted.risk(X, strata)) == np.argsort(-later))[:500].mean() > 0.99


def test_a_stratum_without_events_has_the_pooled_curve(data: Data) -> None:
    event = data.event & (data.strata != 2)
    fitted = models.load("cox_stratified").fit(
        data.X, data.time, event, CONFIG["sample"]["cox_stratified"], 1, data.strata, None
    )
    assert fitted.notes == ["strata without an event, served by the baseline of all rows: 1"]
    assert np.isfinite(fitted.risk(data.X, data.strata)).all()


@pytest.mark.parametrize("name", ["xgb_cox", "lgb_cox", "gbsa", "rsf"])
def test_another_seed_gives_another_model(data: Data, name: str) -> None:
    params = _small(name, "production")
    one, other = data.fit(name, params, 42), data.fit(name, params, 43)
    assert (one.risk(data.X) != other.risk(data.X)).any()


@pytest.mark.parametrize("seed", [18, 19])
def test_coxnet_finds_the_optimum_where_its_steps_from_zero_run_off(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.lognormal(0, 1.5, (120, 6))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    time = np.ceil(rng.exponential(20, 120) * np.exp(-0.7 * X[:, 0]))
    event = rng.random(120) < 0.4
    params = CONFIG["sample"]["coxnet"]
    largest = coxnet.largest_penalty(X, time, event, params["l1_ratio"])
    smallest = params["smallest_penalty"] * largest
    alone = CoxnetSurvivalAnalysis(l1_ratio=params["l1_ratio"], alphas=[smallest])
    with pytest.raises(ArithmeticError):
        alone.fit(X, Surv.from_arrays(event, time))
    fitted = coxnet.fit(X, time, event, params, 42)
    assert fitted.notes == [f"the smallest of {params['n_penalties']} penalties is used"]

    # The optimality conditions of an elastic net.
    slope = RiskSets(time, event).negative_gradient(X @ fitted.coef) @ X / len(time)
    kept = fitted.coef != 0
    pull = smallest * (params["l1_ratio"] * np.sign(fitted.coef) + (1 - params["l1_ratio"]) * fitted.coef)
    assert np.allclose(slope[kept], pull[kept], atol=0.1 * smallest)
    assert (np.abs(slope[~kept]) <= 1.1 * smallest * params["l1_ratio"]).all()
