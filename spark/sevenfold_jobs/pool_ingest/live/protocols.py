"""Protocols whose name changed at DefiLlama: the approved list and stored history keep the older one."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sevenfold_jobs.common.problems import shown
from sevenfold_jobs.pool_ingest.live.llama import Pool


@dataclass(frozen=True)
class Alias:
    """From run date `since` on the provider says `now` for what it called `before`."""

    before: str
    now: str
    since: date


#: A pool's id stays the same over a rename. src/pools/renamed-protocols.ts has the same list (by a test).
#: The provider publishes no day of a rename: `since` is the first of the year in which it was noticed.
ALIASES = (Alias("morpho-v1", "morpho-blue", date(2026, 1, 1)),)

#: Approved protocols that the server leaves out of `/pools`, so that nobody looks for another name.
LEFT_OUT = frozenset({"aave-v2", "morpho-v0-aavev2", "morpho-v0-compoundv2"})


def approved_name(project: str | None, approved: Collection[str], run_date: date) -> str | None:
    """The name by which the approved list knows a protocol, else the provider's own."""
    if project is None or project in approved:
        return project
    for alias in ALIASES:
        if alias.now == project and alias.since <= run_date and alias.before in approved:
            return alias.before
    return project


def unmatched(approved: Iterable[str], protocols: Collection[str | None]) -> list[str]:
    """One line for the approved protocols that no pool has."""
    missing = sorted(set(approved) - set(protocols))
    left_out = [name for name in missing if name in LEFT_OUT]
    unknown = [name for name in missing if name not in LEFT_OUT]
    said = []
    if unknown:
        said.append(
            f"approved protocols that no pool has: {', '.join(unknown)}; were they renamed? See config/pools"
        )
    if left_out:
        said.append(f"approved protocols that DefiLlama leaves out of its pools: {', '.join(left_out)}")
    return said


def renamed(
    pools: Iterable[Pool], protocol_of: dict[str, str | None], stored: dict[str, str | None]
) -> list[str]:
    """One line for each protocol that known pools have under another name than stored."""
    changes = Counter(
        (before, now)
        for pool in pools
        if (before := stored.get(pool.pool_id)) is not None
        and (now := protocol_of[pool.pool_id]) is not None
        and before != now
    )
    return [
        f"protocol {shown(before)} is called {shown(now)} now ({count} pool{'' if count == 1 else 's'} "
        "with the same id): approve the new name in config/pools"
        for (before, now), count in sorted(changes.items())
    ]
