"""Whether models kept as arrays predict what scikit-learn does, gaps and lacking classes among the rows."""

import warnings

import numpy as np
import pytest
from made_columns import labels

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training.models import glm, linear, mlp, naive_bayes, tree

X = np.random.default_rng(0).normal(size=(600, 5))
SCORE = X @ np.array([1.0, -2.0, 0.5, 0, 0])


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_is_scikit_learns(classes: int) -> None:
    from sklearn.linear_model import LogisticRegression

    y = labels(SCORE, classes)
    ours = linear.fit(X, y, "classification", classes, {"penalty": 2 / len(X)}, 0, [])
    theirs = LogisticRegression(C=0.5, tol=1e-9, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict_proba(X), atol=1e-3)


def test_ridge_is_scikit_learns() -> None:
    from sklearn.linear_model import Ridge

    ours = linear.fit(X, SCORE, "regression", 0, {"penalty": 30 / len(X)}, 0, [])
    np.testing.assert_allclose(ours.predict(X), Ridge(alpha=30.0).fit(X, SCORE).predict(X), atol=1e-9)


def test_a_tree_is_scikit_learns_with_its_gaps() -> None:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    gappy = X.copy()
    gappy[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
    own = {"max_depth": 5, "min_samples_leaf": 10}
    ours = tree.fit(gappy, SCORE, "regression", 0, own, 3, [])
    theirs = DecisionTreeRegressor(random_state=3, **own).fit(gappy, SCORE)
    new = gappy[::-1] + 0.01
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    # A class that no row has gets what one row more gives it.
    y = labels(SCORE) * 2
    shares = tree.fit(gappy, y, "classification", 3, own, 3, []).predict(new)
    other = DecisionTreeClassifier(random_state=3, **own).fit(gappy, y).predict_proba(new)
    assert shares.shape == (600, 3)
    assert (shares > 0).all()
    np.testing.assert_array_equal(shares[:, 2] > shares[:, 0], other[:, 1] > other[:, 0])


def test_naive_bayes_is_scikit_learns() -> None:
    from sklearn.naive_bayes import BernoulliNB, GaussianNB

    y = labels(SCORE, 3)
    theirs = GaussianNB(var_smoothing=1e-3).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(
        naive_bayes.fit(X, y, "classification", 3, {}, 0, []).predict(X), theirs, atol=1e-9
    )
    levels = (X > 0.8).astype(float)
    theirs = BernoulliNB(alpha=1.0).fit(levels, y).predict_proba(levels)
    # Scaled, as indicators of gaps are.
    ours = naive_bayes.fit(levels * 3 - 1, y, "classification", 3, {}, 0, []).predict(levels * 3 - 1)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_network_is_scikit_learns(classes: int) -> None:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    task = "classification" if classes else "regression"
    y = labels(SCORE, classes) if classes else (SCORE - SCORE.mean()) / SCORE.std()
    ours = mlp.fit(X, y, task, classes, {"width": 8, "layers": 2}, 5, []).predict(X)
    kind = MLPClassifier if classes else MLPRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = kind(hidden_layer_sizes=(8, 8), alpha=1e-3, early_stopping=True, random_state=5).fit(X, y)
    expected = theirs.predict_proba(X) if classes else theirs.predict(X)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_a_glm_takes_the_family_of_the_target_and_refuses_what_it_cannot_have() -> None:
    from sklearn.linear_model import GammaRegressor, PoissonRegressor

    counts = np.random.default_rng(2).poisson(np.exp(SCORE / 4)).astype(float)
    ours = glm.fit(X, counts, "regression", 0, {"alpha": 0.01}, 0, [])
    assert ours.notes == ["family poisson"]
    theirs = PoissonRegressor(alpha=0.01, tol=1e-9, max_iter=1_000).fit(X, counts)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-3)
    amounts = np.exp(SCORE / 4)
    ours = glm.fit(X, amounts, "regression", 0, {"alpha": 0.01}, 0, [])
    theirs = GammaRegressor(alpha=0.01, tol=1e-9, max_iter=1_000).fit(X, amounts)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-3)
    assert glm.fit(X, amounts - amounts.min(), "regression", 0, {}, 0, []).notes == ["family tweedie"]
    with pytest.raises(InvalidInput, match="needs numbers above 0, and the target has 0"):
        glm.fit(X, counts, "regression", 0, {"family": "gamma"}, 0, [])
    with pytest.raises(InvalidInput, match="did you mean 'gamma'"):
        glm.fit(X, counts, "regression", 0, {"family": "gama"}, 0, [])
