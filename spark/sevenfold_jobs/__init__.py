"""Jobs: a folder each, with `run(batch) -> dict` in its main.py. Other folders on PYTHONPATH may add some."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
