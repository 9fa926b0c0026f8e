"""Every model's file has what the protocol of its kind says: members, and parameters by name and order."""

import inspect
from types import ModuleType

import pytest

from sevenfold_jobs.forecast import models as forecast_models
from sevenfold_jobs.survival import models as survival_models


def violations(model: object, protocol: type) -> list[str]:
    """What the model lacks of the protocol, in words."""
    found = [f"no {name}" for name in protocol.__annotations__ if not hasattr(model, name)]
    for name, wanted in inspect.getmembers(protocol, inspect.isfunction):
        if name.startswith("_"):
            continue
        function = getattr(model, name, None)
        if not callable(function):
            found.append(f"no {name}()")
            continue
        parameters = [each for each in inspect.signature(wanted).parameters if each != "self"]
        if list(inspect.signature(function).parameters) != parameters:
            found.append(f"{name}{inspect.signature(function)}")
    return found


@pytest.mark.parametrize("name", survival_models.NAMES)
def test_a_survival_model_has_what_its_protocol_says(name):
    assert violations(survival_models.load(name), survival_models.SurvivalModel) == []


@pytest.mark.parametrize("key", forecast_models.keys())
def test_a_forecast_model_has_what_its_protocol_says(key):
    assert violations(forecast_models.load(key), forecast_models.ForecastModel) == []


def test_a_file_that_lacks_something_is_named_with_it():
    lacking = ModuleType("lacking")
    lacking.NAME, lacking.PARAMETERS = "lacking", ()
    lacking.fit = lambda X, time, event: None
    assert violations(lacking, survival_models.SurvivalModel) == [
        "no needs_strata",
        "fit(X, time, event)",
        "no from_parts()",
    ]
