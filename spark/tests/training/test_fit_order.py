"""What could make a batch ask for other parameters: the order of fits, what ended before, the metric."""

from sevenfold_jobs.training.trials import suggest
from sevenfold_jobs.training_fit.order import Order
from sevenfold_jobs.training_fit.request import Fit, Request

PARALLEL, FOLDS, TRIALS = 2, 2, 14


def request_of(metric: str, fits: list[Fit]) -> Request:
    return Request(
        run_id="r",
        attempt=1,
        data_version="d",
        object_root="o",
        task="classification",
        metric=metric,
        folds=FOLDS,
        parallel=PARALLEL,
        params={},
        max_features=None,
        seed=42,
        processes=2,
        memory_mb=1.0,
        fits=fits,
    )


def fits(first: int = 0) -> list[Fit]:
    return [
        Fit(f"{trial}/{fold}", "lightgbm", trial, fold)
        for trial in range(first, TRIALS)
        for fold in range(1, FOLDS + 1)
    ]


def value_of(params: dict, fold: int) -> float:
    return params["learning_rate"] + params["num_leaves"] / 100 + fold / 1_000


def run(metric: str, given: list[Fit], ended: list, newest_first: bool) -> list:
    """The rows of all fits; two are under way, and the newer or the older one ends first."""
    order = Order(request_of(metric, given), ended)
    rows, under_way = list(ended), []
    while True:
        while len(under_way) < 2 and (fit := order.next()) is not None:
            under_way.append((fit, order.params_of(fit)))
        if not under_way:
            return sorted(rows, key=lambda row: row[:3])
        fit, params = under_way.pop(-1 if newest_first else 0)
        value = None if fit.trial == 5 else value_of(params, fit.fold)
        order.end(fit, value)
        rows.append((fit.model, fit.trial, fit.fold, params, value))


def test_any_finishing_order_and_a_kill_in_any_trial_give_the_same_parameters() -> None:
    whole = run("log_loss", fits(), [], newest_first=False)
    assert len(whole) == TRIALS * FOLDS
    assert run("log_loss", fits(), [], newest_first=True) == whole
    for killed in (3, 7, 12):
        before = [row for row in whole if row[1] < killed]
        assert run("log_loss", fits(killed), before, newest_first=True) == whole


def test_parameters_are_sought_where_the_metric_is_good() -> None:
    losses, areas = (run(metric, fits(), [], newest_first=False) for metric in ("log_loss", "auc"))
    # While they are drawn at random both are the same.
    assert [row[3] for row in losses if row[1] < 10] == [row[3] for row in areas if row[1] < 10]
    assert [row[3] for row in losses if row[1] >= 12] != [row[3] for row in areas if row[1] >= 12]
    params = suggest("lightgbm", "classification", 42, 1, PARALLEL, [], {})
    assert losses[FOLDS][3] == params
