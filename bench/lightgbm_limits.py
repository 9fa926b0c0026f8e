"""What trainings and scorings are held against: reading the file, and LightGBM as it is, on the same rows.

`table ROWS SEED OUT [FORMAT]` writes OUT.parquet and OUT.csv, or one of them. `predict FILE MODEL` applies a
booster to 30 columns of a file, `fit FILE TARGET [COLUMN …]` fits one by its defaults to four rows of five, but for the named
columns; both print one JSON object.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

NUMBERS, LEVELS = 24, (3, 5, 8, 12, 40, 90)
THREADS = 2


def table(rows: int, seed: int) -> pa.Table:
    """24 numbers, four of them with gaps, and six columns of names; `y` is yes or no by eleven of them."""
    generator = np.random.default_rng(seed)
    values = generator.standard_normal((NUMBERS, rows)).round(6)
    odds = (
        values[0]
        + 0.7 * values[1] * values[2]
        + 0.5 * np.abs(values[3])
        - 0.6 * (values[4] > 0)
    )
    columns = {}
    for place in range(NUMBERS):
        if place % 6 == 0:
            values[place, generator.random(rows) < 0.05] = np.nan
        columns[f"x{place}"] = pa.array(values[place], from_pandas=True)
    # The same effects for every seed: later tables are of the same kind.
    effects = np.random.default_rng(7)
    for place, levels in enumerate(LEVELS):
        codes = generator.integers(0, levels, rows)
        odds += 0.4 * effects.standard_normal(levels)[codes]
        names = pa.array([f"level {level}" for level in range(levels)])
        columns[f"k{place}"] = names.take(pa.array(codes))
    columns["y"] = pa.array(
        np.where(generator.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no")
    )
    return pa.table(columns)


def predict(file: Path, model: Path) -> dict[str, float]:
    """Seconds of reading the file into a matrix and of LightGBM on all cores: no verdicts, nothing written."""
    import lightgbm

    booster = lightgbm.Booster(model_file=str(model))
    began = time.perf_counter()
    read = pa.csv.read_csv(file) if file.suffix == ".csv" else pq.read_table(file)
    columns = []
    for name in read.column_names[: NUMBERS + len(LEVELS)]:
        column = read[name].combine_chunks()
        if pa.types.is_string(column.type):
            column = column.dictionary_encode().indices
        columns.append(
            column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        )
    booster.predict(np.ascontiguousarray(np.column_stack(columns)), num_threads=THREADS)
    return {"seconds": time.perf_counter() - began}


def fit(file: Path, target: str, *left: str) -> dict[str, float]:
    """Seconds of reading, and of LightGBM's defaults on all cores; how good they are on the fifth row."""
    import lightgbm

    began = time.perf_counter()
    read = pa.csv.read_csv(file) if file.suffix == ".csv" else pq.read_table(file)
    columns, names = [], []
    for name in read.column_names:
        if name == target or name in left:
            continue
        column = read[name].combine_chunks()
        if pa.types.is_string(column.type):
            names.append(len(columns))
            column = column.dictionary_encode().indices
        columns.append(
            column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        )
    positive = max(read[target].unique().to_pylist())
    y = (read[target].to_numpy() == positive).astype(float)
    X = np.ascontiguousarray(np.column_stack(columns))
    test = np.random.default_rng(42).random(len(y)) < 0.2
    booster = lightgbm.train(
        {"objective": "binary", "num_threads": THREADS, "verbosity": -1},
        lightgbm.Dataset(X[~test], y[~test], categorical_feature=names),
    )
    share = booster.predict(X[test], num_threads=THREADS)
    seconds = time.perf_counter() - began
    from sklearn.metrics import log_loss, roc_auc_score

    return {
        "seconds": seconds,
        "auc": roc_auc_score(y[test], share),
        "logLoss": log_loss(y[test], share),
    }


def main(what: str, *given: str) -> None:
    if what == "table":
        rows, seed, out, *formats = int(given[0]), int(given[1]), *given[2:]
        made = table(rows, seed)
        if "csv" not in formats:
            pq.write_table(made, f"{out}.parquet", compression="zstd")
        if "parquet" not in formats:
            pa.csv.write_csv(made, f"{out}.csv")
        return
    if what == "fit":
        found = fit(Path(given[0]), *given[1:])
    else:
        found = predict(Path(given[0]), Path(given[1]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            found
            | {
                "cpuSeconds": used.ru_utime + used.ru_stime,
                "peakMb": used.ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
