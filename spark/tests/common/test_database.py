"""The formats of a session depend on nothing outside of it: fingerprints are made of its texts."""

import pytest

from sevenfold_jobs.common.database import connect

TEXTS = """
select date '2025-09-01'::text, timestamptz '2025-09-01 00:00+00'::text, interval '1 day 2 hours'::text,
       (0.1::float8 + 0.2)::text
"""
OURS = ("2025-09-01", "2025-09-01 00:00:00+00", "1 day 02:00:00", "0.30000000000000004")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"PGDATESTYLE": "German", "PGTZ": "Asia/Tokyo"},
        {"PGOPTIONS": "-c datestyle=German -c timezone=Asia/Tokyo -c intervalstyle=iso_8601"},
    ],
)
def test_variables_of_the_environment_change_no_text(database_url, monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with connect(database_url, "test") as connection:
        assert connection.execute(TEXTS).fetchone() == OURS


def test_options_of_the_address_and_of_the_caller_stay(database_url):
    address = f"{database_url}?options=-c%20work_mem%3D5MB%20-c%20datestyle%3DGerman"
    with connect(address, "a name", options="-c statement_timeout=2000", autocommit=True) as connection:
        assert connection.execute(TEXTS).fetchone() == OURS
        query = """select current_setting('work_mem'), current_setting('statement_timeout'),
                          current_setting('application_name')"""
        assert connection.execute(query).fetchone() == ("5MB", "2s", "a name")
