"""The example notebook runs from first to last cell on what a training leaves, and scores by its model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from trained import Training, houses

CHECKOUT = Path(__file__).resolve().parents[3]
CELLS = json.loads((CHECKOUT / "examples" / "training.ipynb").read_text())["cells"]


@pytest.mark.parametrize("target", ["dear", "price"])
def test_every_cell_runs_and_says_what_the_training_found(database_url, make_batch, tmp_path, target):
    training = Training(database_url, make_batch, tmp_path)
    training.prepare(houses(), target, exclude=["sold", "price" if target == "dear" else "dear"])
    training.fit({"baseline": 1, "linear": 1, "lightgbm": 1})
    model = training.decide()
    training.ask(
        """
        update runs set kind = 'trainModel', key = 'train/houses/' || %s, status = 'complete',
                        statement = 'all is there.', claimed_at = now() where run_id = %s
        """,
        *(target, training.run_id),
    )
    script = "\n".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code")
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT / "examples",
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout
    assert f"train/houses/{target} is complete" in said
    [(reason,)] = training.ask("select reason from training_selections where run_id = %s", training.run_id)
    assert reason in said
    [(figures, rows)] = training.ask(
        "select figures, rows from training_evaluations"
        " where run_id = %s and part = 'test' and candidate = 'winner'",
        training.run_id,
    )
    name = "log_loss" if target == "dear" else "rmse"
    assert f"test winner {name} {figures[name]:.4f} (" in said
    alone = "accuracy" if target == "dear" else "rmse"
    shown = {"accuracy": "accuracy:", "rmse": "RMSE:"}[alone]
    assert f"{shown} {round(figures[alone], 4)}" in said, "computed from the written predictions"
    assert f"{rows} rows" in said
    after = said.split(f"by model {model}\n")[1].splitlines()
    assert len(after) == 1 + 5
    assert after[0].split() == (["predicted", "p_no", "p_yes"] if target == "dear" else ["predicted"])


def test_it_is_stored_without_what_somebody_s_run_printed():
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in CELLS)
