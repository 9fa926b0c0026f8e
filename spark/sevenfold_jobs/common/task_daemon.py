"""Spark's Python daemon with what every task needs already imported.

Spark forks the process of each task from it (`spark.python.daemon.module`) and reuses none: a task never runs
older code than its job's, and still pays no import.
"""

import ctypes
import gc
import importlib
import sys
import zipimport

from pyspark.daemon import manager

from sevenfold_jobs.common import lean

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

# Arrays up to this size come from a heap that is kept. By default each array from 128 KB on is asked of the
# kernel anew and filled with zeros by it, which was more than half of the time for drawing paths.
HEAP_BYTES = 16 * 1024 * 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def forget_archives() -> None:
    """Every task begins with `importlib.invalidate_caches()`, for which each archive that was ever looked
    into is read again: 0.06 s, most of it Spark's own jar, which stands on Python's path and has no Python.
    """
    sys.path[:] = [path for path in sys.path if not path.endswith(".jar")]
    for path, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimport.zipimporter):
            del sys.path_importer_cache[path]


def keep_heap() -> None:
    """For this process and its forks. Where the C library has no such settings, nothing is done."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_TRIM_THRESHOLD, HEAP_BYTES)
    mallopt(_M_MMAP_THRESHOLD, HEAP_BYTES)


if __name__ == "__main__":
    for module in EARLY:
        importlib.import_module(module)
    lean.load("xgboost")  # the one module of ours that tasks find loaded: it decides no figure
    forget_archives()
    keep_heap()
    # Kept out of the forks' garbage collections, which would copy its pages.
    gc.freeze()
    manager()
