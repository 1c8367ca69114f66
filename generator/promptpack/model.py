"""The nouns of promptpack as immutable values. This module imports nothing of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Mode = Literal["subagent", "primary", "all"]
Severity = Literal["error", "warning"]
LossKind = Literal["narrowed", "dropped", "advisory", "widened"]

CAPABILITIES = (
    *("read", "list", "glob", "grep", "edit", "write", "patch", "execute"),
    *("web_fetch", "web_search", "todo", "task", "skill", "question"),
)
"""What an agent may be able to do, in client-neutral words; `mcp:<server>[/<tool>]` joins them."""

PATTERNED = frozenset({"read", "edit", "execute", "web_fetch", "task"})
"""The capabilities whose policy may be an ordered list of patterns."""

OTHER_MCP = "mcp:*"
"""Every MCP server that a policy does not name; used in comparisons, never written by an author."""


class Origin(NamedTuple):
    """Where a line came from: a POSIX path relative to the project, and a line from 1."""

    path: str
    line: int


class Line(NamedTuple):
    """One line of a prompt, without its newline, and where its text was written."""

    text: str
    origin: Origin


class Finding(NamedTuple):
    """Something a rule says about one place in one source file; line and column count from 1."""

    code: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    hint: str = ""
    excerpt: str = ""
    width: int = 1


class UserError(Exception):
    """The one exception for what the user can mend: it carries every finding, not one only."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(f"{f.path}:{f.line}: {f.message}" for f in findings))
        self.findings = findings


class Effect(StrEnum):
    """What a policy says about a capability. `inherit` leaves it to the client's own default."""

    DENY = "deny"
    ASK = "ask"
    ALLOW = "allow"
    INHERIT = "inherit"


class Rule(NamedTuple):
    """An effect for whatever the pattern matches: `*` any run of characters, `?` exactly one."""

    pattern: str
    effect: Effect


Grant = tuple[Rule, ...]
"""The ordered rules of one capability, general first. The first matches all; the last decides."""


@dataclass(frozen=True)
class Policy:
    """What an agent may do: a grant for each named capability and a default for the others."""

    default: Effect
    grants: Mapping[str, Grant] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""
    title: str = ""
    summary: str = ""
    path: str = ""
    shadows: str = ""

    def grant(self, capability: str) -> Grant:
        """Return the rules for a capability; an MCP tool falls back to its server, then all."""
        named = self.grants.get(capability) or self.grants.get(capability.partition("/")[0])
        return named or (Rule("*", self.default),)


@dataclass(frozen=True)
class Model:
    """A language model: its family and layout, limits in tokens, and its id in each client."""

    name: str
    title: str = ""
    family: str = ""
    layout: str = ""
    context_window: int = 0
    prompt_budget: int = 0
    temperature: bool = True
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    path: str = ""
    shadows: str = ""


@dataclass(frozen=True)
class Source:
    """A template file as it was read; `library` is true for the standard library's own."""

    name: str
    path: str
    text: str
    library: bool = False
    shadows: str = ""


@dataclass(frozen=True)
class Fragment(Source):
    """One idea of prompt text. `body` keeps the source's line numbers: its head is blanked."""

    body: str = ""
    title: str = ""
    summary: str = ""
    needs: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    pack: str = ""


@dataclass(frozen=True)
class Use:
    """One reference from a pack to a fragment, with its parameters and its place in the pack."""

    fragment: str
    origin: Origin
    column: int
    params: Mapping[str, Any]
    optional: bool = False


class Part(NamedTuple):
    """A named half of a section (such as `in` and `out` of the scope); unnamed when it is all."""

    name: str
    uses: tuple[Use, ...]


class Section(NamedTuple):
    """A named part of a prompt, in pack order."""

    name: str
    parts: tuple[Part, ...]


class Condition(NamedTuple):
    """Which variants something concerns: those of the named models and policies; () means any."""

    models: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()

    def holds(self, model: str, policy: str) -> bool:
        """Tell whether the variant of this model and policy is meant."""
        asked = zip(self, (model, policy), strict=True)
        return all(not names or name in names for names, name in asked)


class Override(NamedTuple):
    """Sections that some variants leave out."""

    when: Condition
    drop: tuple[str, ...]


class Accept(NamedTuple):
    """A widening that somebody decided to live with, and why."""

    target: str
    capability: str
    reason: str
    when: Condition
    origin: Origin


class Ignore(NamedTuple):
    """A rule that a pack lives with, and why; `where` is the one file it is about, or empty."""

    rule: str
    reason: str
    where: str
    origin: Origin


@dataclass(frozen=True)
class Pack:
    """One agent, authored once."""

    name: str
    title: str
    description: str
    mode: Mode
    temperature: float | None
    tags: tuple[str, ...]
    vars: Mapping[str, Any]
    sections: tuple[Section, ...]
    default: tuple[str, str]
    models: tuple[str, ...]
    policies: tuple[str, ...]
    exclude: tuple[Condition, ...]
    overrides: tuple[Override, ...]
    accept: tuple[Accept, ...]
    targets: tuple[str, ...]
    path: str
    ignore: tuple[Ignore, ...] = ()


@dataclass(frozen=True)
class Project:
    """Everything that was read: packs and the templates they can use by name, texts by path."""

    packs: Mapping[str, Pack]
    models: Mapping[str, Model]
    policies: Mapping[str, Policy]
    fragments: Mapping[str, Fragment]
    layouts: Mapping[str, Source]
    sources: Mapping[str, str]


@dataclass(frozen=True)
class Variant:
    """One pack x model x policy, fully resolved."""

    pack: Pack
    model: Model
    policy: Policy
    sections: tuple[Section, ...]
    accept: tuple[Accept, ...]

    @property
    def name(self) -> str:
        """The variant's name within its pack: `<model>.<policy>`."""
        return f"{self.model.name}.{self.policy.name}"

    @property
    def is_default(self) -> bool:
        """Tell whether this is the variant that the pack names as its default."""
        return self.pack.default == (self.model.name, self.policy.name)


@dataclass(frozen=True)
class Agent:
    """The client-neutral result: what an agent is called, may do and is told."""

    name: str
    description: str
    mode: Mode
    model: Model
    temperature: float | None
    policy: Policy
    body: tuple[Line, ...]
    accepted: frozenset[str] = frozenset()
    """Capabilities that this target may grant more widely than the policy says."""

    @property
    def prompt(self) -> str:
        """The prompt as text: every line ended by a newline."""
        return "".join(f"{line.text}\n" for line in self.body)


class Loss(NamedTuple):
    """Where `decode(encode(agent))` differs from `agent`: in a capability, or in a head field."""

    subject: str
    is_field: bool
    kind: LossKind
    wanted: str
    got: str
    reason: str
    accepted: str = ""  # the pack's reason for living with a widening


@dataclass(frozen=True)
class Artifact:
    """One emitted file; `path` is POSIX and relative to the output folder."""

    path: str
    content: bytes
    target: str
    variant: Variant
    agent: Agent
    losses: tuple[Loss, ...]
