import datetime as dt

import numpy as np
import pytest

from sevenfold_jobs.forecast_infer.leakage import Leakage, has_data_leakage, refuse_leakage

TRAINED = dt.date(2021, 1, 1)
READ = dt.date(2020, 12, 31)


def days(*texts):
    return np.array(texts, "datetime64[D]")


def refuse(training_cutoff=READ, starts=("2021-01-05",), cutoffs=("2021-01-04",), targets=("2021-01-05",)):
    refuse_leakage(TRAINED, training_cutoff, days(*starts), days(*cutoffs), days(*targets)[:, None])


def test_a_forecast_of_the_next_day_is_fine():
    refuse()
    refuse(starts=("2021-01-01",), cutoffs=("2020-12-31",), targets=("2021-01-01",))


def test_a_day_leaks_as_soon_as_its_own_row_was_read():
    assert has_data_leakage(days("2021-01-04", "2021-01-05"), days("2021-01-04", "2021-01-04")).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"training_cutoff": TRAINED}, "was fitted on rows up to 2021-01-01"),
        ({"starts": ("2020-12-30",)}, "2020-12-30 lies before its model's training date"),
        ({"cutoffs": ("2021-01-05",)}, "The forecast of 2021-01-05 has read rows up to 2021-01-05"),
        ({"targets": ("2021-01-04",)}, "The forecast of 2021-01-05 has read rows up to 2021-01-04"),
    ],
)
def test_whatever_could_have_seen_its_future_is_refused(given, message):
    with pytest.raises(Leakage, match=message):
        refuse(**given)
