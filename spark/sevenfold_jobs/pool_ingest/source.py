"""What a source brings: one Arrow table for each database table, and what it may be loaded for."""

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from sevenfold_jobs.common.failures import InvalidInput

SCHEMAS: dict[str, pa.Schema] = {
    "pools": pa.schema(
        {
            "pool_id": pa.string(),
            "chain": pa.string(),
            "protocol": pa.string(),
            "symbol": pa.string(),
            "tvl": pa.float64(),
            "apy": pa.float64(),
            "pool_address": pa.string(),
            # joined by |, because COPY gets no arrays here
            "underlying_tokens": pa.string(),
            "underlying_token_addresses": pa.string(),
            "poolmeta": pa.string(),
        }
    ),
    "pool_history": pa.schema(
        {"pool_id": pa.string(), "date": pa.date32(), "apy": pa.float64(), "tvl": pa.float64()}
    ),
    "token_prices_daily": pa.schema(
        {
            "symbol": pa.string(),
            "date": pa.date32(),
            "open": pa.float64(),
            "high": pa.float64(),
            "low": pa.float64(),
            "close": pa.float64(),
            "volume": pa.float64(),
        }
    ),
    "gas_fees_daily": pa.schema({"date": pa.date32(), "actual_avg_gas_gwei": pa.float64()}),
    "macroeconomic_data": pa.schema(
        {
            "series_id": pa.string(),
            "date": pa.date32(),
            "value": pa.float64(),
            "series_name": pa.string(),
            "frequency": pa.string(),
        }
    ),
    "portfolio_transactions": pa.schema(
        {
            "line": pa.int32(),
            "date": pa.date32(),
            "token": pa.string(),
            "amount": pa.string(),  # decimal text: exact
            "direction": pa.string(),
        }
    ),
}


@dataclass
class Source:
    """Tables of `SCHEMAS`, complete and valid. `warnings` are worth telling and stop nothing."""

    tables: dict[str, pa.Table]
    warnings: list[str]

    def known_on(self, day: date) -> "Source":
        """The rows of all days up to `day`: what is later is not known yet."""
        tables = {
            name: table.filter(pc.less_equal(table["date"], pa.scalar(day, pa.date32())))
            if "date" in table.column_names
            else table
            for name, table in self.tables.items()
        }
        return Source(tables, self.warnings)


def refuse_day_outside(day: date, history: pa.Table) -> None:
    """A run needs a day before it and data that reach the day before it at least."""
    bounds = pc.min_max(history["date"])
    first, last = bounds["min"].as_py() + timedelta(days=1), bounds["max"].as_py() + timedelta(days=1)
    if not first <= day <= last:
        raise InvalidInput(
            f"{day} is outside the data: the pool history allows run dates from {first} to {last}"
            " (the day after its last day)."
        )
