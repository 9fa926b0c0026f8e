"""What a live ingest is asked (docs/live.md)."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sevenfold_jobs.common.bounds import Days
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest.live.bodies import address


@dataclass(frozen=True)
class Request:
    """`symbol_of`: approved symbols by lower-case address; `pegged`: lower-case symbols worth a dollar."""

    dataset: str
    day: date
    symbol_of: dict[str, str]
    pegged: frozenset[str]
    approved_protocols: frozenset[str]
    chain_days: Days
    macro_days: Days
    approved_addresses: set[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "approved_addresses", set(self.symbol_of))

    @classmethod
    def of(cls, given: dict[str, Any], day: date) -> "Request":
        """Raises InvalidInput for what is not there."""
        for name in ("tokens", "approvedProtocols"):
            if not isinstance(given.get(name), list):
                raise InvalidInput(f"A live ingest needs {name}: a list from the run's settings.")
        return cls(
            dataset=given["dataset"],
            day=day,
            symbol_of={
                found: token["symbol"]
                for token in given["tokens"]
                if (found := address(token.get("address"))) is not None
            },
            pegged=frozenset(symbol.lower() for symbol in given.get("peggedTokens", ())),
            approved_protocols=frozenset(given["approvedProtocols"]),
            chain_days=Days.of(given, "chains"),
            macro_days=Days.of(given, "prices"),
        )
