"""Accepted answers of a run date, out of `raw_responses`: bytes as they came, checked against their hash."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import psycopg

from sevenfold_jobs.common.failures import InvalidInput

#: An older answer may stand in for so many days; docs/live.md has the list.
ALLOWED_AGE_DAYS = 3
# Charts are large: so many at once are in memory.
_AT_ONCE = 20


@dataclass(frozen=True)
class Response:
    """`day` is the run date it was fetched for."""

    source: str
    key: str
    day: date
    body: bytes

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.source} {self.key}"


def accepted(connection: psycopg.Connection, source: str, day: date) -> Iterator[Response]:
    """The accepted answers of a source for one run date, by key: of each key the earliest attempt."""
    with connection.cursor(name=f"responses_{source.replace('-', '_')}") as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(
            """
            select distinct on (key collate "C") key, body, sha256 from raw_responses
             where source = %s and day = %s and accepted order by key collate "C", attempt
            """,
            (source, day),
        )
        for key, body, sha256 in cursor:
            yield Response(source, key, day, _whole(f"{source} {key} of {day}", body, sha256))


def newest(connection: psycopg.Connection, source: str, day: date) -> tuple[Iterator[Response], date | None]:
    """The answers for `day`, else those of the newest of the days before that may stand in, and that day."""
    [found] = connection.execute(
        "select max(day) from raw_responses where source = %s and accepted and day between %s - %s and %s",
        (source, day, ALLOWED_AGE_DAYS, day),
    ).fetchone()
    return (accepted(connection, source, found) if found else iter(())), found


def _whole(name: str, body: bytes, sha256: str) -> bytes:
    try:
        unpacked = gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        unpacked = None
    if unpacked is None or hashlib.sha256(unpacked).hexdigest() != sha256:
        raise InvalidInput(f"The stored body of {name} is damaged: it is not the one that was accepted.")
    return unpacked
