"""Job cv_prepare: bad input gets one clear line, and nothing is written."""

import pickle

import pyarrow as pa
import pytest
from cross_validations import class_table, survival_table, with_column

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.cv_prepare.main import run


def write_pickle(folder):
    path = folder / "source.parquet"
    path.write_bytes(pickle.dumps({"time": [1]}))
    return path


def write_text(folder):
    path = folder / "source.csv"
    path.write_text("time,event,x\n1,1\n")
    return path


BAD_INPUT = {
    "an event that is not 0/1": (
        lambda: with_column(survival_table(), "event", [2, *[0, 1] * 149, 1]),
        {},
        r"Column 'event' is the event and holds 2 in 1 rows: 1 is a row with the event, 0 a censored one\.",
    ),
    "an event of words": (
        lambda: with_column(survival_table(), "event", ["dead", "alive"] * 150),
        {},
        "Column 'event' is the event and holds 'dead'",
    ),
    "no event in a fold": (
        lambda: with_column(survival_table(), "event", [1, 1, *[0] * 298]),
        {},
        r"Fold \d of source has no event among its \d+ rows to test on: ask for fewer folds or give more",
    ),
    "an event too few for any folds": (
        lambda: with_column(survival_table(), "event", [1, *[0] * 299]),
        {},
        r"no event among .*: fewer folds do not help, give more rows with events \(there are 1\)",
    ),
    "an event that comes before nothing": (
        lambda: with_column(
            with_column(survival_table(), "time", [5.0] * 300), "event", [each % 2 for each in range(300)]
        ).slice(0, 300),
        {},
        "Fold 1 of source has no pair to compare: of its 100 rows to test on none has an event before 5,",
    ),
    "a class too rare for any folds": (
        lambda: with_column(class_table(), "label", ["rare", *["yes", "no"] * 199, "no"]),
        {"task": "classification", "target": "label"},
        r"no row of class 'rare' to train on: fewer folds do not help.*\(of class 'rare' there are 1\)",
    ),
    "given folds of which one has no event": (
        lambda: with_column(
            with_column(survival_table(), "part", [each % 3 for each in range(300)]),
            "event",
            [int(each % 3 > 0) for each in range(300)],
        ),
        {"splitter": "given", "foldColumn": "part"},
        "Fold 1 of source has no event .*: put other rows into it in column 'part'",
    ),
    "fewer rows than folds": (lambda: survival_table().slice(0, 2), {}, "2 rows are fewer than 3 folds"),
    "every row dropped": (
        lambda: with_column(survival_table(), "time", [0.0] * 300),
        {},
        r"no row is left of 300 \(300 time <= 0\)",
    ),
    "an unknown column": (
        lambda: survival_table(),
        {"features": ["agee"]},
        r"Column 'agee' is unknown: did you mean 'age'\? There are id, time, event, age, dose, group\.",
    ),
    "an unknown column to exclude": (
        lambda: survival_table(),
        {"exclude": ["Group"]},
        "Column 'Group' is unknown: did you mean 'group'",
    ),
    "an unknown time": (lambda: survival_table(), {"time": "tyme"}, "did you mean 'time'"),
    "no time at all": (
        lambda: survival_table().drop_columns(["time"]),
        {},
        "no column 'survival_months' or 'time': say which one is the time",
    ),
    "a constant column asked for": (
        lambda: with_column(survival_table(), "flat", [3.0] * 300),
        {"features": ["age", "flat"]},
        "Column 'flat' was asked for as a feature and is constant",
    ),
    "an empty column asked for": (
        lambda: with_column(survival_table(), "empty", pa.nulls(300, pa.float64())),
        {"features": ["age", "empty"]},
        "Column 'empty' was asked for as a feature and has no value",
    ),
    "a text column with 10,000 levels asked for": (
        lambda: with_column(survival_table(10_000), "name", [f"n{each}" for each in range(10_000)]),
        {"features": ["age", "name"]},
        "Column 'name' was asked for as a feature and has 10,000 levels, more than 100",
    ),
    "the time as a feature": (
        lambda: survival_table(),
        {"features": ["age", "time"]},
        "Column 'time' is the time and cannot be a feature",
    ),
    "a stratum that is no category": (
        lambda: survival_table(),
        {"strata": ["age"]},
        "Stratum column 'age' is no categorical feature of source: the categorical ones are group",
    ),
    "a pickle that calls itself Parquet": (write_pickle, {}, "source.parquet: is a pickle, which runs code"),
    "a CSV whose rows differ": (write_text, {}, "source.csv line 2: has 2 fields, the header has 3"),
    "a file altered since the plan": (
        lambda: survival_table(),
        {"sourceSha256": "0" * 64},
        "source.parquet was altered after the run was planned",
    ),
    "one fold": (lambda: survival_table(), {"folds": 1}, "1 folds leave nothing to train on"),
    "an unknown splitter": (
        lambda: survival_table(),
        {"splitter": "stratifed"},
        "Splitter 'stratifed' is unknown: did you mean 'stratified'",
    ),
    "a target of one class": (
        lambda: with_column(class_table(), "label", ["yes"] * 400),
        {"task": "classification", "target": "label"},
        "Column 'label' is the target and holds 'yes' only",
    ),
    "a number as classes": (
        lambda: class_table(),
        {"task": "classification", "target": "number"},
        "has 400 classes, and at most 100 can be told apart: for a quantity ask for task regression",
    ),
    "a class as a number": (
        lambda: class_table(),
        {"task": "regression", "target": "label"},
        "Column 'label' is the target of a regression and must hold numbers",
    ),
    "a gap that leaves nothing": (
        lambda: class_table(),
        {"task": "regression", "target": "number", "splitter": "timeSeries", "gap": 100},
        "Fold 1 has no rows to train on: 100 rows lie before it and the gap is 100",
    ),
}


@pytest.mark.parametrize("what", list(BAD_INPUT))
def test_bad_input_gets_one_clear_line(cv, what):
    make, given, message = BAD_INPUT[what]
    source = make(cv.folder) if make in (write_pickle, write_text) else make()
    with pytest.raises(InvalidInput, match=message) as raised:
        run(cv.preparation(source, **given))
    assert "\n" not in str(raised.value)
    assert cv.ask("select count(*) from cv_data where data_version = %s", cv.data_version) == [(0,)]
