"""What a number or a day of a source may be: one table for the door and, by migration 008, for the database.

A value that passes here never fails later: the tables have the same limits as constraints, and what is
counted from them (dollars of a portfolio, say) fits its own column.
spark/tests/common/test_bounds.py reads both.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any


@dataclass(frozen=True)
class Bound:
    """Both limits are allowed. `hint` says what a value beyond them most likely is."""

    low: float
    high: float
    unit: str
    hint: str = "correct it"

    def text(self) -> str:
        """For example "0 to 100,000 gwei"."""
        return f"{plain(self.low)} to {plain(self.high)} {self.unit}"


#: By table and column of the database. docs/decisions/032-bounds.md says why these.
BOUNDS: dict[tuple[str, str], Bound] = {
    ("pools", "tvl"): Bound(0, 1e13, "US dollars"),
    ("pools", "apy"): Bound(-1e4, 1e7, "percent points"),
    ("pool_history", "tvl"): Bound(0, 1e13, "US dollars"),
    ("pool_history", "apy"): Bound(-1e4, 1e7, "percent points"),
    ("token_prices_daily", "open"): Bound(0, 1e9, "US dollars"),
    ("token_prices_daily", "high"): Bound(0, 1e9, "US dollars"),
    ("token_prices_daily", "low"): Bound(0, 1e9, "US dollars"),
    # prices are counted in hundred-millionths of a dollar
    ("token_prices_daily", "close"): Bound(1e-8, 1e9, "US dollars"),
    ("token_prices_daily", "volume"): Bound(0, 1e18, "US dollars"),
    ("gas_fees_daily", "actual_avg_gas_gwei"): Bound(
        0, 1e5, "gwei", "this looks like wei: divide by 1,000,000,000"
    ),
    ("macroeconomic_data", "value"): Bound(-1e15, 1e15, "of its unit"),
    ("portfolio_transactions", "amount"): Bound(
        1e-18, 1e12, "tokens", "write whole tokens, not their smallest parts"
    ),
    ("prices", "close"): Bound(-1e12, 1e12, "of its unit"),
}

#: Figures that come with a close; they lie in JSON, so that no constraint of the database speaks of them.
COVARIATE = Bound(-1e15, 1e15, "of its unit")

#: A token that is pegged to the dollar never closed near this: it is cents, or parts of a token.
PEGGED_CLOSE = Bound(1e-8, 10, "US dollars", "the token is pegged to the dollar: give dollars for one token")

#: No series is older, and no date lies further ahead. The same in src/planning/days.ts; a test compares them.
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)

#: The first days that are allowed where the request names no others (config/bounds.json).
FIRST_DAYS = {"prices": EARLIEST, "chains": date(2015, 1, 1)}


@dataclass(frozen=True)
class Days:
    """The days that a source may have, both ends included."""

    first: date
    last: date

    @classmethod
    def of(cls, request: dict[str, Any], kind: str, today: date | None = None) -> "Days":
        """Days allowed for `prices` or `chains`: the request's first day (`firstDays`) to today, UTC."""
        given = (request.get("firstDays") or {}).get(kind)
        first = FIRST_DAYS[kind] if given is None else date.fromisoformat(given)
        return cls(first, today or datetime.now(UTC).date())

    def fault(self, *, is_late: bool) -> str:
        """Why a day before or after them is refused."""
        if is_late:
            return f"lies after today ({self.last}, UTC)"
        return f"lies before {self.first}, the first day that is allowed (config/bounds.json)"


def plain(number: float) -> str:
    """1000000.0 is "1,000,000", 1e-08 stays as it is."""
    return f"{number:,.16g}"
