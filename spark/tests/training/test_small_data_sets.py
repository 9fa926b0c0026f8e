"""Data sets that people know, exported to CSV and trained on as they are, by the jobs.

On the same test rows the chosen model is held against what people try first: a plain linear model, and
LightGBM's defaults. Test sets of 30 to 114 rows say no more than this: it is not behind the better of the
two by more than two standard errors of the difference. Many splits stand in docs/decisions/057.
"""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from trained import Training

from sevenfold_jobs.training import metrics
from sevenfold_jobs.training.encoding import Encoder
from sevenfold_jobs.training.model_files import read_stored
from sevenfold_jobs.training.prepared import Prepared, Split, read_prepared, read_split

TRIALS = {"baseline": 1, "linear": 1, "random_forest": 2, "lightgbm": 4, "xgboost": 4, "mlp": 2}


def exported(name):
    """(rows with their names, target)."""
    if name == "fair":
        from statsmodels.datasets import fair

        frame, target = fair.load_pandas().data, "affairs"
    else:
        from sklearn import datasets

        loaded = getattr(datasets, f"load_{name}")(as_frame=True)
        frame, target = loaded.frame, "target"
        if name != "diabetes":
            frame[target] = [f"class {loaded.target_names[code]}" for code in frame[target]]
    return pa.Table.from_pandas(frame, preserve_index=False), target


def trained(database_url, make_batch, folder, name):
    """The run, its data and parts, and the chosen model."""
    training = Training(database_url, make_batch, folder)
    table, target = exported(name)

    def file(table, name="houses"):
        path = folder / f"{name}.csv"
        pa.csv.write_csv(table, path)
        return {"name": name, "source": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    training.file = file
    training.prepare(table, target)
    training.fit(TRIALS)
    model = read_stored(f"{folder}/models/{training.decide()}")
    data, split = (read(Path(training.root) / "data") for read in (read_prepared, read_split))
    return training, data, split, model


def plain(data: Prepared, split: Split):
    """A linear model without any choice, on columns of one scale."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    encoder = Encoder.fit(data.columns, split.all_train, "linear")
    X, test = (encoder.transform(data.columns, rows) for rows in (split.all_train, split.test))
    y = data.target[split.all_train]
    if data.classes:
        return LogisticRegression(max_iter=1_000).fit(X, y).predict_proba(test)
    return LinearRegression().fit(X, y).predict(test)


def defaults(data: Prepared, split: Split):
    """LightGBM as it comes."""
    import lightgbm

    encoder = Encoder.fit(data.columns, split.all_train, "native")
    X, test = (encoder.transform(data.columns, rows) for rows in (split.all_train, split.test))
    kind = lightgbm.LGBMClassifier if data.classes else lightgbm.LGBMRegressor
    fitted = kind(n_jobs=1, verbosity=-1).fit(X, data.target[split.all_train])
    return fitted.predict_proba(test) if data.classes else fitted.predict(test)


@pytest.mark.parametrize("name", ["iris", "breast_cancer", "wine", "diabetes", "digits", "fair"])
def test_the_chosen_model_is_as_good_as_what_people_try_first(database_url, make_batch, tmp_path, name):
    training, data, split, model = trained(database_url, make_batch, tmp_path, name)
    y = data.target[split.test]
    mine = metrics.row_losses(training.task, y, model.predict(data.columns.take(split.test)))
    losses = [metrics.row_losses(training.task, y, each(data, split)) for each in (plain, defaults)]
    difference = mine - min(losses, key=lambda each: each.mean())
    assert difference.mean() <= 2 * difference.std(ddof=1) / np.sqrt(len(y))
    [(beats,)] = training.ask(
        "select beats_baseline from training_selections where run_id = %s", training.run_id
    )
    assert beats
    if name == "fair":
        assert mine.mean() < ((y - data.target[split.all_train].mean()) ** 2).mean()
