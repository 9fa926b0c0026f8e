"""LightGBM without what its wrappers for other libraries import, of which nothing is used here.

Importing them takes 0.9 s of 1.1 s, in each of the three processes of a grid.
"""

import importlib
import sys
from types import ModuleType

# LightGBM itself goes without those that it does not find.
_WRAPPED = ("pandas", "sklearn", "dask", "matplotlib", "graphviz")


def _load() -> ModuleType:
    hidden = [name for name in _WRAPPED if name not in sys.modules]
    # None is how Python itself marks a module that cannot be imported.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        return importlib.import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]


lightgbm = _load()
