"""What the parameters of models may be: the table that the command line and the workflow read too."""

import difflib
import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.common.resources import text_of

Rule = Mapping[str, Any]


@cache
def table() -> dict[str, Any]:
    """parameters.json: rules by model and parameter, what excludes each other, what fits which target."""
    return json.loads(text_of("cv", "parameters.json"))


def check_values(rules: Mapping[str, Rule], params: Mapping[str, Any], prefix: str = "") -> None:
    """InvalidInput for a value out of its range, with the range; names without a rule are passed over."""
    for name, given in params.items():
        rule = rules.get(name)
        if rule is None:
            continue
        several = rule.get("several") and isinstance(given, list | tuple)
        for value in given if several else [given]:
            if not _may_be(rule, value):
                raise InvalidInput(
                    f"{prefix}{name} is {json.dumps(value)}, but must be {_words(rule, value)}"
                )


def check_conflicts(params: Mapping[str, Any]) -> None:
    """InvalidInput for parameters that exclude each other."""
    for conflict in table()["conflicts"]:
        if all(_meets(rule, params.get(name)) for name, rule in conflict["where"].items()):
            raise InvalidInput(conflict["says"])


def _may_be(rule: Rule, value: Any) -> bool:
    if value is None:
        return bool(rule.get("none"))
    if rule.get("flag"):
        return isinstance(value, bool)
    if "names" in rule:
        return isinstance(value, str) and value in rule["names"]
    return isinstance(value, int | float) and not isinstance(value, bool) and _allows(rule, value)


def _allows(rule: Rule, value: Any) -> bool:
    if "names" in rule:
        return any(type(value) is type(each) and value == each for each in rule["names"])
    if not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if rule.get("whole") and value != int(value):
        return False
    return rule.get("least", -math.inf) <= value <= rule.get("most", math.inf) and rule.get(
        "above", -math.inf
    ) < value < rule.get("below", math.inf)


def _meets(rule: Rule, value: Any) -> bool:
    if value is None or isinstance(value, list | tuple):
        return False
    return value != rule["unlike"] if "unlike" in rule else _allows(rule, value)


def _words(rule: Rule, value: Any) -> str:
    if rule.get("flag"):
        return "true or false"
    if "names" in rule:
        near = difflib.get_close_matches(str(value), rule["names"], 1)
        hint = f": did you mean {near[0]}?" if near else ""
        return f"one of {', '.join(rule['names'])}{hint}"
    if rule.get("whole") and "least" in rule and "most" in rule:
        return f"a whole number from {rule['least']:,} to {rule['most']:,}"
    bounds = {
        "least": "of at least {:,}",
        "above": "above {:,}",
        "most": "at most {:,}",
        "below": "below {:,}",
    }
    return "a number " + " and ".join(
        text.format(rule[name]) for name, text in bounds.items() if name in rule
    )
