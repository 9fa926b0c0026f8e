"""Tables of paths by series and model version: no two that could ever exist have one name."""

import itertools

import psycopg
import pytest

SERIES = ("AAA", "AAA_NAIVE", "AAA_NAIVE_0A0B0C", "AAA__NAIVE")
VERSIONS = ("naive", "naive@0a0b0c", "random_walk", "actuals")


def test_every_series_and_version_has_a_table_of_its_own_in_any_order(database_url):
    pairs = list(itertools.product(SERIES, VERSIONS))
    for order in (pairs, pairs[::-1]):
        with psycopg.connect(database_url) as connection:
            leaves = [
                connection.execute("select distributions_leaf(%s, %s)", pair).fetchone()[0] for pair in order
            ]
            assert len(set(leaves)) == len(pairs)
            for (series, version), leaf in zip(order, leaves, strict=True):
                connection.execute(
                    f"insert into {leaf} (path_id, forecast_start_date, data_cutoff_date)"
                    " values (%s, '2025-01-03', '2025-01-02')",
                    [0 if version == "actuals" else 1],
                )
                [found] = connection.execute(
                    "select tableoid::regclass::text from distributions"
                    " where commodity = %s and model_version = %s",
                    [series, version],
                ).fetchone()
                assert found.strip('"') == leaf
            connection.rollback()


def test_the_longest_names_are_kept_whole_and_a_longer_one_is_refused(query):
    longest = "A" * 32
    [(leaf,)] = query("select distributions_leaf(%s, 'random_walk@0a0b0c')", longest)
    assert leaf == f"paths_{longest.lower()}$random_walk$0a0b0c"
    with pytest.raises(psycopg.errors.RaiseException, match="too long for the name of a table"):
        query("select distributions_leaf(%s, %s)", longest, "m" * 25)
