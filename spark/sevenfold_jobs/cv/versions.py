"""Versions of the libraries that shape the numbers."""

import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_ALWAYS = ("numpy", "scipy")
_OF_MODEL = {
    "coxnet": ("scikit-survival",),
    "gbsa": ("scikit-survival", "scikit-learn"),
    "rsf": ("scikit-survival", "scikit-learn"),
    "xgb_cox": ("xgboost",),
    "lgb_cox": ("lightgbm",),
    "lightgbm": ("lightgbm",),
    "random_forest": ("lightgbm",),
    "xgboost": ("xgboost",),
}
# The same library under another name: without the part for graphics cards.
_OTHERWISE = {"xgboost": "xgboost-cpu"}


def versions_of(model: str | None = None, others: Iterable[str] = ()) -> dict[str, str]:
    """`{python, package: version}` of what a model's figures hang on."""
    names = [*_ALWAYS, *_OF_MODEL.get(model or "", ()), *others]
    return {"python": platform.python_version(), **{name: _version(name) for name in names}}


@cache
def _version(name: str) -> str:
    for known_as in (name, _OTHERWISE.get(name, name)):
        try:
            return version(known_as)
        except PackageNotFoundError:
            continue
    return "unknown"
