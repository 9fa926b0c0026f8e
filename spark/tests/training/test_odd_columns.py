"""Columns as files really have them: a later file's values mean what they meant in training, whatever else it
holds; and what a column seems to be is not taken for what it is.
"""

import numpy as np
import pyarrow as pa
import pytest
from trained import Training, houses

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.training import drift
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.features import Feature, read_features
from sevenfold_jobs.training.models import load
from sevenfold_jobs.training.profile import profile
from sevenfold_jobs.training.spaces import DEFAULTS
from sevenfold_jobs.training.splits import how, split_rows
from sevenfold_jobs.training.trials import suggest

ROWS = 200
DRAWS = np.random.default_rng(5)
LABELS = np.where(DRAWS.random(ROWS) < 0.5, "yes", "no")


def found(column, name="c", target=LABELS, **given):
    settings = {
        **{"task": "auto", "target": "y", "features": None, "exclude": [], "id": None, "date": None},
        **{"types": {}, "positive": None, **given},
    }
    other = np.random.default_rng(6).normal(size=len(target))
    return profile(pa.table({name: column, "other": other, "y": target}), "rows", settings)


def later(texts, features):
    return read_features(pa.table({"c": texts, "other": np.zeros(len(texts))}), features, "later")


@pytest.mark.parametrize(
    ("levels", "some"),
    [
        (["TRUE", "FALSE", "maybe"], ["TRUE", "FALSE"]),
        (["True", "False"], ["True", "x"]),
        (["b", "1.50"], ["1.50"]),
    ],
)
@pytest.mark.parametrize("kind", ["native", "linear"])
def test_a_level_is_the_same_in_every_part_of_a_file(levels, some, kind):
    written = [levels[row % len(levels)] for row in range(ROWS)]
    seen = found(written, types={"c": "category"})
    encoder = Encoder.fit(seen.columns, np.arange(ROWS), kind)
    known = [each for each in some if each in levels]
    whole = encoder.transform(later([*written, *some], seen.features))[ROWS:]
    part = later(some, seen.features)
    assert np.array_equal(encoder.transform(part), whole, equal_nan=True)
    trained = encoder.transform(seen.columns)
    for place, level in enumerate(known):
        # The first column is `other`.
        assert np.array_equal(whole[place][1:], trained[written.index(level)][1:])
    assert encoder.unseen(part) == ({} if known == some else {"c": 1})
    shares = drift.psi(drift.reference(seen.columns), later(written, seen.features))
    assert shares["c"] == pytest.approx(0)


def test_marks_of_a_gap_are_gaps_in_a_part_that_has_nothing_else():
    seen = found([str(row % 7) if row % 5 else "?" for row in range(ROWS)])
    assert np.isnan(later(["?", "?"], seen.features).numbers["c"]).all()
    with pytest.raises(InvalidInput, match="holds text such as 'soon', and the model was fitted on numbers"):
        later(["soon", "?"], seen.features)


def test_dates_as_people_write_them_are_dates_when_asked_and_named_when_not():
    days = [f"{1 + row % 28:02d}/{1 + row % 12:02d}/2023" for row in range(ROWS)]
    assert "say --types c=date" in " ".join(found(days).warnings)
    seen = found(days, types={"c": "date"})
    assert [each.part for each in seen.features][:3] == ["days", "month", "weekday"]
    # Neither shows which is the day: it is as training had it.
    values = later(["05/06/2024", ""], [Feature.from_json(each.as_json()) for each in seen.features]).numbers
    assert values["c (month)"][0] == 6
    assert values["c (days)"][0] == np.datetime64("2024-06-05").astype(int)
    assert np.isnan(values["c (days)"][1])
    with pytest.raises(
        InvalidInput, match="'c' of later shall be a date and holds 'soon' in row 2, which is none"
    ):
        later(["05/06/2024", "soon"], seen.features)
    with pytest.raises(InvalidInput, match="no value says whether the day or the month stands first"):
        found([f"{1 + row % 12:02d}/{1 + row % 11:02d}/2023" for row in range(ROWS)], types={"c": "date"})
    numbers = found([20230100 + 1 + row % 28 for row in range(ROWS)], types={"c": "date"})
    assert numbers.features[0].part == "days"


def test_many_levels_of_noise_tell_nothing_and_many_that_tell_are_named():
    draws = np.random.default_rng(7)
    levels = draws.integers(0, 450, 1000)
    noise = found([f"k{each}" for each in levels], target=draws.choice(["a", "b"], 1000))
    assert not [each for each in noise.warnings if each.startswith("Column c")]
    told = found([f"k{each}" for each in levels], target=np.where(levels % 2, "a", "b"))
    assert "Column c nearly tells the target by itself" in " ".join(told.warnings)


def test_copies_of_rows_are_counted():
    column = DRAWS.normal(size=ROWS)
    assert not [each for each in found(column).warnings if "another row again" in each]
    twice = [*range(ROWS), *range(60)]
    table = pa.table({"c": column, "y": LABELS}).take(pa.array(twice))
    settings = {"task": "auto", "target": "y", "features": None, "exclude": [], "id": None, "date": None}
    copied = profile(table, "rows", settings | {"types": {}, "positive": None})
    assert copied.warnings[-1].startswith("60 of 260 rows are another row again")


def test_what_is_asked_for_holds_from_the_first_trial_on():
    def first(model, **asked):
        return suggest(model, "classification", 1, 0, 1, [], asked)

    assert first("lightgbm") == DEFAULTS["lightgbm"]
    assert first("lightgbm", max_depth={"low": 3, "high": 8})["max_depth"] == 3
    # Without the other one LightGBM draws no rows.
    assert first("lightgbm", bagging_fraction=0.5)["bagging_freq"] == 1
    assert first("lightgbm", bagging_fraction=0.5, bagging_freq=7)["bagging_freq"] == 7


def test_a_number_beyond_float32_is_no_reason_to_predict_nothing():
    X = np.random.default_rng(8).normal(size=(60, 2))
    fitted = load("xgboost").fit(X, (X[:, 0] > 0).astype(int), "classification", 2, {"trees": 3}, 1, [])
    huge = fitted.predict(np.array([[1e300, 0.0], [-1e300, 0.0]]))
    assert huge[0, 1] > 0.5 > huge[1, 1]


def test_rows_with_a_date_are_parted_by_it_unless_folds_are_asked_for():
    assert how(100, "auto", None, True) == how(9_000, "auto", None, True) == ("time", 1)
    assert how(9_000, "auto", 4, True) == ("folds", 4)
    assert how(9_000, "folds", None, True) == ("folds", 5)
    assert how(9_000, "auto", None, False) == ("holdout", 1)


def test_a_date_alone_tests_on_the_newest_rows(database_url, make_batch, tmp_path):
    training = Training(database_url, make_batch, tmp_path)
    _, split = training.prepare(houses(), "price", date="sold", exclude=["dear"])
    assert split["validation"] == "time"
    assert np.flatnonzero(np.load(f"{training.root}/data/part.npy")).tolist() == list(range(192, 240))


def test_too_few_dates_name_the_other_ways_to_part_rows():
    with pytest.raises(
        InvalidInput, match=r"3 dates, which are fewer than 5 .*--validation folds or holdout"
    ):
        split_rows(DRAWS.normal(size=30), [], np.arange(30) // 10, "auto", None, 42)


def test_later_files_are_read_as_training_was(database_url, make_batch, tmp_path):
    training = Training(database_url, make_batch, tmp_path)
    table = houses().append_column("key", pa.array([f"k{row}" for row in range(240)]))
    same = table.slice(0, 30).set_column(4, "price", pa.array(np.full(30, 200.0)))
    with pytest.raises(InvalidInput, match="later1 has no column 'key', which is the row's id"):
        training.prepare(table, "price", later=[same.drop_columns(["key"])], exclude=["dear"], id="key")
    # One price for all is no reason not to judge the model by it.
    training.prepare(table, "price", later=[same], exclude=["dear"], id="key")
    assert np.load(f"{training.root}/oot_1/y.npy").tolist() == [200.0] * 30
    flags = table.append_column("state", pa.array([("TRUE", "FALSE", "open")[row % 3] for row in range(240)]))
    training.prepare(flags, "state", later=[flags.filter(np.arange(240) % 3 < 2)], id="key")
    assert np.load(f"{training.root}/oot_1/y.npy").tolist() == [1, 0] * 80
