"""The input files as pydantic models, and so as JSON Schemas for editors.

`validation` turns what they refuse into findings with places.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from promptpack.model import Effort, Mode
from promptpack.reading.permission_types import (
    AcceptedCapability,
    Capability,
    ClosedMapping,
    Rules,
    tag_rules,
)

SLUG_REGEX = r"^[a-z0-9]+(-[a-z0-9]+)*$"

FRAGMENT_REGEX = r"^(\./)?[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*(\.md)?$"

TEXT_FILE_REGEX = r"^\./[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.md$"

RULE_CODE_REGEX = r"^PP[0-9]{3}$"

Slug = Annotated[str, StringConstraints(pattern=SLUG_REGEX, max_length=64)]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S[^\n]*$")]
HEAD_FILE_REGEX = r"^\./[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.head$"

STEM_REGEX = (
    r"^[^\x00-\x20/\\:*?\"<>|.]([^\x00-\x1f/\\:*?\"<>|]*[^\x00-\x20/\\:*?\"<>|.])?"
    r"(/[^\x00-\x20/\\:*?\"<>|.]([^\x00-\x1f/\\:*?\"<>|]*[^\x00-\x20/\\:*?\"<>|.])?)*$"
)
"""The name of a file without its extension, in folders: each name is one on any system."""

TextFile = Annotated[str, StringConstraints(pattern=TEXT_FILE_REGEX)]
HeadFile = Annotated[str, StringConstraints(pattern=HEAD_FILE_REGEX)]
FileStem = Annotated[str, StringConstraints(pattern=STEM_REGEX, max_length=200)]
FragmentName = Annotated[str, StringConstraints(pattern=FRAGMENT_REGEX)]
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


def _tag_reference(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    if isinstance(value, list):
        return "<many>"
    return "<use>" if isinstance(value, (dict, UseEntry)) else "<name>"


def _tag_section(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    return "<parts>" if isinstance(value, dict) and "use" not in value else _tag_reference(value)


def _tag_sections(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    return "<text>" if isinstance(value, str) else "<sections>"


Scalar = Annotated[
    Any, AfterValidator(_check_scalar), WithJsonSchema({"type": ["string", "boolean", "number"]})
]
DistinctNames = Annotated[
    list[Slug],
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_check_distinct),
]
RuleCode = Annotated[
    str,
    AfterValidator(_check_rule_code),
    WithJsonSchema({"type": "string", "pattern": RULE_CODE_REGEX}),
]


class StrictModel(BaseModel):
    """A file or a part of one: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class UseEntry(StrictModel):
    """A reference to a fragment that passes parameters or may be left out."""

    use: FragmentName = Field(
        description="`section/name` from templates, or `./name.md` in the same folder"
    )
    params: Annotated[dict[Variable, Scalar], ClosedMapping] = Field(
        default={}, alias="with", description="values for the fragment's parameters"
    )
    optional: bool = Field(
        default=False, description="leave the fragment out if the policy denies what it needs"
    )


Reference = Annotated[
    Annotated[FragmentName, Tag("<name>")] | Annotated[UseEntry, Tag("<use>")],
    Discriminator(_tag_reference),
]
References = Annotated[list[Reference], Field(min_length=1)]
Uses = Annotated[
    Annotated[FragmentName, Tag("<name>")]
    | Annotated[UseEntry, Tag("<use>")]
    | Annotated[References, Tag("<many>")],
    Discriminator(_tag_reference),
]
SectionEntry = Annotated[
    Annotated[FragmentName, Tag("<name>")]
    | Annotated[UseEntry, Tag("<use>")]
    | Annotated[References, Tag("<many>")]
    | Annotated[dict[Slug, Uses], Tag("<parts>"), Field(min_length=1), ClosedMapping],
    Discriminator(_tag_section),
]
Sections = Annotated[
    Annotated[TextFile, Tag("<text>")]
    | Annotated[dict[Slug, SectionEntry], Tag("<sections>"), Field(min_length=1), ClosedMapping],
    Discriminator(_tag_sections),
]
NameOrNames = Annotated[
    Annotated[Slug, Tag("<name>")] | Annotated[list[Slug], Tag("<many>")],
    Discriminator(_tag_reference),
]


class When(StrictModel):
    """The variants that this applies to: those with these models and these policies."""

    model: NameOrNames | None = None
    policy: NameOrNames | None = None


class DefaultVariant(StrictModel):
    """The variant that is shown first."""

    model: Slug
    policy: Slug


class OverrideEntry(StrictModel):
    """What some variants have otherwise; at least one of the keys besides `when`."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["drop"]}, {"required": ["effort"]}]}
    )

    when: When
    drop: list[Slug] = Field(default=[], min_length=1, description="sections to leave out")
    effort: Effort | None = Field(
        default=None, description="reasoning effort, in place of the pack's"
    )

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if self.model_fields_set <= {"when"}:
            message = "an override needs 'drop' or 'effort'"
            raise ValueError(message)
        return self


class VariantsEntry(StrictModel):
    """The models and policies; each combination is a variant."""

    default: DefaultVariant
    model: DistinctNames
    policy: DistinctNames
    exclude: list[When] = []
    overrides: list[OverrideEntry] = []


class AcceptEntry(StrictModel):
    """A widened permission that is accepted, and the reason."""

    target: Slug
    capability: Annotated[
        Annotated[AcceptedCapability, Tag("<name>")]
        | Annotated[list[AcceptedCapability], Tag("<many>")],
        Discriminator(_tag_reference),
    ] = Field(
        description=(
            "the capability that the client may grant more widely, or leave nothing of; 'mcp:*' "
            "means every server that is not named, 'all' whatever the client can't hold back"
        )
    )
    reason: Annotated[Text, StringConstraints(min_length=10)]
    when: When = When()


class IgnoreEntry(StrictModel):
    """A rule to ignore, and the reason."""

    rule: RuleCode = Field(
        description="the rule's code; `promptpack explain PPnnn` prints the rule's page"
    )
    reason: Annotated[Text, StringConstraints(min_length=10)]
    where: Text | None = Field(
        default=None,
        description="ignore the rule only in this file; write the path as lint prints it",
    )


class ClientEntry(StrictModel):
    """What differs for one client; what is left out is as in the pack."""

    name: Text | None = Field(
        default=None,
        description=(
            "what the client calls the agent; the file keeps its name. "
            "In most clients it is the name by which the agent is started"
        ),
    )
    description: str | None = None
    model: Text | None = Field(default=None, description="the model's id, as this client writes it")
    policy: Annotated[
        Annotated[Slug, Tag("<effect>")]
        | Annotated[dict[Slug, Slug], Tag("<patterns>"), ClosedMapping],
        Discriminator(tag_rules),
    ] = Field(
        default={},
        description=(
            "the policy that this client gets: one for all variants, "
            "or one in place of each policy of the pack that is named"
        ),
    )
    prompt: TextFile | None = Field(
        default=None,
        description="a file beside the pack with the whole prompt; it is text, not a template",
    )
    head: HeadFile | None = Field(
        default=None,
        description=(
            "a file beside the pack with the front matter that is kept; "
            "only what the pack says otherwise is replaced"
        ),
    )
    file: FileStem | None = Field(
        default=None,
        description=(
            "what the client's file is called, without its extension; default: the pack's name"
        ),
    )
    newlines: Literal["lf", "crlf"] = Field(default="lf", description="what ends each line")
    bom: bool = Field(default=False, description="whether the file begins with a byte-order mark")
    extra: dict[str, Any] = Field(
        default={},
        description=(
            "keys of the client's file; the page on targets lists those that each client takes"
        ),
    )


class PackFile(StrictModel):
    """`packs/<name>/pack.yaml`: one agent, authored once."""

    name: Slug = Field(
        description=(
            "the name of the pack's folder, and the file name (without extension) in every client"
        )
    )
    title: Text
    description: str = Field(
        default="", description="when to use the agent; a few clients refuse a file without one"
    )
    mode: Mode = "subagent"
    temperature: float | None = Field(default=None, ge=0, le=2)
    effort: Effort | None = Field(
        default=None, description="reasoning effort; left out where a model or a client takes none"
    )
    tags: list[Slug] = []
    vars: Annotated[dict[Variable, Scalar], ClosedMapping] = {}
    sections: Sections = Field(
        description=(
            "the sections by name, or `./prompt.md`: a file beside the pack whose headings are the "
            "sections; it is text, not a template"
        )
    )
    variants: VariantsEntry
    accept: list[AcceptEntry] = []
    ignore: list[IgnoreEntry] = Field(
        default=[], description="rules of `promptpack lint` to ignore"
    )
    targets: list[Slug] = Field(default=[], description="the clients to render for; default: all")
    clients: Annotated[dict[Slug, ClientEntry], ClosedMapping] = Field(
        default={}, description="what differs for one client, by target"
    )


class ProjectFile(StrictModel):
    """`promptpack.yaml`, beside `packs/`: what all packs of the project share."""

    targets: list[Slug] = Field(
        default=[], description="the clients of each pack that names none itself; default: all"
    )
    accept: list[AcceptEntry] = Field(
        default=[],
        description="widened permissions that are accepted in every pack, after its own entries",
    )


class ModelFile(StrictModel):
    """`templates/models/<name>.yaml`: a language model and its id in each client."""

    title: Text
    family: Slug
    layout: Slug = Field(description="templates/layouts/<layout>.md.j2")
    context_window: int | None = Field(
        default=None, gt=0, description="tokens; left out where it is not known"
    )
    prompt_budget: int | None = Field(
        default=None,
        gt=0,
        description="the longest prompt for this model, in estimated tokens; default: no limit",
    )
    temperature: bool = Field(default=True, description="whether the model accepts a temperature")
    effort: bool = Field(default=True, description="whether the model accepts a reasoning effort")
    ids: Annotated[dict[Slug, Text], ClosedMapping] = {}


class PolicyFile(StrictModel):
    """`templates/policies/<name>.yaml`: what an agent may do."""

    title: Text
    summary: Text
    default: Literal["deny", "inherit"]
    capabilities: dict[Capability, Rules]


class FragmentFrontMatter(StrictModel):
    """The front matter of `templates/fragments/<section>/<name>.md`."""

    title: Text | None = None
    summary: Text | None = None
    needs: list[Capability] = []
    params: Annotated[dict[Variable, Scalar | None], ClosedMapping] = Field(
        default={}, description="default values; null means that each use must give a value"
    )


FILE_MODELS: Mapping[str, type[StrictModel]] = {
    "pack": PackFile,
    "project": ProjectFile,
    "model": ModelFile,
    "policy": PolicyFile,
    "fragment": FragmentFrontMatter,
}
"""The kinds of input file, by the name `promptpack schema` knows them by."""


def make_json_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an input file or a report."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **kind.model_json_schema()}
