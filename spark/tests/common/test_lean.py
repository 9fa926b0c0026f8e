"""Small processes without the libraries that others need."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_a_booster_brings_no_scikit_learn_and_leaves_it_to_whoever_wants_it(library):
    code = f"""
import sys
from sevenfold_jobs.common import lean
booster = lean.load("{library}")
assert not any(name.split(".")[0] in ("sklearn", "dask") for name in sys.modules)
assert lean.load("{library}") is booster and booster.Booster
import pandas, sklearn.base
assert lean.load("{library}") is booster
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_reader_of_a_table_has_no_database():
    code = """
import sys
import sevenfold_jobs.sinks.look
assert not any(name.split(".")[0] in ("psycopg", "pandas", "pyspark") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
