"""python -m sevenfold_jobs.generated timeseries|regression|survival --rows N --features N --seed N --out FILE

Writes one Parquet file under a temporary name, renames it, and prints one line of JSON {path, rows, columns,
seconds, seed}. What is wrong with the arguments gets one line and status 2, and nothing is written.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import NoReturn

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.files import write_whole

_WITH_FEATURES = ("timeseries", "regression")
_GENERATORS = (*_WITH_FEATURES, "survival")
# Seeds of NumPy's older generator, which scikit-learn draws from.
_LARGEST_SEED = 2**32 - 1
# Beyond it NumPy's own message speaks of dimensions; long before it memory ends.
_LARGEST_COUNT = 10**10


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidInput(message)


def main(arguments: list[str]) -> int:
    """Status 0, or 2 with one line on standard error."""
    try:
        print(json.dumps(generate(_parse(arguments))))
    except (InvalidInput, OSError) as failure:
        print(" ".join(str(failure).split()), file=sys.stderr)
        return 2
    except MemoryError as failure:
        reason = " ".join(str(failure).split())
        print(f"Not enough memory: give fewer rows or features. {reason}".strip(), file=sys.stderr)
        return 2
    return 0


def generate(asked: argparse.Namespace) -> dict[str, object]:
    """Makes the table and writes the file: {path, rows, columns, seconds, seed}."""
    # Late, because scikit-learn takes a second that a wrong argument need not wait for.
    import pyarrow.parquet as pq

    from sevenfold_jobs.generated.regression import regression
    from sevenfold_jobs.generated.survival import survival
    from sevenfold_jobs.generated.time_series import time_series

    began = time.perf_counter()
    match asked.generator:
        case "timeseries":
            table = time_series(asked.rows, asked.features, asked.seed, asked.parity)
        case "regression":
            table = regression(asked.rows, asked.features, asked.seed)
        case _:
            table = survival(asked.rows, asked.seed)
    path = asked.out.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda unfinished: pq.write_table(table, unfinished, compression="zstd"))
    return {
        "path": str(path),
        "rows": table.num_rows,
        "columns": table.num_columns,
        "seconds": round(time.perf_counter() - began, 3),
        "seed": asked.seed,
    }


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = _Arguments(prog="sevenfold_jobs.generated", allow_abbrev=False)
    parser.add_argument("generator", choices=_GENERATORS)
    parser.add_argument("--rows", type=_whole, default=300_000)
    parser.add_argument("--features", type=_whole)
    parser.add_argument("--seed", type=_whole, default=42)
    parser.add_argument("--parity", action="store_true", help="the time series as it was first published")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args(arguments)
    if asked.parity and asked.generator != "timeseries":
        raise InvalidInput(f"--parity belongs to timeseries: {asked.generator} has no original")
    if asked.features is not None and asked.generator not in _WITH_FEATURES:
        raise InvalidInput(f"--features does not apply to {asked.generator}: its columns are fixed")
    if asked.seed > _LARGEST_SEED:
        raise InvalidInput(f"--seed {asked.seed} is too large: give at most {_LARGEST_SEED}")
    for name in ("rows", "features"):
        if (getattr(asked, name) or 0) > _LARGEST_COUNT:
            raise InvalidInput(f"--{name} {getattr(asked, name)} is too large: give at most {_LARGEST_COUNT}")
    if asked.out.is_dir():
        raise InvalidInput(f"--out {asked.out} is a folder: give a file")
    if asked.features is None:
        asked.features = 100
    return asked


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 up")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
