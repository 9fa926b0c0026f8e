"""What a source says that is possible and yet looks wrong: units, and rows years from all others."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.lone import lone_rows
from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.pool_ingest.source import Source

# Fewer values than this prove nothing.
_FEWEST = 20
# Gas of a whole day never fell below a thousandth of a gwei.
_LOWEST_GAS = 1e-4
# The pools of a whole source never held so little.
_LOWEST_TVL = 1e4
_NAMED = 3

#: Table, its column that names the series, and the file it came from.
_SERIES = (
    ("pool_history", "pool_id", "pool_history.parquet"),
    ("token_prices_daily", "symbol", "prices_daily.csv"),
    ("gas_fees_daily", None, "gas_daily.csv"),
    ("macroeconomic_data", "series_id", "macro.parquet"),
)


def remarks(source: Source) -> list[str]:
    """One line for each thing that a person should have looked at; none of them stops anything."""
    return [*_units(source), *_lone_days(source)]


def _units(source: Source) -> list[str]:
    said = []
    apy = _positive(source.tables["pool_history"]["apy"])
    if len(apy) >= _FEWEST and apy.max() < 1:
        said.append(
            f"pool_history.parquet, column apy: no value reaches 1 (the largest of {len(apy):,} is "
            f"{apy.max():g}), which looks like fractions; percent points are expected: 7 for 7 %"
        )
    tvl = _positive(source.tables["pool_history"]["tvl"])
    if len(tvl) >= _FEWEST and tvl.max() < _LOWEST_TVL:
        said.append(
            f"pool_history.parquet, column tvl_usd: no value reaches {_LOWEST_TVL:,.0f} (the largest of "
            f"{len(tvl):,} is {tvl.max():g}), which looks like millions; US dollars are expected"
        )
    gas = _positive(source.tables["gas_fees_daily"]["actual_avg_gas_gwei"])
    if len(gas) >= _FEWEST and gas.max() < _LOWEST_GAS:
        said.append(
            f"gas_daily.csv, column avg_gas_gwei: no value reaches {_LOWEST_GAS:g} (the largest is "
            f"{gas.max():g}), which looks like ether; gwei are expected: multiply by 1,000,000,000"
        )
    return said


def _lone_days(source: Source) -> list[str]:
    said = []
    for name, key, file in _SERIES:
        table = source.tables[name]
        if table.num_rows == 0:
            continue
        days = table["date"].combine_chunks().cast(pa.int32()).to_numpy().astype(np.int64)
        series = np.zeros(len(days), np.int64)
        if key is not None:
            series = table[key].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        lone = lone_rows(series, days)
        if len(lone) > 0:
            named = ", ".join(_row(table, key, int(row)) for row in lone[:_NAMED])
            more = "" if len(lone) <= _NAMED else f" and {len(lone) - _NAMED:,} more"
            said.append(
                f"{file}: years from every other day of its series: {named}{more}; is the year right?"
            )
    return said


def _row(table: pa.Table, key: str | None, row: int) -> str:
    day = str(table["date"][row].as_py())
    return day if key is None else f"{day} of {shown(table[key][row].as_py())}"


def _positive(values: pa.ChunkedArray) -> np.ndarray:
    found = pc.drop_null(values).to_numpy()
    return found[found > 0]
