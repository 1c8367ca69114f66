"""What is rendered: variants, agents, and the files emitted for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from promptpack.model.conditions import Accept, Translation
from promptpack.model.languages import VariantId
from promptpack.model.permission import Policy
from promptpack.model.project import (
    AttachedFile,
    Effort,
    Mode,
    Model,
    Pack,
    Section,
    Source,
)

LossKind = Literal["narrowed", "dropped", "advisory", "widened"]

OUTPUT_SIZE = 2 * 1024 * 1024
"""The most characters that an output, or a value that becomes part of one, may have: twice what a
source may, and more than the largest context windows hold (a million tokens) leave for a prompt."""


@dataclass(frozen=True)
class Variant:
    """One pack x model x policy x language, fully resolved; `language` is a tag, or "" for none."""

    pack: Pack
    model: Model
    policy: Policy
    sections: tuple[Section, ...]
    accept: tuple[Accept, ...]
    client_policies: Mapping[str, Policy] = field(default_factory=lambda: MappingProxyType({}))
    """The policies that clients get in place of the variant's own, by target."""
    language: str = ""

    @property
    def id(self) -> VariantId:
        """What tells the variant from others of its pack."""
        return VariantId(
            self.model.name, self.policy.name, self.language if self.is_translated else ""
        )

    @cached_property
    def name(self) -> str:
        """Its name within its pack: `<model>.<policy>`, and the language if it is translated."""
        return str(self.id)

    @property
    def is_translated(self) -> bool:
        """Tell whether this is in another language than the pack's own text."""
        return self.language not in self.pack.languages[:1] and bool(self.language)

    @property
    def translation(self) -> Translation:
        """What the pack says in the variant's language besides its own text."""
        return self.pack.translations.get(self.id.language, Translation())

    @property
    def title(self) -> str:
        """The agent's name in words, in the variant's language where the pack has it."""
        return self.translation.title or self.pack.title

    @property
    def is_default(self) -> bool:
        """Tell whether this is the variant that the pack names as its default."""
        return self.id == (*self.pack.default, "")

    def find_policy(self, target: str) -> Policy:
        """Return the policy that a client gets."""
        return self.client_policies.get(target, self.policy)


class FileForm(NamedTuple):
    """What one client's file is beyond what its agent says: how it was kept by hand.

    `head` is the source of the front matter that goes under what promptpack writes, from its first
    hyphens to the first line of the prompt; empty text stands for a file without any. `newline`
    ends each line, and a file with a `mark` begins with a byte-order mark.
    """

    head: Source | None = None
    newline: str = "\n"
    mark: bool = False


PLAIN_FORM = FileForm()


@dataclass(frozen=True)
class Agent:
    """The client-neutral result: an agent's name, permissions and prompt.

    `name` is what the client calls the agent; `stem` what its file is called, the same unless
    another is given.
    """

    name: str
    description: str
    mode: Mode
    model: Model
    temperature: float | None
    policy: Policy
    prompt: str
    """The prompt as text: every line ended by a newline, but the last one of text that is data."""
    accepted: frozenset[str] = frozenset()
    """Capabilities that this target may grant more widely than the policy says."""
    effort: Effort | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Keys of the client's file that no field is for."""
    stem: str = ""
    form: FileForm = PLAIN_FORM
    argument_hint: str | None = None
    arguments: tuple[str, ...] = ()
    """Of a command: the names of its single arguments."""
    agent: str | None = None
    """Of a command: the agent that runs it."""

    def __post_init__(self) -> None:
        if not self.stem:
            object.__setattr__(self, "stem", self.name)


class Loss(NamedTuple):
    """Where `decode(encode(agent))` differs from `agent`: in a capability or a field."""

    subject: str
    is_field: bool
    kind: LossKind
    wanted: str
    got: str
    reason: str
    accepted: str = ""
    """The pack's reason for living with it, where it has one."""
    reader: str = ""
    """The other client that reads the file so, by its target's name; "" for the file's own."""
    is_note: bool = False
    """Whether nothing but a guard of the client's own makes the difference."""
    stand_in: str = ""
    """The capability by which the client does the same work; "" where there is none."""
    excess: str = ""
    """Of what is widened, in what way: "allowed instead of denied"."""

    @property
    def is_total(self) -> bool:
        """Tell whether a granted capability is gone: nothing of it is left."""
        is_taken = self.kind in {"narrowed", "dropped"} and self.got == "deny"
        return not self.is_field and is_taken

    @property
    def is_lost(self) -> bool:
        """Tell whether a granted capability is gone, and nothing in the client stands in for it."""
        return self.is_total and not self.stand_in


@dataclass(frozen=True, slots=True)
class Artifact:
    """One emitted file; `path` is POSIX and relative to the output folder.

    `files` go beside it, each with its own path in the folder of this one.
    """

    path: str
    content: bytes
    target: str
    variant: Variant
    agent: Agent
    losses: tuple[Loss, ...]
    files: tuple[AttachedFile, ...] = ()

    def locate(self, file: AttachedFile) -> str:
        """Return the path of a file that goes beside this one, relative to the output folder."""
        return f"{self.path.rpartition('/')[0]}/{file.path}"

    @property
    def text(self) -> str:
        """The file's text, whatever ends its lines, without a byte-order mark."""
        return self.content.decode("utf-8-sig").replace("\r\n", "\n")
