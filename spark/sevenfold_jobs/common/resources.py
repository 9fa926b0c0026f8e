"""Files that come with the package, read the same way from a folder and from a cluster's archive."""

from importlib import resources


def text_of(*names: str) -> str:
    """The text of `sevenfold_jobs/<names…>`."""
    return resources.files("sevenfold_jobs").joinpath(*names).read_text(encoding="utf-8")
