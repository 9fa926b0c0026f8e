"""What is read of the history is what stands in the database, to the last bit and with every odd name."""

from datetime import date, timedelta

import numpy as np
import psycopg
import pytest

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_forecast.reading import as_day, read_known

DAY = date(2025, 6, 1)


def test_names_and_figures_come_as_they_are(database_url):
    odd = {'quo"ted, with a comma': None, "two\nlines": "", "Größe": "aave-v3", "0012": "NaN", "null": "2E2"}
    values = [0.1 + 0.2, 1e-17, 12345.678901234567, 0.0, -1.5]
    with psycopg.connect(database_url) as connection:
        for (pool, protocol), value in zip(odd.items(), values, strict=True):
            connection.execute(
                "insert into pools (dataset, pool_id, protocol, chain, change_seq)"
                " values ('odd', %s, %s, 'Ethereum', 1)",
                [pool, protocol],
            )
            connection.execute(
                "insert into pool_history values ('odd', %s, %s, %s, %s, 1)", [pool, DAY, value, abs(value)]
            )
        known = read_known(connection, "odd", as_day(DAY), as_day(DAY))
        history = known.history.set_index("pool_id")
        assert set(history.index) == set(odd)
        for (pool, protocol), value in zip(odd.items(), values, strict=True):
            row = history.loc[pool]
            assert (row["apy"], row["tvl"], row["day"]) == (value, abs(value), as_day(DAY))
            assert row["protocol"] == protocol or (protocol is None and row["protocol"] is np.nan)
        with pytest.raises(InvalidInput, match="no pool history"):
            read_known(connection, "nobody", as_day(DAY), as_day(DAY))


def test_symbols_in_small_letters_are_the_same_tokens(database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into pools (dataset, pool_id, chain, change_seq) values ('letters', 'p', 'Ethereum', 1)"
        )
        connection.execute("insert into pool_history values ('letters', 'p', %s, 5, 1e6, 1)", [DAY])
        for symbol, day, close in (
            ("eth", DAY, 2500),
            ("Btc", DAY, 99_000),
            ("ETH", DAY - timedelta(1), 2400),
        ):
            connection.execute(
                "insert into token_prices_daily (dataset, symbol, date, close, change_seq)"
                " values ('letters', %s, %s, %s, 1)",
                [symbol, day, close],
            )
        prices = read_known(connection, "letters", as_day(DAY) - 1, as_day(DAY)).prices
        found = {(row.symbol, row.day): row.close for row in prices.itertuples()}
        assert found == {
            ("ETH", as_day(DAY) - 1): 2400,
            ("ETH", as_day(DAY)): 2500,
            ("BTC", as_day(DAY)): 99_000,
        }
