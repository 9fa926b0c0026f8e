"""The jobs of a training without a target: groups that are there, none where none are, rows in any order."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trained import Training

from sevenfold_jobs.training.model_files import read_stored


@pytest.fixture
def training(database_url, make_batch, tmp_path):
    return Training(database_url, make_batch, tmp_path)


def visitors(rows: int = 300, seed: int = 0, apart: float = 6.0) -> pa.Table:
    """Three kinds of visitors: by two numbers and the channel that they mostly take; a number has gaps."""
    rng = np.random.default_rng(seed)
    kind = np.repeat([0, 1, 2], [rows // 2, rows // 3, rows - rows // 2 - rows // 3])
    spent = apart * kind + rng.normal(size=rows)
    visits = apart * (kind == 1) + rng.normal(size=rows)
    visits[rng.random(rows) < 0.03] = np.nan
    channel = np.where(rng.random(rows) < 0.9, np.array(["web", "shop", "phone"])[kind], "web")
    return pa.table(
        {
            "spent": spent,
            "visits": pa.array(visits, from_pandas=True),
            "channel": channel,
            "luck": rng.normal(size=rows),
            "name": [f"visitor {row}" for row in range(rows)],
        }
    )


NUMBERS = {"kmeans": 4, "bisecting_kmeans": 2, "gaussian_mixture": 3, "dbscan": 1}


def searched(training: Training, table: pa.Table, later: list[pa.Table] | None = None, **given) -> str:
    training.run_id = ""
    training.prepare(table, None, later=later, task="clustering", id="name")
    training.fit(NUMBERS, **given)
    return training.decide()


def test_every_row_gets_its_cluster_and_later_rows_too(training):
    model = searched(training, visitors(), later=[visitors(60, seed=5)])
    [(label, reason, beats, board)] = training.ask(
        "select label, reason, beats_baseline, leaderboard from training_selections where run_id = %s",
        training.run_id,
    )
    assert (label, beats) == ("kmeans, 3 clusters", True), reason
    assert len(board) == sum(NUMBERS.values())
    assert [each["label"] for each in board if each.get("chosen")] == [label]
    found = {
        part: (figures, detail, path)
        for part, figures, detail, path in training.ask(
            "select part, figures, detail, predictions from training_evaluations where run_id = %s",
            training.run_id,
        )
    }
    assert sorted(found) == ["all", "oot 1"]
    for rows, part in ((300, "all"), (60, "oot 1")):
        figures, detail, path = found[part]
        written = pq.read_table(path)
        assert written.column_names == ["name", "cluster", "distance"]
        cluster, distance = written["cluster"].to_numpy(), written["distance"].to_numpy()
        assert len(written) == rows
        for each in detail["clusters"]:
            mine = cluster == each["cluster"]
            assert mine.sum() == each["rows"]
            assert distance[mine].mean() == pytest.approx(each["distance"], abs=1e-9)
        assert (figures["clusters"], figures["noise"]) == (3, 0)
        assert figures["silhouette"] > 0.4
    importances = {
        feature: (share, shape)
        for feature, share, shape in training.ask(
            "select feature, permutation, dependence from training_importances where run_id = %s",
            training.run_id,
        )
    }
    assert sorted(importances) == ["channel", "luck", "spent", "visits"]
    assert importances["spent"][0] > 0.8
    assert abs(importances["luck"][0]) < 0.05
    assert [each["level"] for each in importances["channel"][1]] == ["web", "shop", "phone"]
    stored = read_stored(f"{training.folder}/models/{model}")
    assert stored.task == "clustering"


def test_rows_in_another_order_and_fits_beside_each_other_give_the_same_clusters(training):
    table = visitors()
    order = np.random.default_rng(3).permutation(len(table))
    seen = []
    for rows, processes in ((table, 1), (table.take(pa.array(order)), 3)):
        training.data_version = f"{processes:016x}"
        training.root = str(training.folder / "objects" / training.data_version)
        model = searched(training, rows, processes=processes)
        folder = Path(training.folder) / "models" / model
        arrays = hashlib.sha256((folder / "1-arrays.npz").read_bytes()).hexdigest()
        about = json.loads((folder / "model.json").read_text())
        about["about"].pop("dataVersion")
        [(path, figures)] = training.ask(
            "select predictions, figures from training_evaluations where run_id = %s", training.run_id
        )
        written = pq.read_table(path).sort_by("name")
        seen.append((arrays, about, figures, written["cluster"].to_pylist(), written["distance"].to_pylist()))
    assert seen[0] == seen[1]


def test_noise_is_one_group(training):
    rng = np.random.default_rng(0)
    table = pa.table({f"x{number}": rng.normal(size=200) for number in range(6)} | {"name": np.arange(200)})
    model = searched(training, table)
    [(label, reason, beats)] = training.ask(
        "select label, reason, beats_baseline from training_selections where run_id = %s", training.run_id
    )
    assert (label, beats) == ("one group", False)
    assert reason.startswith("No clear structure")
    [(detail,)] = training.ask("select detail from training_evaluations where run_id = %s", training.run_id)
    assert [(each["cluster"], each["rows"]) for each in detail["clusters"]] == [(0, 200)]
    assert model


def test_who_asks_for_one_grouping_gets_it(training):
    rng = np.random.default_rng(0)
    table = pa.table({f"x{number}": rng.normal(size=200) for number in range(6)})
    training.prepare(table, None, task="clustering")
    training.fit({"kmeans": 1}, params={"kmeans": {"clusters": 4}})
    training.decide()
    [(label, reason, beats)] = training.ask(
        "select label, reason, beats_baseline from training_selections where run_id = %s", training.run_id
    )
    assert (label, beats) == ("kmeans, 4 clusters", False)
    assert reason.endswith("It is the only one that was asked for.")


def test_irises_without_their_names_are_two_groups_one_of_which_is_setosa(training):
    from sklearn.datasets import load_iris

    data = load_iris()
    table = pa.table(dict(zip("abcd", data.data.T, strict=True)))
    training.prepare(table, None, task="clustering")
    training.fit({"kmeans": 4, "gaussian_mixture": 4})
    training.decide()
    [(path,)] = training.ask(
        "select predictions from training_evaluations where run_id = %s", training.run_id
    )
    found = pq.read_table(path)["cluster"].to_numpy()
    assert (found == (data.target == 0)).all()
