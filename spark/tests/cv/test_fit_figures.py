"""What a fit must give to count as one, and what is said of it beside its figures."""

import numpy as np
import pytest

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.cv_fit import fitting


@pytest.mark.parametrize(
    ("task", "figures"),
    [
        ("survival", {"cindex_tau": None, "ibs": 0.1}),
        ("survival", {"cindex_tau": 0.7, "ibs": None}),
        ("classification", {"auc": None, "accuracy": 0.9, "f1": 0.9}),
        ("regression", {"rmse": None, "mae": 1.0}),
    ],
)
def test_a_fit_without_the_figure_that_decides_is_no_stored_one(task, figures):
    missing = next(name for name, value in figures.items() if value is None)
    with pytest.raises(JobError, match=f"the test rows give no {missing}: use other folds, or more rows"):
        fitting._refuse_no_figure(figures, task)
    fitting._refuse_no_figure(dict.fromkeys(figures, 0.5), task)


@pytest.mark.parametrize("value", [0.0, 3.5, -1e9])
def test_a_model_that_predicts_a_constant_is_said_to(value):
    assert fitting._remarks(np.full(20, value)) == [
        "predicts the same for every test row: it has learnt nothing from these columns"
    ]
    assert fitting._remarks(np.append(np.full(20, value), value + 1)) == []
