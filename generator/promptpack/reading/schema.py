"""The input files as pydantic models, and so as JSON Schemas for editors.

`validation` turns what they refuse into findings with places.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from promptpack.model import Effort, Kind, Mode
from promptpack.reading.checks import check_expectation, check_override
from promptpack.reading.names import (
    ArgumentNames,
    DistinctLanguages,
    DistinctModels,
    DistinctPolicies,
    ExpectedText,
    FileStem,
    FullName,
    HeadFile,
    LanguageTag,
    LayoutName,
    ModelName,
    PolicyName,
    RuleCode,
    Scalar,
    Slug,
    TargetName,
    Text,
    TextFile,
    Variable,
)
from promptpack.reading.permission_types import (
    AcceptedCapability,
    Capability,
    ClosedMapping,
    Rules,
    TargetMapping,
    tag_rules,
)
from promptpack.reading.section_types import Sections, StrictModel, tag_reference

ModelNames = Annotated[
    Annotated[ModelName, Tag("<name>")] | Annotated[list[ModelName], Tag("<many>")],
    Discriminator(tag_reference),
]
PolicyNames = Annotated[
    Annotated[PolicyName, Tag("<name>")] | Annotated[list[PolicyName], Tag("<many>")],
    Discriminator(tag_reference),
]
TargetNames = Annotated[
    Annotated[TargetName, Tag("<name>")] | Annotated[list[TargetName], Tag("<many>")],
    Discriminator(tag_reference),
]
LanguageTags = Annotated[
    Annotated[LanguageTag, Tag("<name>")] | Annotated[list[LanguageTag], Tag("<many>")],
    Discriminator(tag_reference),
]


class When(StrictModel):
    """The variants that this applies to: those with these models and these policies."""

    model: ModelNames | None = Field(default=None, description="a model, or a list of models")
    policy: PolicyNames | None = Field(default=None, description="a policy, or a list of policies")


class ExcludeWhen(When):
    """The variants that are left out: of these models, these policies and these languages."""

    language: LanguageTags | None = Field(
        default=None, description="a language, or a list of languages"
    )


class DefaultVariant(StrictModel):
    """The variant that is shown first."""

    model: ModelName = Field(description="one of the models below")
    policy: PolicyName = Field(description="one of the policies below")


class OverrideEntry(StrictModel):
    """What some variants have otherwise; at least one of the keys besides `when`."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["drop"]}, {"required": ["effort"]}]}
    )

    when: When = Field(description="the variants that this is about")
    drop: list[Slug] = Field(default=[], min_length=1, description="sections to leave out")
    effort: Effort | None = Field(
        default=None, description="reasoning effort, in place of the pack's"
    )

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        check_override(self.model_fields_set)
        return self


class VariantsEntry(StrictModel):
    """The models, policies and languages; each combination is a variant."""

    default: DefaultVariant = Field(
        description="the variant that is shown and installed unless another one is named"
    )
    model: DistinctModels = Field(description="the models, from templates/models")
    policy: DistinctPolicies = Field(description="the policies, from templates/policies")
    language: DistinctLanguages = Field(
        default=[],
        description=(
            "the languages as BCP 47 tags, such as 'de' or 'pt-BR', "
            "the one of the pack's own text first; default: one, without a name"
        ),
    )
    exclude: list[ExcludeWhen] = Field(default=[], description="combinations that are no variants")
    overrides: list[OverrideEntry] = Field(
        default=[], description="what some variants have otherwise"
    )


class AcceptEntry(StrictModel):
    """A widened permission that is accepted, and the reason."""

    target: TargetName = Field(description="the client in which it is accepted")
    capability: Annotated[
        Annotated[AcceptedCapability, Tag("<name>")]
        | Annotated[list[AcceptedCapability], Tag("<many>")],
        Discriminator(tag_reference),
    ] = Field(
        description=(
            "the capability that the client may grant more widely, or leave nothing of; 'mcp:*' "
            "means every server that is not named, 'all' whatever the client can't hold back"
        )
    )
    reason: Annotated[Text, StringConstraints(min_length=10)] = Field(
        description="why this is acceptable, in a sentence for a reviewer"
    )
    when: When = Field(default=When(), description="the variants; default: all")


class IgnoreEntry(StrictModel):
    """A rule to ignore, and the reason."""

    rule: RuleCode = Field(
        description="the rule's code; `promptpack explain PPnnn` prints the rule's page"
    )
    reason: Annotated[Text, StringConstraints(min_length=10)] = Field(
        description="why it is ignored, in a sentence for a reviewer"
    )
    where: Text | None = Field(
        default=None,
        description="ignore the rule only in this file; write the path as lint prints it",
    )


class ExpectWhen(ExcludeWhen):
    """The prompts that an expectation is about: of these variants, for these clients."""

    target: TargetNames | None = Field(default=None, description="a client, or a list of clients")


class ExpectEntry(StrictModel):
    """What prompts have to hold: one of `contains`, `absent` and `max_tokens`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key]} for key in ("contains", "absent", "max_tokens")]
        }
    )

    contains: ExpectedText | None = Field(
        default=None, description="text that has to be in the prompt, white space aside"
    )
    absent: ExpectedText | None = Field(
        default=None, description="text that may not be in the prompt, white space aside"
    )
    max_tokens: int | None = Field(
        default=None, gt=0, description="the most tokens that the prompt may have, as estimated"
    )
    when: ExpectWhen = Field(default=ExpectWhen(), description="the prompts; default: all")

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        check_expectation({key: getattr(self, key) for key in self.model_fields_set})
        return self


class ClientEntry(StrictModel):
    """What differs for one client; what is left out is as in the pack."""

    name: Text | None = Field(
        default=None,
        description=(
            "what the client calls the agent; the file keeps its name. "
            "In most clients it is the name by which the agent is started"
        ),
    )
    description: str | None = Field(
        default=None, description="when to use the agent, in place of the pack's description"
    )
    model: Text | None = Field(default=None, description="the model's id, as this client writes it")
    policy: Annotated[
        Annotated[PolicyName, Tag("<effect>")]
        | Annotated[dict[FullName, PolicyName], Tag("<patterns>"), ClosedMapping],
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
    persona: bool = Field(
        default=False,
        description="for AGENTS.md: the whole agent, and not only the sections that are rules",
    )
    extra: dict[str, Any] = Field(
        default={},
        description=(
            "keys of the client's file; the page on targets lists those that each client takes"
        ),
    )


class TranslationEntry(StrictModel):
    """What a pack says in one more language; what is left out is as in the pack."""

    title: Text | None = Field(default=None, description="the agent's name in words")
    description: str | None = Field(
        default=None,
        description="when to use the agent; what `clients` says for one client goes before it",
    )
    titles: Annotated[dict[Slug, Text], ClosedMapping] = Field(
        default={}, description="the headings of sections"
    )


class PackFile(StrictModel):
    """`packs/<name>/pack.yaml`: one agent or command, authored once."""

    name: Slug = Field(
        description=(
            "the name of the pack's folder, and the file name (without extension) in every client"
        )
    )
    title: Text = Field(description="the agent's name in words: the prompt's heading")
    description: str = Field(
        default="", description="when to use the agent; a few clients refuse a file without one"
    )
    kind: Kind = Field(
        default="agent",
        description="an agent, or a `command`: a prompt that a user calls by its name",
    )
    argument_hint: Text | None = Field(
        default=None, description="of a command: what a user is shown to write after its name"
    )
    arguments: ArgumentNames = Field(
        default=[],
        description=(
            "of a command: names for the single arguments, in the order in which a user writes "
            "them; templates read each as `argument.<name>`"
        ),
    )
    agent: Text | None = Field(
        default=None, description="of a command: the client's agent that runs it"
    )
    mode: Mode = Field(
        default="subagent",
        description="whether users start the agent, other agents do (`subagent`), or both",
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="left out where a model or a client takes none"
    )
    effort: Effort | None = Field(
        default=None, description="reasoning effort; left out where a model or a client takes none"
    )
    tags: list[Slug] = Field(default=[], description="words to find the pack by on the site")
    vars: Annotated[dict[Variable, Scalar], ClosedMapping] = Field(
        default={}, description="values that templates read as `vars.<name>`"
    )
    sections: Sections = Field(
        description=(
            "the sections by name, or `./prompt.md`: a file beside the pack whose headings are the "
            "sections; it is text, not a template"
        )
    )
    titles: Annotated[dict[Slug, Text], ClosedMapping] = Field(
        default={}, description="the headings of sections, where their names don't say them"
    )
    variants: VariantsEntry = Field(
        description="the models, policies and languages; each combination is a variant"
    )
    translations: Annotated[dict[LanguageTag, TranslationEntry], ClosedMapping] = Field(
        default={}, description="what the pack says in its other languages, by language"
    )
    accept: list[AcceptEntry] = Field(
        default=[], description="permissions that a client can't hold back, accepted with a reason"
    )
    ignore: list[IgnoreEntry] = Field(
        default=[], description="rules of `promptpack lint` to ignore"
    )
    expect: list[ExpectEntry] = Field(
        default=[], description="what the prompts have to hold, or the build stops"
    )
    targets: list[TargetName] = Field(
        default=[],
        description="the clients to render for; default: all but those that have to be named",
    )
    clients: Annotated[dict[Slug, ClientEntry], TargetMapping] = Field(
        default={}, description="what differs for one client, by target"
    )


class ModelFile(StrictModel):
    """`templates/models/<name>.yaml`: a language model and its id in each client."""

    title: Text = Field(description="the model's name in words")
    family: Slug = Field(description="what templates read as `model.family`, such as 'claude'")
    layout: LayoutName = Field(description="templates/layouts/<layout>.md.j2")
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
    ids: Annotated[dict[Slug, Text], TargetMapping] = Field(
        default={}, description="the model's id in each client, by target"
    )


class PolicyFile(StrictModel):
    """`templates/policies/<name>.yaml`: what an agent may do."""

    title: Text = Field(description="the policy's name in words")
    summary: Text = Field(description="what an agent with this policy may do, in one sentence")
    default: Literal["deny", "inherit"] = Field(
        description="what holds for all that is not named: `inherit` leaves it to the client"
    )
    capabilities: dict[Capability, Rules] = Field(
        description="what may be done: allow, ask, deny or inherit, or one of these per pattern"
    )


class FragmentFrontMatter(StrictModel):
    """The front matter of `templates/fragments/<section>/<name>.md`."""

    title: Text | None = Field(default=None, description="the fragment's name in words")
    summary: Text | None = Field(default=None, description="what it says, in one sentence")
    needs: list[Capability] = Field(
        default=[], description="capabilities without which the fragment makes no sense"
    )
    params: Annotated[dict[Variable, Scalar | None], ClosedMapping] = Field(
        default={}, description="default values; null means that each use must give a value"
    )
    verbatim: bool = Field(
        default=False,
        description="the text is data, no template, and its white space stays as it is",
    )
