"""What a policy file says of capabilities, as pydantic types: names, patterns, effects."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from promptpack.model import CAPABILITIES, EVERY_WIDENING, OTHER_MCP, is_mcp_name
from promptpack.policy.lattice import is_capability
from promptpack.source.closest import find_closest
from promptpack.targets import TARGETS

PATTERN_REGEX = r"^[^\s\\]([^\\]*[^\s\\])?$"

ClosedMapping = Field(json_schema_extra={"additionalProperties": False})
"""What a mapping with a form for its keys says of all other keys."""

TargetMapping = Field(json_schema_extra={"additionalProperties": False, "x-keys": "target"})
"""The same of a mapping whose keys are targets."""

EffectName = Literal["allow", "ask", "deny", "inherit"]


def _check_capability(value: str) -> str:
    if is_capability(value):
        return value
    if value == OTHER_MCP:
        message = f"'{value}' can't be granted; 'default' decides about servers that are not named"
    elif is_mcp_name(value):
        message = (
            f"'{value}' names no MCP server or tool; write 'mcp:<server>' or "
            "'mcp:<server>/<tool>' with letters, digits, '-' and '_', and '_' for any other one"
        )
    else:
        hint = suggest_capability(value)
        message = f"unknown capability '{value}'{f'; {hint}' if hint else ''}"
    raise ValueError(message)


def suggest_capability(name: str, candidates: Iterable[str] = CAPABILITIES) -> str:
    """Return a hint that names the capability of a client's tool, else the closest one, or "".

    >>> suggest_capability("Bash")
    "did you mean 'execute'? 'Bash' is what a client calls that tool"
    """
    key = name.replace("_", "").casefold()
    meanings = [
        capabilities
        for target in TARGETS.values()
        for tool, capabilities in target.tool_names.items()
        if tool.replace("_", "").casefold() == key
    ]
    if meanings:
        meant = " or ".join(f"'{one}'" for one in min(meanings, key=len))
        return f"did you mean {meant}? '{name}' is what a client calls that tool"
    closest = find_closest(name, candidates)
    return f"did you mean '{closest}'?" if closest else ""


def _check_pattern(value: str) -> str:
    if not re.fullmatch(PATTERN_REGEX, value):
        message = (
            f"pattern '{value}' is empty, starts or ends with a space, or contains a backslash"
        )
        raise ValueError(message)
    if value.isdigit() or value.startswith(("~", "$HOME")):
        message = f"pattern '{value}' means different things to different clients"
        raise ValueError(message)
    return value


def _check_order(rules: dict[str, str]) -> dict[str, str]:
    for index, (pattern, effect) in enumerate(rules.items()):
        if pattern == "*" and index:
            message = "'*' matches everything, so it must come first"
            raise ValueError(message)
        if effect == "inherit" and pattern != "*":
            message = f"pattern '{pattern}' can't be 'inherit', only '*' can"
            raise ValueError(message)
    return rules


def tag_rules(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    """Return whether a value is patterns or one effect, by the tag of that form."""
    return "<patterns>" if isinstance(value, dict) else "<effect>"


def _check_accepted_capability(value: str) -> str:
    return value if value in {OTHER_MCP, EVERY_WIDENING} else _check_capability(value)


_CAPABILITIES: dict[str, Any] = {
    "type": "string",
    "anyOf": [{"enum": [*CAPABILITIES]}, {"pattern": "^mcp:"}],
}
Capability = Annotated[str, AfterValidator(_check_capability), WithJsonSchema(_CAPABILITIES)]
AcceptedCapability = Annotated[
    str,
    AfterValidator(_check_accepted_capability),
    WithJsonSchema(
        {**_CAPABILITIES, "anyOf": [*_CAPABILITIES["anyOf"], {"const": EVERY_WIDENING}]}
    ),
]
Pattern = Annotated[
    str,
    AfterValidator(_check_pattern),
    WithJsonSchema({"type": "string", "pattern": PATTERN_REGEX}),
]
Patterns = Annotated[
    dict[Pattern, EffectName],
    Field(
        min_length=1,
        description="an effect for each pattern; the last that matches decides, so '*' comes first",
        json_schema_extra={"additionalProperties": False, "x-patterns": True},
    ),
    AfterValidator(_check_order),
]
Rules = Annotated[
    Annotated[EffectName, Tag("<effect>")] | Annotated[Patterns, Tag("<patterns>")],
    Discriminator(tag_rules),
]
