"""Spark's Python daemon with what every task needs already imported.

Spark forks the process of each task from it (`spark.python.daemon.module`) and reuses none: a task never runs
older code than its job's, and still pays no import.
"""

import gc
import importlib
import sys
import zipimport

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



def forget_archives() -> None:
    """Every task begins with `importlib.invalidate_caches()`, for which each archive that was ever looked
    into is read again: 0.06 s, most of it Spark's own jar, which stands on Python's path and has no Python.
    """
    sys.path[:] = [path for path in sys.path if not path.endswith(".jar")]
    for path, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimport.zipimporter):
            del sys.path_importer_cache[path]


if __name__ == "__main__":
    for module in EARLY:
        importlib.import_module(module)
    forget_archives()
    # Kept out of the forks' garbage collections, which would copy its pages.
    gc.freeze()
    manager()
