"""What could go wrong in a model's files and predictions: other bytes, other chunks, odd sums."""

import numpy as np
import pytest
from made_columns import labels, made

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.training import explain, models
from sevenfold_jobs.training.columns import Columns
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.features import Feature
from sevenfold_jobs.training.model_files import Member, StoredModel, model_id, read_model, write_model
from sevenfold_jobs.training.trials import suggest

TASKS = [("classification", 2), ("classification", 4), ("regression", 0)]
THERE = [name for name in models.SIMPLEST_FIRST if "clustering" not in models.CATALOGUE[name]["tasks"]]


def member_of(name: str, columns: Columns, score: np.ndarray, task: str, classes: int) -> Member:
    model = models.load(name)
    training = np.arange(300)
    encoder = Encoder.fit(columns, training, model.encoding)
    y = labels(score, classes) if classes else score
    params = suggest(name, task, 1, 0, 1, [], {})
    X = encoder.transform(columns, training)
    fitted = model.fit(X, y[:300], task, classes, params, 7, encoder.categorical)
    parts = fitted.parts()
    again = model.read(parts)
    assert again.parts() == parts == fitted.parts()
    assert again.predict(X).tobytes() == fitted.predict(X).tobytes()
    return Member(name, params, 1.0, encoder, fitted)


def stored_of(columns: Columns, task: str, classes: int, *members: Member) -> StoredModel:
    features = [Feature(name, name, "number") for name in columns.numbers]
    features += [Feature(name, name, "category") for name in columns.categories]
    texts = [str(number) for number in range(classes)]
    return StoredModel(task, features, texts, None, list(members), {"seed": 7})


@pytest.mark.parametrize(("task", "classes"), TASKS)
@pytest.mark.parametrize("name", THERE)
def test_files_give_the_same_predictions_for_any_chunks(name: str, task: str, classes: int) -> None:
    if task not in models.CATALOGUE[name]["tasks"]:
        return
    columns, score = made(400, many=150)
    if name == "glm":
        score = np.exp(score / 2)  # counts and amounts are not below 0
    stored = stored_of(columns, task, classes, member_of(name, columns, score, task, classes))
    content = write_model(stored)
    again = read_model(content)
    assert write_model(again) == content
    whole = stored.predict(columns)
    assert whole.shape == ((400, classes) if classes else (400,))
    assert whole.dtype == np.float64
    assert np.isfinite(whole).all()
    if classes:
        np.testing.assert_allclose(whole.sum(axis=1), 1.0, rtol=0, atol=1e-12)
        assert (whole >= 0).all()
    pieces = [again.predict(columns.take(np.arange(at, min(at + 61, 400)))) for at in range(0, 400, 61)]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()
    single = np.concatenate([again.predict(columns.take(np.array([row]))) for row in range(20)])
    assert single.tobytes() == whole[:20].tobytes()


@pytest.mark.parametrize("name", [name for name in THERE if name not in ("glm", "baseline")])
def test_the_same_request_gives_the_same_model_which_knows_more_than_the_baseline(name: str) -> None:
    columns, score = made(400)
    y = labels(score)
    first, second = (member_of(name, columns, score, "classification", 2) for _ in range(2))
    assert first.fitted.parts() == second.fitted.parts()
    predicted = first.fitted.predict(first.encoder.transform(columns))[300:]
    right = float((predicted.argmax(axis=1) == y[300:]).mean())
    assert right > 0.6


@pytest.mark.parametrize(("task", "classes"), TASKS)
@pytest.mark.parametrize("name", ["linear", "random_forest", "lightgbm", "xgboost"])
def test_contributions_add_up_to_the_raw_score(name: str, task: str, classes: int) -> None:
    columns, score = made(400)
    member = member_of(name, columns, score, task, classes)
    X = member.encoder.transform(columns)
    total = explain.member_contributions(member, X).sum(axis=2)
    predicted = member.fitted.predict(X)
    if task == "regression":
        raw, scores = total[:, 0], predicted
    elif name == "random_forest":
        raw, scores = total, member.fitted.shares(X)
    elif classes == 2:
        raw, scores = total[:, 0], np.log(predicted[:, 1] / predicted[:, 0])
    else:
        raw = total - total.mean(axis=1, keepdims=True)
        scores = np.log(predicted) - np.log(predicted).mean(axis=1, keepdims=True)
    # XGBoost's margins are float32.
    np.testing.assert_allclose(raw, scores, rtol=0, atol=1e-4 if name == "xgboost" else 1e-9)


def test_a_blend_predicts_the_weighted_mean_and_its_id_covers_every_byte() -> None:
    columns, score = made(400)
    one = member_of("linear", columns, score, "classification", 2)
    two = member_of("lightgbm", columns, score, "classification", 2)
    weighted = [
        Member(each.model, each.params, weight, each.encoder, each.fitted)
        for each, weight in ((one, 0.25), (two, 0.75))
    ]
    content = write_model(stored_of(columns, "classification", 2, *weighted))
    parts = [each.fitted.predict(each.encoder.transform(columns)) for each in (one, two)]
    expected = 0.25 * parts[0] + 0.75 * parts[1]
    np.testing.assert_allclose(read_model(content).predict(columns), expected, rtol=0, atol=1e-15)
    assert sorted(content) == ["1-arrays.npz", "2-model.txt", "model.json"]
    assert model_id({**content, "2-model.txt": content["2-model.txt"] + b" "}) != model_id(content)
    later = content["model.json"].replace(b'"format": 1', b'"format": 99')
    with pytest.raises(JobError, match="format 99"):
        read_model({**content, "model.json": later})
