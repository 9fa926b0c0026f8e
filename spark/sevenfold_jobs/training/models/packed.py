"""Arrays and plain values as one file: an archive of .npy whose bytes hang on nothing but what is in it."""

import io
import json
import zipfile
from typing import Any

import numpy as np

#: The name of the file.
ARRAYS = "arrays.npz"
_ABOUT = "about"
# The earliest that the format knows: the time of writing must not be part of the bytes.
_WHEN = (1980, 1, 1, 0, 0, 0)
# Stays in the cache of a core.
_ROWS_AT_A_TIME = 4_096


def pack(about: dict[str, Any], **arrays: np.ndarray) -> dict[str, bytes]:
    """`{arrays.npz: …}`, which `numpy.load` reads without pickle."""
    text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in sorted({**arrays, _ABOUT: text}.items()):
            content = io.BytesIO()
            np.lib.format.write_array(
                content, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False
            )
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _WHEN), content.getvalue())
    return {ARRAYS: buffer.getvalue()}


def product(X: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """(rows, outputs): X (rows, columns) times coefficients (outputs, columns), added up column by column.

    Sums of BLAS and einsum hang on how many rows there are and how they lie: chunks would change last digits.
    """
    found = np.zeros((len(X), len(coefficients)))
    for start in range(0, len(X), _ROWS_AT_A_TIME):
        columns = np.ascontiguousarray(X[start : start + _ROWS_AT_A_TIME].T)
        part = found[start : start + _ROWS_AT_A_TIME]
        for column, weights in zip(columns, np.ascontiguousarray(coefficients.T), strict=True):
            part += column[:, None] * weights
    return found


def distances(X: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(rows,) Euclidean, from each row of X to its own of the points (rows, columns)."""
    squares = np.zeros(len(X))
    for mine, theirs in zip(X.T, points.T, strict=True):
        squares += (mine - theirs) ** 2
    return np.sqrt(squares)


def unpack(parts: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What was packed."""
    with np.load(io.BytesIO(parts[ARRAYS]), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return json.loads(arrays.pop(_ABOUT).tobytes()), arrays
