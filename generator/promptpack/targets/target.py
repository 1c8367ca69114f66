"""What a client is declared as: a codec, and the facts about the client that others go by."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from promptpack.model import (
    CAPABILITIES,
    Agent,
    Capability,
    Effect,
    Grant,
    LossKind,
    Policy,
    find_capability,
    is_mcp_name,
)
from promptpack.model.fields import AgentField
from promptpack.patterns import compile_late
from promptpack.policy.lattice import compare_grants
from promptpack.targets.blocks import SharedForm
from promptpack.targets.extras import Extras
from promptpack.targets.problems import Problem

FRONT_MATTER_FIELDS = frozenset({"name", "description"})
STEM_REGEX = (
    r"^[^\x00-\x20/\\:*?\"<>|.#]([^\x00-\x1f/\\:*?\"<>|#]*[^\x00-\x20/\\:*?\"<>|.#])?"
    r"(/[^\x00-\x20/\\:*?\"<>|.#]([^\x00-\x1f/\\:*?\"<>|#]*[^\x00-\x20/\\:*?\"<>|.#])?)*$"
)
"""The name of a client's file without its extension, in folders: each a name on any system.

A `#` stands in records between a file and a block of it.
"""

_STEM = compile_late(STEM_REGEX)
MAX_STEM = 200
"""The longest name of a client's file, in characters."""

ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
)
"""Words for the single arguments of a command, of which there are no more."""

_WORDS = "the words that the user added to this command"

UNKNOWN_REASON = "it is not known how {client} treats this"
"""The reason for a loss that the target says nothing about. No known loss has it."""


def is_stem(text: str) -> bool:
    """Tell whether a text can name a client's file, folders included, on any system."""
    return len(text) <= MAX_STEM and _STEM.fullmatch(text) is not None


@dataclass(frozen=True)
class Reasons:
    """Why a client can't have an agent as it was meant; `find` takes the most specific.

    `losses` are reasons for one kind of loss of one capability, `capabilities` for any loss of one.
    `patterns`, `ask` and `mcp` are for what the policy asks for, `kinds` for the rest.
    `fields` are for fields of the front matter, `any_field` for those that neither this names nor
    have a reason of their own; it may name the `{client}` and the `{field}`.
    """

    losses: Mapping[tuple[Capability, LossKind], str] = field(
        default_factory=lambda: MappingProxyType({})
    )
    capabilities: Mapping[Capability, str] = field(default_factory=lambda: MappingProxyType({}))
    patterns: str = ""
    ask: str = ""
    mcp: str = ""
    kinds: Mapping[LossKind, str] = field(default_factory=lambda: MappingProxyType({}))
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    any_field: str = "{client} has no {field} for an agent"
    foreign: str = ""
    """Why the client grants more by a file of another client, which it loads too."""

    def find(self, name: str, kind: LossKind, grant: Grant) -> str:
        """Return why a client can't have what a policy grants, or nothing where none is given."""
        capability = find_capability(name)
        has_ask = any(rule.effect is Effect.ASK for rule in grant)
        candidates = (
            self.losses.get((capability, kind), "") if capability else "",
            self.capabilities.get(capability, "") if capability else "",
            self.patterns if len(grant) > 1 else "",
            self.ask if has_ask else "",
            self.mcp if is_mcp_name(name) else "",
            self.kinds.get(kind, ""),
        )
        return next(filter(None, candidates), "")

    def find_of_field(self, agent_field: AgentField) -> str:
        """Return why a client has nothing of a field; it may name {client}, {field} and {model}."""
        return self.fields.get(agent_field.name) or agent_field.reason or self.any_field


TEXT_REASONS = Reasons(
    kinds={"advisory": "this file is plain text: it states the policy but can't enforce it"},
    fields={"model": "this format has no model field"},
    any_field="this file has no {field}",
)
"""The reasons of targets that are text only."""


class OwnGuard(NamedTuple):
    """What a client asks about by itself where a capability is allowed, and that in a sentence."""

    rules: Grant
    note: str


class SoftLimit(NamedTuple):
    """The size of a file that a client takes before it cuts, or advises, and the words for it."""

    unit: Literal["bytes", "lines"]
    most: int
    reason: str


_MEANS = {
    "client": "real client: ",
    "schema": "the client's own schema: ",
    "documentation": "from documentation: ",
    "text": "",
}


class ClientCheck(NamedTuple):
    """How it was checked what a client does: by what means, what was looked at, with what, when.

    `versions` are packages and their versions, such as "copilot 1.0.102"; a format that no client
    has to read has none, and no day. A client whose schema alone can be asked is known from its
    source or documentation beyond that.
    """

    means: Literal["client", "schema", "documentation", "text"]
    subject: str
    versions: str = ""
    day: str = ""

    def __str__(self) -> str:
        return _MEANS[self.means] + "; ".join(filter(None, (self.subject, self.versions, self.day)))


class Injection(NamedTuple):
    """Text that a client replaces in a command before the model sees it, and by what it does so.

    `pattern` finds each place where the client does that, or could.
    """

    capability: Capability
    pattern: re.Pattern[str]
    message: str


class CommandForm(NamedTuple):
    """What a client makes of the text of a command.

    `client` is the target for the agents of the same client. `arguments` is what a text has where
    the words go that a user writes after the command's name; `placeholder` finds all that the
    client replaces by such words. `injections` are what else the client replaces. `single` is what
    a text has for one of several arguments, with the `{number}` or the `{name}` of it, or nothing
    where the client has no such thing; `names_single` tells that the client knows arguments by
    their names, as `$name`. `yields_to` is the target whose files go before a command of the same
    name.
    """

    client: str
    arguments: str
    placeholder: re.Pattern[str] | None
    injections: tuple[Injection, ...]
    single: str = ""
    names_single: bool = False
    yields_to: str = ""

    def holds(self, names: Sequence[str]) -> bool:
        """Tell whether a text can have each of these arguments where it is meant."""
        return bool(self.single) or len(names) <= 1

    def spell_single(self, names: Sequence[str]) -> dict[str, str]:
        """Return what a text has for each of the single arguments: words, if nothing else.

        All that a user writes is the only argument.
        """
        if self.single:
            return {
                name: self.single.format(number=number, name=name)
                for number, name in enumerate(names, 1)
            }
        if len(names) == 1:
            return {names[0]: self.arguments}
        spelled = [f"(the {ordinal} of {_WORDS})" for ordinal in ORDINALS]
        last = f"({_WORDS}, from the {ORDINALS[len(names) - 1]} on)"
        return dict(zip(names, [*spelled[: len(names) - 1], last], strict=True)) if names else {}

    def find_placeholder(self, names: Iterable[str]) -> re.Pattern[str] | None:
        """Return what finds all that the client replaces by arguments of these names.

        What stands behind a name is a part of what is found where it could be taken for one.
        """
        if not self.names_single or not self.placeholder or not (known := "|".join(names)):
            return self.placeholder
        return re.compile(rf"{self.placeholder.pattern}|\\?\$(?:{known})(?![A-Za-z0-9_])\[?")

    def find_injections(self, text: str) -> list[Injection]:
        """Return what the client would run or read to make the command of this text."""
        return [one for one in self.injections if one.pattern.search(text)]

    def list_granted(self, text: str) -> tuple[Capability, ...]:
        """Return the capabilities by which the client would make the command of this text."""
        return tuple(dict.fromkeys(one.capability for one in self.find_injections(text)))


@dataclass(frozen=True, eq=False)
class Target:
    """A client that promptpack compiles for.

    `path` is the file's place in a repository, `{name}` the agent's. `encode` gives the file's
    text; `decode` reads any such text (and the file's stem) back into an agent with its effective
    policy, the client's defaults included. `problems` says what in a text is not as promptpack
    would write it, and whether the client minds; `loads` why the client would not take the text at
    all, in one line, or nothing where it would or that is not known. `provides` names the
    capabilities for which the client has a tool and `absent` those for which it has none: together
    they are all of them. `reasons` explains losses. `check` says with what all this was checked.
    `synonyms` are other words that readers of the site search the target by.

    `places` are the paths in a repository from which the client loads files, where these are more
    than `path`: a `{path}` there may have folders in it, a `{name}` may not. Folders are a part of
    an agent's name if the client `nests_names`.

    `user_path` is the place of a user's own file in the home folder, "" where the client has none.
    What is `is_on_request` is installed only where somebody names the target, and what is
    `is_named_only` is built only for packs and projects that name it. A target that `takes_files`
    has a folder for each agent, in which the pack's files go beside the client's.

    `keeps` names the fields that have to survive to the letter, besides the prompt. An `advisory`
    target enforces little or nothing: what it can't enforce is told in the prompt, as it is
    wherever `tells_policy`. A target with a `block` shares its file with others, of any author; the
    file of one that `is_common` is read in every session.

    `keys` are the front matter keys that our own files may have. `decode` knows what the
    `policy_keys` grant, except those that `is_opaque` tells of (a key of a mapping is `root.key`).
    `harmless_keys` grant nothing. `extras` are the keys that a pack may add, each with what it
    takes; those that grant something are policy keys, the others harmless. `refused_extras` are
    other keys of the client that a pack can't add, with the reason. `idle_keys` look as if they
    held something back and hold nothing, with the reason. `read_by` names the other targets whose
    clients load the file too; one that is `prefers_own` passes over it where it has a file of its
    own by that name. `main_session_gives` is what the client gives an agent that a user starts,
    whatever its file says, and not one that is spawned. `own_agents` names the agents that the
    client has itself, as far as that was measured: a file of that name replaces one, or is ignored.
    `refuse` says what of an agent the client would take for something else. `explain_widening` says
    why a capability is wider than meant if something else that the agent has is the cause. A client
    refuses a file beyond its `hard_limits`, in characters of a field or the prompt.

    `tool_names` are the names that the client's tools have, or that it takes for them, each with
    the capabilities that it is about; none where they are not known.
    `field_keys` names the keys that hold a field, or the "policy", where that is not the key of the
    field's own name, or the policy keys. `kept_grants` says which capabilities a key gives that
    `decode` does not read, if it stands in front matter that is kept, and `prompt_grants` what the
    client does by itself because of a prompt, which only files with such front matter may have.

    A target of commands has a `command`: what its client makes of their text.

    What `is_fillable` is a head, and a prompt that follows as it is or in plain quotes. Plain words
    stand in the head as they are, and of them and of plain text as a prompt nothing follows: no
    right, no loss and no refusal, in any client that reads the file. `file_forms` says what is
    plain, and tests hold the target to it.

    `approves` gives the tools, as the client calls them, that a file's text has approved before the
    client would ask.

    `signs` are paths in a repository that show that somebody uses the client there, `program` is
    what its command is called, "" where it has none.
    `prompt_key` is the key that holds the prompt in a TOML file.

    `own_guards` are what the client asks about by itself, and our files keep: no loss of ours.
    `stand_ins` names, for what is absent, the capabilities that each do the same work.
    """

    name: str
    title: str
    path: str
    encode: Callable[[Agent], str]
    decode: Callable[[str, str], Agent]
    problems: Callable[[str], list[Problem]]
    reasons: Reasons
    check: ClientCheck
    synonyms: tuple[str, ...] = ()
    provides: frozenset[Capability] = frozenset(CAPABILITIES)
    absent: frozenset[Capability] = frozenset()
    places: tuple[str, ...] = ()
    user_path: str = ""
    is_on_request: bool = False
    is_named_only: bool = False
    command: CommandForm | None = None
    signs: tuple[str, ...] = ()
    program: str = ""
    takes_files: bool = False
    nests_names: bool = False
    keeps: frozenset[str] = FRONT_MATTER_FIELDS
    advisory: bool = False
    tells_policy: bool = False
    block: SharedForm | None = None
    is_common: bool = False
    keys: frozenset[str] = frozenset()
    policy_keys: frozenset[str] = frozenset()
    harmless_keys: frozenset[str] = frozenset()
    extras: Extras = field(default_factory=lambda: MappingProxyType({}))
    refused_extras: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    idle_keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_opaque: Callable[[str], bool] = lambda _key: False
    loads: Callable[[str], str] = lambda _text: ""
    read_by: tuple[str, ...] = ()
    prefers_own: bool = False
    main_session_gives: frozenset[Capability] = frozenset()
    soft_limit: SoftLimit | None = None
    own_agents: frozenset[str] = frozenset()
    tool_names: Mapping[str, tuple[Capability, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    refuse: Callable[[Agent], Iterable[str]] = lambda _agent: ()
    hard_limits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    explain_widening: Callable[[str, Agent], str] = lambda _name, _agent: ""
    field_keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    kept_grants: Mapping[str, tuple[Capability, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    prompt_grants: Callable[[str], tuple[Capability, ...]] = lambda _prompt: ()
    approves: Callable[[str], Iterable[str]] = lambda _text: ()
    prompt_key: str = ""
    is_fillable: bool = False
    own_guards: Mapping[Capability, OwnGuard] = field(default_factory=lambda: MappingProxyType({}))
    stand_ins: Mapping[Capability, tuple[Capability, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def make_path(self, stem: str) -> str:
        """Return the place of an agent's file in a repository; `stem` may name folders too."""
        return self.path.format(name=stem)

    def make_user_path(self, stem: str) -> str:
        """Return the place of an agent's file in a home folder, "" where the client has none."""
        return self.user_path.format(name=stem)

    def find_stem(self, path: str) -> str | None:
        """Return the stem in a path that `make_path` gives, "" where it has none; else None."""
        before, name, after = self.path.partition("{name}")
        if not name:
            return "" if path == before else None
        stem = path[len(before) : len(path) - len(after)]
        is_whole = path == f"{before}{stem}{after}"
        return stem if is_whole and is_stem(stem) else None

    def decodes(self, key: str) -> bool:
        """Tell whether a front matter key grants something that `decode` reads."""
        return key in self.policy_keys or (key in self.extras and self.extras[key].grants)

    def is_harmless(self, key: str) -> bool:
        """Tell whether a front matter key grants nothing."""
        return key in self.harmless_keys or (key in self.extras and not self.extras[key].grants)

    def explain_refused_extra(self, key: str) -> str:
        """Return why a pack can't add a key to the file though the client has it, or nothing."""
        if key in self.refused_extras:
            return self.refused_extras[key]
        if key in self.policy_keys:
            return "the policy decides what an agent may do"
        return "promptpack writes this key itself" if key in self.keys else ""

    def explain_loss(self, name: str, kind: LossKind, grant: Grant) -> str:
        """Return why this client can't have what a policy grants of a capability."""
        capability = find_capability(name)
        is_declared = not capability or capability in self.provides | self.absent
        reason = self.reasons.find(name, kind, grant) if is_declared else ""
        return reason or UNKNOWN_REASON.format(client=self.title)

    @property
    def verified(self) -> str:
        """Return in words with what it was checked what the client does."""
        return str(self.check)

    @property
    def holds_policy(self) -> bool:
        """Tell whether a file says anything about permissions; what does not is text anywhere."""
        return bool(self.policy_keys)

    def explain_foreign(self, reason: str) -> str:
        """Return why the client grants more by another client's file; `reason` is the usual one."""
        return self.reasons.foreign or reason

    def explain_guard(self, name: str, expected: Grant, actual: Grant) -> str:
        """Return the note on a guard of the client's own if that alone is what differs."""
        capability = find_capability(name)
        guard = self.own_guards.get(capability) if capability else None
        if guard is None:
            return ""
        guarded = (expected[0], *guard.rules, *expected[1:])
        return guard.note if compare_grants(actual, guarded).name == "EQUAL" else ""

    def find_stand_in(self, name: str, expected: Grant, policy: Policy) -> str:
        """Return by what else the client does the work of a capability, as much as was granted.

        `policy` is what the client's file lets an agent do; nothing is returned where it has less.
        """
        capability = find_capability(name)
        candidates = self.stand_ins.get(capability, ()) if capability else ()
        held = (c for c in candidates if compare_grants(expected, policy.grant(c)).at_most)
        return next(held, "")

    def explain_field_loss(self, agent_field: AgentField, agent: Agent) -> str:
        """Return why this client has nothing of a field of an agent."""
        reason = self.reasons.find_of_field(agent_field)
        return reason.format(client=self.title, field=agent_field.name, model=agent.model.name)
