"""Where a file lies that is asked for by its usual name: packed, in capitals or in parts it is the same."""

from pathlib import Path

_FORMATS = (".csv", ".tsv", ".txt", ".parquet")
_PACKED = ".gz"


def stem_of(name: str) -> str | None:
    """`Prices_Daily.CSV.gz` is `prices_daily`; None for names of other formats."""
    lower = name.lower().removesuffix(_PACKED)
    return next((lower.removesuffix(each) for each in _FORMATS if lower.endswith(each)), None)


def find_file(folder: Path, name: str) -> list[Path]:
    """The file of this very name, or else every one whose name differs by capitals, packing or format."""
    exact = folder / name
    if exact.exists():
        return [exact]
    wanted = stem_of(name)
    return sorted(path for path in folder.iterdir() if stem_of(path.name) == wanted)
