"""Spark's Python daemon with what every task needs already imported.

Spark forks the process of each task from it (`spark.python.daemon.module`) and reuses none: a task never runs
older code than its job's, and still pays no import.
"""

import gc
import importlib

from pyspark.daemon import manager

EARLY = (
    "numpy",
    "pandas",
    "psycopg",
    "pyarrow.compute",
    "pyspark.sql.pandas.serializers",
    "pyspark.sql.pandas.types",
    # pyspark compares versions with it before every exchange with Arrow: 0.16 s, most of it setuptools
    "distutils.version",
)

if __name__ == "__main__":
    for module in EARLY:
        importlib.import_module(module)
    # Kept out of the forks' garbage collections, which would copy its pages.
    gc.freeze()
    manager()
