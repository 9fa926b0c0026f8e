"""Connections to the database, all with the same settings of their session."""

import os
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

# An environment (PGOPTIONS, PGDATESTYLE, PGTZ), a role or a database may say otherwise, and texts, dates and
# fingerprints depend on it. The same settings stand in src/database/client-options.ts.
SESSION_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "DateStyle": "ISO,MDY",
        "TimeZone": "UTC",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        "bytea_output": "hex",
    }.items()
)


def connect(
    database_url: str, application_name: str, *, options: str = "", **settings: Any
) -> psycopg.Connection:
    """A connection that its name tells from others in `pg_stat_activity`.

    `options` and those of the address itself stay, as far as they do not speak of what is fixed here.
    """
    # These two are sent next to the options, and win over them.
    for name in ("PGDATESTYLE", "PGTZ"):
        os.environ.pop(name, None)
    own = conninfo_to_dict(database_url).get("options") or ""
    together = " ".join(filter(None, [str(own), options, SESSION_OPTIONS]))
    return psycopg.connect(database_url, application_name=application_name, options=together, **settings)
