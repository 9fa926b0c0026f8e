"""Boosters of finished blocks, kept in the database: a cache by content."""

import hashlib
from dataclasses import dataclass, field

import psycopg

from sevenfold_jobs.pool_forecast import boosters
from sevenfold_jobs.pool_forecast.reading import as_date

_SELECT = """
    select kind, cutoff - '1970-01-01'::date, fingerprint, model, sha256
      from pool_boosters
     where dataset = %s and cutoff between %s and %s"""

_UPSERT = """
    insert into pool_boosters (dataset, kind, cutoff, fingerprint, model, sha256)
    values (%(dataset)s, %(kind)s, %(cutoff)s, %(fingerprint)s, %(model)s, %(sha256)s)
        on conflict (dataset, kind, cutoff) do update
       set (fingerprint, model, sha256, fitted_at)
         = (excluded.fingerprint, excluded.model, excluded.sha256, clock_timestamp())
     where pool_boosters.sha256 <> excluded.sha256 or pool_boosters.fingerprint <> excluded.fingerprint"""


@dataclass
class StoredBoosters:
    """Those that were there when the job began, and those that it fitted.

    A key is `(kind, cutoff)`, the cutoff in days from 1970-01-01. What is there is used only where its
    fingerprint is the one asked for and its text is undamaged; anything else is fitted anew.
    """

    there: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    made: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    taken: int = 0

    @classmethod
    def read(cls, connection: psycopg.Connection, dataset: str, first: int, last: int) -> "StoredBoosters":
        """Those with a cutoff from day `first` to day `last`."""
        rows = connection.execute(_SELECT, [dataset, as_date(first), as_date(last)])
        return cls(
            {
                (kind, cutoff): (fingerprint, model)
                for kind, cutoff, fingerprint, model, sha256 in rows
                if _sha256(model) == sha256
            }
        )

    def take(self, kind: str, cutoff: int, fingerprint: str) -> boosters.Booster | None:
        """The booster, ready to be asked; None where it must be fitted."""
        known, text = self.there.get((kind, cutoff), (None, ""))
        if known != fingerprint:
            return None
        self.taken += 1
        return boosters.from_text(text)

    def keep(self, kind: str, cutoff: int, fingerprint: str, model: boosters.Booster) -> None:
        """Notes one that was fitted, for `write`."""
        self.made[kind, cutoff] = (fingerprint, boosters.model_text(model))

    def write(self, connection: psycopg.Connection, dataset: str) -> None:
        """Stores what was fitted, in the transaction of the caller."""
        rows = [
            {
                "dataset": dataset,
                "kind": kind,
                "cutoff": as_date(cutoff),
                "fingerprint": fingerprint,
                "model": text,
                "sha256": _sha256(text),
            }
            # In one order: a day and a walk that store the same wait for each other, never in a circle.
            for (kind, cutoff), (fingerprint, text) in sorted(self.made.items())
        ]
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(_UPSERT, rows)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
