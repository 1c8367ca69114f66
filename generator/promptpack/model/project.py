"""What is authored: packs, and the templates, models and policies that they use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from promptpack.model.conditions import (
    Accept,
    Condition,
    Expectation,
    Ignore,
    Override,
    Translation,
)
from promptpack.model.installation import Installation
from promptpack.model.languages import VariantId, name_translation
from promptpack.model.origin import Origin
from promptpack.model.permission import Policy
from promptpack.model.root import Root, split_source_path
from promptpack.model.sections import make_title
from promptpack.model.texts import TextField
from promptpack.patterns import compile_late

_EMPTY_COMMENT = compile_late(r"\{#\n*#\}\n")

Mode = Literal["subagent", "primary", "all"]

Kind = Literal["agent", "command"]
"""What a pack is: an agent, or a prompt that a user calls by its name."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model is to reason, the least first."""

AS_WRITTEN = "as-written"
"""The model that names none, and its layout: its prompts are what is written, to the byte."""

KINDS: tuple[Kind, ...] = get_args(Kind)
EFFORTS: tuple[Effort, ...] = get_args(Effort)


@dataclass(frozen=True)
class Model:
    """A language model: its family and layout, limits in tokens, and its id in each client.

    Where a limit is not known it is None.
    """

    name: str
    title: str = ""
    family: str = ""
    layout: str = ""
    context_window: int | None = None
    prompt_budget: int | None = None
    temperature: bool = True
    effort: bool = True
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    path: str = ""
    shadows: str = ""


@dataclass(frozen=True)
class Source:
    """A template file as it was read; `shadows` is the path of the one whose place it takes."""

    name: str
    path: str
    text: TextField = TextField()  # noqa: RUF009 - it holds no text itself
    shadows: str = ""


@dataclass(frozen=True)
class Fragment(Source):
    """One idea of prompt text. `body` keeps the line numbers: the front matter is blanked.

    A `verbatim` one is data, no template, and its white space stays as it is.
    """

    body: TextField = TextField("")  # noqa: RUF009 - as above
    title: str = ""
    summary: str = ""
    needs: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    pack: str = ""
    verbatim: bool = False

    @property
    def text_below(self) -> str:
        """The text below the front matter, in place of which `body` has an empty comment."""
        match = _EMPTY_COMMENT.match(self.body)
        return self.body[match.end() :] if match else self.body


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


class Passage(NamedTuple):
    """A run of whole lines of a text that is one section, as they stand: data, no template.

    `line` is where it begins in the file at `path`, from 1. Its first `lead` lines are what names
    it: the heading whose words are `title`, and blank lines around that.
    """

    path: str
    line: int
    text: str
    title: str = ""
    lead: int = 0


class Section(NamedTuple):
    """A named part of a prompt, in pack order: made of fragments, or a passage of a text.

    `title` are the words of its heading where the pack gives them, at `title_origin`.
    """

    name: str
    parts: tuple[Part, ...]
    passage: Passage | None = None
    title: str = ""
    title_origin: Origin = Origin("", 0)

    @property
    def heading(self) -> str:
        """The words of its heading: the pack's, those of its text, or else those of its name."""
        return self.title or (self.passage and self.passage.title) or make_title(self.name)


@dataclass(frozen=True)
class ClientSettings:
    """What a pack has otherwise in one client.

    `values` are those of fields, by field; of the model, its id there. `extra` are keys of the
    client's file that no field is for. `policies` names the policy that the client gets in place of
    each of the pack's own that is named there. `prompt` is the source path of the text that is the
    whole prompt there, or empty; it is data, not a template. `head` is that of the front matter
    that is kept under what promptpack writes. `file` names the file in place of the pack's name.
    `newlines` and `bom` say how its lines end, and whether it begins with a byte-order mark.
    `persona` puts the whole agent into a file that is read in every session, and not only the
    sections that are rules.
    """

    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    policies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    prompt: str = ""
    head: str = ""
    file: str = ""
    newlines: Literal["lf", "crlf"] = "lf"
    bom: bool = False
    persona: bool = False


class AttachedFile(NamedTuple):
    """A file that goes beside a client's file as it is: data of any kind, never a template.

    `path` is that in the folder of the client's file, `source` that of the source. Where a system
    has no executable bit, no file is executable.
    """

    path: str
    content: bytes
    is_executable: bool
    source: str

    @property
    def text(self) -> str | None:
        """The text in it, line ends aside; None where it is not UTF-8, or has a NUL."""
        if b"\0" in self.content:
            return None
        try:
            return self.content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True)
class Pack:
    """One agent or command, authored once."""

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
    effort: Effort | None = None
    clients: Mapping[str, ClientSettings] = field(default_factory=lambda: MappingProxyType({}))
    """What differs for one client, by target."""
    expect: tuple[Expectation, ...] = ()
    """What its prompts have to hold."""
    text: str = ""
    """The source path of the one text that is cut into the sections at its headings, or empty."""
    files: tuple[AttachedFile, ...] = ()
    """The files that go beside the pack's skill, by path."""
    languages: tuple[str, ...] = ()
    """The tags of its languages, first that of its own text; () where it has one and names none."""
    translations: Mapping[str, Translation] = field(default_factory=lambda: MappingProxyType({}))
    """What it says in its other languages, by tag."""
    kind: Kind = "agent"
    argument_hint: str | None = None
    """Of a command: what a user is shown to write after its name."""
    arguments: tuple[str, ...] = ()
    """Of a command: the names of its single arguments, in the order in which a user writes them."""
    agent: str | None = None
    """Of a command: the client's agent that runs it."""

    def list_variants(self) -> tuple[VariantId, ...]:
        """Return what each variant is of, in the order of models, then policies, then languages."""
        return tuple(
            VariantId(model, policy, language if number else "")
            for model in self.models
            for policy in self.policies
            for number, language in enumerate(self.languages or ("",))
            if not any(condition.holds(model, policy, language) for condition in self.exclude)
        )

    def name_language(self, variant: VariantId) -> str:
        """Return the tag of a variant's language, "" where the pack names none."""
        return variant.language or next(iter(self.languages), "")

    def list_texts(self) -> frozenset[str]:
        """Return the paths of the texts that are prompts of this pack: data, no templates."""
        prompts = {settings.prompt for settings in self.clients.values()}
        return frozenset({self.text, *prompts} - {""})

    def list_heads(self) -> frozenset[str]:
        """Return the paths of the front matter that is kept for this pack's files."""
        return frozenset({settings.head for settings in self.clients.values()} - {""})


@dataclass(frozen=True)
class SharedSettings:
    """What the packs of a project share; what a pack says itself goes before it."""

    targets: tuple[str, ...]
    accept: tuple[Accept, ...]
    path: str
    name: str = ""
    """What the project is called in the records of what it wrote; "" for nothing."""
    out: str = ""
    """The output folder, relative to the project's; "" for the usual one."""
    installations: tuple[Installation, ...] = ()
    permissions: str = ""
    """The file that lists what each agent may do, relative to the project; "" for none."""


@dataclass(frozen=True)
class Project:
    """Everything that was read: packs and the templates they can use by name, texts by path."""

    packs: Mapping[str, Pack]
    models: Mapping[str, Model]
    policies: Mapping[str, Policy]
    fragments: Mapping[str, Fragment]
    layouts: Mapping[str, Source]
    sources: Mapping[str, str]
    roots: tuple[Root, ...] = ()
    """Where all of it comes from; of two templates with one name, that of the first root counts."""
    shared: Mapping[str, SharedSettings] = field(default_factory=lambda: MappingProxyType({}))
    """What the packs share, by the name of the file that says it; there is at most one."""
    heads: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}))
    """The front matter that is kept for packs' files, by source path."""
    unread: tuple[str, ...] = ()
    """The paths of files beside the sources that look like one and are none."""
    other_packs: tuple[str, ...] = ()
    """The names of packs that were not read, because nobody asked for them."""

    @property
    def name(self) -> str:
        """The project's name, or "" where its file gives none."""
        return next((shared.name for shared in self.shared.values()), "")

    @property
    def out(self) -> str:
        """The output folder that the project file names, relative to the project's, or ""."""
        return next((shared.out for shared in self.shared.values()), "")

    @property
    def permissions(self) -> str:
        """The file that lists what each agent may do, relative to the project's folder, or ""."""
        return next((shared.permissions for shared in self.shared.values()), "")

    @property
    def installations(self) -> tuple[Installation, ...]:
        """Where the project file says that outputs are placed."""
        return tuple(one for shared in self.shared.values() for one in shared.installations)

    def has_pack(self, name: str) -> bool:
        """Tell whether there is a pack of a name, read or not."""
        return name in self.packs or name in self.other_packs

    def list_targets(self, pack: Pack) -> tuple[str, ...]:
        """Return the targets that a pack or else the project names; () means all."""
        named_targets = (pack.targets, *(shared.targets for shared in self.shared.values()))
        return next(filter(None, named_targets), ())

    def list_accepted(self, pack: Pack) -> tuple[Accept, ...]:
        """Return what a pack accepts, its own entries first, for any of its variants."""
        return (*pack.accept, *(one for shared in self.shared.values() for one in shared.accept))

    def find_translation(self, name: str, language: str) -> str:
        """Return the name of a fragment's translation, or the fragment's own where there is none.

        A translation from a later root is of a text that this one stands in front of.
        """
        translated = name_translation(name, language)
        if translated not in self.fragments or name not in self.fragments:
            return name
        ranks = {root.name: rank for rank, root in enumerate(self.roots)}
        rank, own_rank = (
            ranks[self.find_root(self.fragments[one].path).name] for one in (translated, name)
        )
        return translated if rank <= own_rank else name

    def find_root(self, path: str) -> Root:
        """Return the root that a source path leads to."""
        name, _ = split_source_path(path)
        return {root.name: root for root in self.roots}[name]

    def is_writable(self, path: str) -> bool:
        """Tell whether a source is one that the project may change."""
        return self.find_root(path).writable

    @cached_property
    def _texts(self) -> frozenset[str]:
        """The paths of the texts that are prompts."""
        return frozenset().union(*(pack.list_texts() for pack in self.packs.values()))

    @cached_property
    def _verbatim(self) -> frozenset[str]:
        """The paths of the fragments that are data."""
        return frozenset(one.path for one in self.fragments.values() if one.verbatim)

    @cached_property
    def attached(self) -> Mapping[str, AttachedFile]:
        """The files that go beside outputs as they are, by source path; they are no `sources`."""
        return {file.source: file for pack in self.packs.values() for file in pack.files}

    def is_text(self, path: str) -> bool:
        """Tell whether a source is text or front matter as it stands, and so no template."""
        return path in self.heads or path in self._texts or path in self._verbatim

    def locate(self, path: str) -> Path:
        """Return where a source lies on disk."""
        return self.find_root(path).path / split_source_path(path)[1]
