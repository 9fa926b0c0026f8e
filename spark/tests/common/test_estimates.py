"""The planner knows of a table what was written into it, where that is much."""

import psycopg

from sevenfold_jobs.common.estimates import renew_estimates


def test_estimates_are_renewed_where_a_tenth_of_a_table_is_new(database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute("create table filled (id integer) with (autovacuum_enabled = false)")

        def fill(count):
            connection.execute("insert into filled select generate_series(1, %s)", [count])
            renew_estimates(connection, "filled", count)
            [rows] = connection.execute("select reltuples from pg_class where relname = 'filled'").fetchone()
            return rows

        assert fill(999) < 0, "few rows, never looked at"
        assert fill(20_000) == 20_999
        assert fill(1_500) == 20_999, "less than a tenth"
        assert fill(3_000) == 25_499
