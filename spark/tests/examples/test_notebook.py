"""The example notebook runs from its first cell to its last, on what a run leaves in the database."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg

NOTEBOOK = Path(__file__).resolve().parents[3] / "examples" / "cross-validation.ipynb"

BEST = {
    "label": "cox_ph",
    "mean": 0.85,
    "difference": {"mean": 0, "standardError": 0},
    "withinOneError": True,
}
BEHIND = {
    "label": "gbsa",
    "mean": 0.81,
    "difference": {"mean": 0.0321, "standardError": 0.0123},
    "withinOneError": False,
}


def _fill(url: str, root: Path) -> None:
    run_id, version = uuid.uuid4(), "0" * 16
    (root / "predictions.csv").write_text("id,model_name,expected_survival\n1,cox_ph,812.5\n")
    refit = {"root": str(root), "predictions": "predictions.csv"}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            insert into runs (run_id, key, kind, dataset, workflow_id, workflow_run_id, input, status,
                              statement)
            values (%s, 'cv/made/1', 'crossValidation', 'cv/made', 'w', 'r', '{}', 'complete',
                    'all is there.')
            """,
            [run_id],
        )
        for fold in (1, 2):
            key = f"key-{fold}"
            detail = {"grid": [10.0, 20.0], "auc": [0.75, 0.7]}
            connection.execute(
                """
                insert into units (run_id, unit, kind, model_version, position, fingerprint)
                values (%s, %s, 'fit', 'cox_ph', %s, %s)
                """,
                [run_id, f"cox_ph/fold {fold}", fold, key],
            )
            connection.execute(
                """
                insert into cv_fits (run_id, model, fold, params_hash, fit_key, data_version, run_type,
                                     params,
                                     status, cindex_tau, ibs, mean_auc, cpu_seconds, peak_mb, seed, threads,
                                     detail, attempt)
                values (%s, 'cox_ph', %s, 'p', %s, %s, 'sample', '{}', 'complete', %s, 0.1, 0.8, 1.5, 200,
                        42, 1, %s, 1)
                """,
                [run_id, fold, key, version, 0.7 + fold / 10, json.dumps(detail)],
            )
        connection.execute(
            """
            insert into cv_selections (run_id, model, params_hash, metric, leaderboard, reason, refit)
            values (%s, 'cox_ph', 'p', 'cindex_tau', %s, 'it is the only one.', %s)
            """,
            [run_id, json.dumps([BEST, BEHIND]), json.dumps(refit)],
        )


def test_every_cell_runs_and_says_what_the_database_holds(database_url: str, tmp_path: Path) -> None:
    _fill(database_url, tmp_path)
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    script = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "cv/made/1 is complete" in ran.stdout
    assert "0.85" in ran.stdout, "the mean of both folds"
    assert "it is the only one." in ran.stdout
    assert "812.5" in ran.stdout
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert ["gbsa", "0.81", "0.0321", "0.0123", "False"] in lines, "how far it is behind the best"
    for fold, value in (("1", "0.8"), ("2", "0.9")):
        assert [fold, value] in lines, "the figure that decides, by fold"
    assert ["10.0", "0.75"] in lines, "AUC at the first point of the grid"


def test_it_is_stored_without_what_somebody_s_run_printed() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells)
