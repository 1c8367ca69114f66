"""The keys of an OpenCode file and the values that they take.

`KEY_CHECKS` are for what promptpack writes, `LOADED_VALUES` for what the client takes.
"""

import re
from collections.abc import Mapping
from typing import Any

from promptpack.model import Effort
from promptpack.patterns import compile_late
from promptpack.targets.extras import Extra, is_number, make_count, make_flag, make_share

PLAIN = frozenset({"webfetch", "websearch", "todowrite", "question", "doom_loop"})
MODES = ("subagent", "primary", "all")
EFFECTS = ("allow", "ask", "deny")
FORMS = {"model": ": write provider/model"}
_INTEGER_END = 2**53
_COLOR = compile_late(r"#[0-9a-fA-F]{6}|primary|secondary|accent|success|warning|error|info")
EXTRAS: Mapping[str, Extra] = {
    "color": Extra(
        "#rrggbb or one of primary, secondary, accent, success, warning, error, info",
        lambda v: isinstance(v, str) and _COLOR.fullmatch(v) is not None,
        "shows the agent in this color",
    ),
    "hidden": make_flag("leaves the agent out of the list of agents"),
    "steps": make_count("stops the agent after so many steps"),
    "top_p": make_share("limits the model to the likelier words"),
}
EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")
"""The variants that models have; other efforts are variants of some."""

KEY_CHECKS: Mapping[str, Any] = {
    "name": lambda v: isinstance(v, str),
    "description": lambda v: isinstance(v, str),
    "mode": lambda v: v in MODES,
    "model": lambda v: isinstance(v, str) and re.fullmatch(r"[^/\s]+/\S+", v) is not None,
    "temperature": is_number,
    "variant": lambda v: isinstance(v, str),
    "disable": lambda v: isinstance(v, bool),
    "permission": lambda v: v in EFFECTS if isinstance(v, str) else _is_valid_permission(v),
}
LOADED_VALUES: Mapping[str, Any] = {
    **KEY_CHECKS,
    "model": lambda v: isinstance(v, str),
    "color": EXTRAS["color"].accepts,
    "hidden": EXTRAS["hidden"].accepts,
    "top_p": is_number,
    **dict.fromkeys(
        ("steps", "maxSteps"), lambda v: is_number(v) and 0 < v < _INTEGER_END and v % 1 == 0
    ),
    "permission": lambda v: v in EFFECTS if isinstance(v, str) else _is_loaded_permission(v),
    "options": lambda v: isinstance(v, dict),
    "tools": lambda v: isinstance(v, dict) and all(isinstance(one, bool) for one in v.values()),
}


def _is_valid_permission(value: object) -> bool:
    return isinstance(value, dict) and all(_is_valid_rule(*item) for item in value.items())


def _is_loaded_permission(value: object) -> bool:
    """Tell whether OpenCode loads a permission map; one without patterns has no effect."""
    rules = value.items() if isinstance(value, dict) else ()
    return isinstance(value, dict) and all(
        _is_valid_rule(key, rule) or (rule == {} and key not in PLAIN) for key, rule in rules
    )


def _is_valid_rule(key: object, rule: object) -> bool:
    if not isinstance(rule, dict):
        return rule in EFFECTS
    return bool(rule) and key not in PLAIN and all(effect in EFFECTS for effect in rule.values())
