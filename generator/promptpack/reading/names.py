"""Names and short texts in input files, as pydantic types: what each may look like."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from promptpack.model.languages import LANGUAGE_REGEX
from promptpack.reading.checks import (
    check_argument_names,
    check_distinct,
    check_rule_code,
    check_scalar,
)
from promptpack.reading.regexes import (
    FRAGMENT_REGEX,
    FULL_NAME_REGEX,
    HEAD_FILE_REGEX,
    RULE_CODE_REGEX,
    SLUG_REGEX,
    TEXT_FILE_REGEX,
)
from promptpack.targets.target import MAX_STEM, ORDINALS, STEM_REGEX

Slug = Annotated[str, StringConstraints(pattern=SLUG_REGEX, max_length=64)]
FullName = Annotated[str, StringConstraints(pattern=FULL_NAME_REGEX, max_length=64)]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S[^\n]*$")]
ExpectedText = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


def _mark_name(kind: str) -> Any:  # noqa: ANN401 - pydantic's own type of a field
    """Say of a name what it is of; `editor_schema` puts the names there that are known."""
    return Field(json_schema_extra={"x-kind": kind})


PackName = Annotated[Slug, _mark_name("pack")]
ModelName = Annotated[FullName, _mark_name("model")]
PolicyName = Annotated[FullName, _mark_name("policy")]
TargetName = Annotated[Slug, _mark_name("target")]
LayoutName = Annotated[FullName, _mark_name("layout")]
TextFile = Annotated[str, StringConstraints(pattern=TEXT_FILE_REGEX)]
HeadFile = Annotated[str, StringConstraints(pattern=HEAD_FILE_REGEX)]
FileStem = Annotated[str, StringConstraints(pattern=STEM_REGEX, max_length=MAX_STEM)]
FragmentName = Annotated[str, StringConstraints(pattern=FRAGMENT_REGEX), _mark_name("fragment")]
LanguageTag = Annotated[str, StringConstraints(pattern=LANGUAGE_REGEX)]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


def _check_scalar(value: object) -> object:
    try:
        return check_scalar(value)
    except ValueError as error:
        raise PydanticCustomError("scalar_type", "{reason}", {"reason": str(error)}) from None


ArgumentNames = Annotated[
    list[Variable],
    Field(json_schema_extra={"uniqueItems": True, "maxItems": len(ORDINALS)}),
    AfterValidator(check_distinct),
    AfterValidator(check_argument_names),
]
Scalar = Annotated[
    Any, AfterValidator(_check_scalar), WithJsonSchema({"type": ["string", "boolean", "number"]})
]
_UNIQUE = Field(min_length=1, json_schema_extra={"uniqueItems": True})
DistinctModels = Annotated[list[ModelName], _UNIQUE, AfterValidator(check_distinct)]
DistinctPolicies = Annotated[list[PolicyName], _UNIQUE, AfterValidator(check_distinct)]
DistinctLanguages = Annotated[list[LanguageTag], _UNIQUE, AfterValidator(check_distinct)]
RuleCode = Annotated[
    str,
    AfterValidator(check_rule_code),
    WithJsonSchema({"type": "string", "pattern": RULE_CODE_REGEX}),
]
