"""Jobs: a folder each, with `run(batch) -> dict` in its main.py. Other folders on PYTHONPATH may add some."""

import os
from pkgutil import extend_path

# A thread of OpenMP that waits for the others gives its core away. Spinning, as it does by itself, it takes
# the core from the one it waits for wherever other work runs too. Read when its first library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__path__ = extend_path(__path__, __name__)
