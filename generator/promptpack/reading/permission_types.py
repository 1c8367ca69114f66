"""What a policy file says of capabilities, as pydantic types: names, patterns, effects."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from promptpack.model import CAPABILITIES, EVERY_WIDENING
from promptpack.reading.checks import (
    check_accepted_capability,
    check_capability,
    check_order,
    check_pattern,
)
from promptpack.reading.regexes import PATTERN_REGEX

ClosedMapping = Field(json_schema_extra={"additionalProperties": False})
"""What a mapping with a form for its keys says of all other keys."""

TargetMapping = Field(json_schema_extra={"additionalProperties": False, "x-keys": "target"})
"""The same of a mapping whose keys are targets."""

EffectName = Literal["allow", "ask", "deny", "inherit"]


def tag_rules(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    """Return whether a value is patterns or one effect, by the tag of that form."""
    return "<patterns>" if isinstance(value, dict) else "<effect>"


_CAPABILITIES: dict[str, Any] = {
    "type": "string",
    "anyOf": [{"enum": [*CAPABILITIES]}, {"pattern": "^mcp:"}],
}
Capability = Annotated[str, AfterValidator(check_capability), WithJsonSchema(_CAPABILITIES)]
AcceptedCapability = Annotated[
    str,
    AfterValidator(check_accepted_capability),
    WithJsonSchema(
        {**_CAPABILITIES, "anyOf": [*_CAPABILITIES["anyOf"], {"const": EVERY_WIDENING}]}
    ),
]
Pattern = Annotated[
    str,
    AfterValidator(check_pattern),
    WithJsonSchema({"type": "string", "pattern": PATTERN_REGEX}),
]
Patterns = Annotated[
    dict[Pattern, EffectName],
    Field(
        min_length=1,
        description="an effect for each pattern; the last that matches decides, so '*' comes first",
        json_schema_extra={"additionalProperties": False, "x-patterns": True},
    ),
    AfterValidator(check_order),
]
Rules = Annotated[
    Annotated[EffectName, Tag("<effect>")] | Annotated[Patterns, Tag("<patterns>")],
    Discriminator(tag_rules),
]
