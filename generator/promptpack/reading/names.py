"""Names and short texts in input files, as pydantic types: what each may look like."""

import re
from collections import Counter
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from promptpack.targets.target import MAX_STEM, STEM_REGEX

SLUG_REGEX = r"^[a-z0-9]+(-[a-z0-9]+)*$"

_SLUG = SLUG_REGEX.strip("^$")
VARIANT_REGEX = rf"^{_SLUG}\.{_SLUG}$"

FRAGMENT_REGEX = r"^(\./)?[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*(\.md)?$"

TEXT_FILE_REGEX = r"^\./[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.md$"

RULE_CODE_REGEX = r"^PP[0-9]{3}$"

Slug = Annotated[str, StringConstraints(pattern=SLUG_REGEX, max_length=64)]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S[^\n]*$")]
ExpectedText = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
HEAD_FILE_REGEX = r"^\./[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.head$"


def _mark_name(kind: str) -> Any:  # noqa: ANN401 - pydantic's own type of a field
    """Say of a name what it is of; `editor_schema` puts the names there that are known."""
    return Field(json_schema_extra={"x-kind": kind})


PackName = Annotated[Slug, _mark_name("pack")]
ModelName = Annotated[Slug, _mark_name("model")]
PolicyName = Annotated[Slug, _mark_name("policy")]
TargetName = Annotated[Slug, _mark_name("target")]
LayoutName = Annotated[Slug, _mark_name("layout")]
TextFile = Annotated[str, StringConstraints(pattern=TEXT_FILE_REGEX)]
HeadFile = Annotated[str, StringConstraints(pattern=HEAD_FILE_REGEX)]
FileStem = Annotated[str, StringConstraints(pattern=STEM_REGEX, max_length=MAX_STEM)]
FragmentName = Annotated[str, StringConstraints(pattern=FRAGMENT_REGEX), _mark_name("fragment")]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


def _check_rule_code(value: str) -> str:
    if not re.fullmatch(RULE_CODE_REGEX, value):
        message = f"'{value}' is not a rule code; a rule code looks like 'PP506'"
        raise ValueError(message)
    return value


def _check_scalar(value: object) -> object:
    if not isinstance(value, (str, bool, int, float)):
        raise PydanticCustomError("scalar_type", "not a single value")
    return value


def _check_distinct(names: list[str]) -> list[str]:
    ((name, count),) = Counter(names).most_common(1)
    if count > 1:
        message = f"'{name}' is listed twice"
        raise ValueError(message)
    return names


Scalar = Annotated[
    Any, AfterValidator(_check_scalar), WithJsonSchema({"type": ["string", "boolean", "number"]})
]
_UNIQUE = Field(min_length=1, json_schema_extra={"uniqueItems": True})
DistinctModels = Annotated[list[ModelName], _UNIQUE, AfterValidator(_check_distinct)]
DistinctPolicies = Annotated[list[PolicyName], _UNIQUE, AfterValidator(_check_distinct)]
RuleCode = Annotated[
    str,
    AfterValidator(_check_rule_code),
    WithJsonSchema({"type": "string", "pattern": RULE_CODE_REGEX}),
]
