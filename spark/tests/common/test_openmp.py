"""Threads that wait for each other leave their cores to others."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("given", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_every_process_of_ours_waits_passively_unless_somebody_says_otherwise(given, found):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if given is not None:
        environment["OMP_WAIT_POLICY"] = given
    said = subprocess.run(
        [sys.executable, "-c", "import os, sevenfold_jobs; print(os.environ['OMP_WAIT_POLICY'])"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == found
