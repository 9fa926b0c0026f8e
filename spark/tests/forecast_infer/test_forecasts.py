import dataclasses

import numpy as np
import psycopg
import pytest
from forecast_batches import STARTS, Forecasting

from sevenfold_jobs.common.failures import JobError
from sevenfold_jobs.forecast.series import read_series
from sevenfold_jobs.forecast_infer import forecasts
from sevenfold_jobs.forecast_infer.request import read_request


@pytest.fixture
def made(database_url, make_batch):
    """Connection, request over two windows in works of 7 dates, prices."""
    work = Forecasting(database_url, make_batch)
    request = read_request(work.batch("forecast_infer", taskDates=7).input)
    with psycopg.connect(database_url) as connection:
        yield connection, request, read_series(connection, request.commodity, request.calendar)


def test_dates_made_with_the_rest_of_their_window_are_as_if_made_alone(made):
    connection, request, prices = made
    maker = forecasts.Maker(request, prices, request.works)
    for work in request.works:
        together = maker.make(connection, work)
        alone = forecasts.make_forecasts(connection, request, prices, work)
        for field in dataclasses.fields(alone):
            if field.name != "seconds":
                of = [getattr(each, field.name) for each in (together, alone)]
                np.testing.assert_equal(*of, err_msg=field.name)
        np.testing.assert_array_equal(together.paths(3), alone.paths(3))


def test_a_date_that_cannot_be_made_leaves_the_other_works_of_its_window(made, monkeypatch):
    connection, request, prices = made
    real = forecasts.make_forecasts

    def refusing(connection, request, prices, work):
        if STARTS[3] in work.dates:
            raise JobError("refused")
        return real(connection, request, prices, work)

    monkeypatch.setattr(forecasts, "make_forecasts", refusing)
    maker = forecasts.Maker(request, prices, request.works)
    first, *others = request.works
    with pytest.raises(JobError, match="refused"):
        maker.make(connection, first)
    assert [len(maker.make(connection, work)) for work in others] == [len(work.dates) for work in others]
