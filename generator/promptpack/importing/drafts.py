"""Packs made of hand-kept files: the copies of one agent in, the files of its pack out.

The prompt is kept as one text, and the front matter of each client beside it, to the byte. What
differs between the copies stands in the pack under the client that has it.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

from promptpack.importing.agent_file import AgentFile
from promptpack.importing.grouping import FileGroup
from promptpack.importing.policies import PolicyDraft, draft_policy
from promptpack.importing.splitting import SplitSection, make_section_data
from promptpack.model import Agent, AttachedFile, Effect, Mode, Model, Policy
from promptpack.model.project import AS_WRITTEN
from promptpack.policy.lattice import compare_grants
from promptpack.reading.roots import FILES_FOLDER
from promptpack.source.yaml_writer import write_compact_mapping
from promptpack.targets import Target
from promptpack.targets.heads import spells_prompt, takes_head
from promptpack.targets.kept_file import split_kept

_ACCEPT_REASON = "As it was when the files were imported; decide, and remove this."
_BYTE_ORDER_MARK = "\ufeff"
_NOT_SLUG = re.compile("[^a-z0-9]+")
_HEADING = re.compile(r"^#[ \t]++(\S.*)", re.MULTILINE)
_MAX_SLUG = 64
_SPARE_SLUG = 8
"""So many characters of a name are left for what tells it from another one."""


class KeptParts(NamedTuple):
    """A file in the pieces that are kept: front matter, prompt, and how they are spelled."""

    head: str
    prompt: str
    has_mark: bool
    is_crlf: bool


@dataclass
class PackDraft:
    """A pack to be written: its name and the files that it is made of, the first one its model."""

    name: str
    files: list[AgentFile]
    policies: dict[str, str] = field(default_factory=dict)
    """The name of the policy of each target."""
    twins: list[AgentFile] = field(default_factory=list)
    """Files that have the bytes of one of the others."""
    sections: list[SplitSection] = field(default_factory=list)
    """The sections that are fragments; none where the prompt is kept as one text."""

    @property
    def prompt(self) -> str:
        """The prompt that its clients have if they have no other."""
        return split_parts(self.files[0]).prompt

    def list_contents(self) -> dict[str, str]:
        """Return the texts of the pack's files by their paths in its folder."""
        main, *_ = self.files
        parts = {file.target.name: split_parts(file) for file in self.files}
        contents: dict[str, str] = {}
        clients: dict[str, Any] = {}
        for file in self.files:
            name = file.target.name
            entry = _make_client_entry(self.name, file, main, self.policies)
            if takes_head(file.target):
                contents[f"{name}.head"] = parts[name].head
                entry["head"] = f"./{name}.head"
            is_main = parts[name].prompt == parts[main.target.name].prompt
            is_told = _gets_policy_told(file)
            if is_main and is_told and not self.sections:
                entry["prompt"] = "./prompt.md"
            elif is_told or not is_main:
                contents[f"{name}.md"] = parts[name].prompt
                entry["prompt"] = f"./{name}.md"
            entry |= {"newlines": "crlf"} if parts[name].is_crlf else {}
            entry |= {"bom": True} if parts[name].has_mark else {}
            clients |= {name: entry} if entry else {}
        sections: dict[str, Any] = {"sections": "./prompt.md"}
        fragments: Mapping[str, str] = {"prompt.md": parts[main.target.name].prompt}
        if self.sections:
            sections, fragments = make_section_data(self.sections, contents)
        data = _make_pack_data(self, sections, clients)
        return {"pack.yaml": write_compact_mapping(data), **fragments, **contents}

    def list_attached(self) -> tuple[AttachedFile, ...]:
        """Return what goes beside the pack's skill: it is the same for each client."""
        folder = f"packs/{self.name}/{FILES_FOLDER}"
        attached = next((file.attached for file in self.files if file.attached), ())
        return tuple(one._replace(source=f"{folder}/{one.path}") for one in attached)


class NamedPolicies:
    """The policies of all packs; what is equal is written once."""

    def __init__(self, taken: Mapping[str, str]) -> None:
        self._taken = dict(taken)
        self._names: dict[PolicyDraft, str] = {}

    def choose_name(self, draft: PolicyDraft, target: str) -> str:
        """Return the name of a policy of a file for a target, one that no other policy has."""
        if draft not in self._names:
            name = draft.choose_name()
            candidates = [name, f"{name}-in-{target}"]
            candidates += (f"{name}-{number}" for number in range(2, 1_000))
            free = (one for one in candidates if self._is_free(one, draft))
            self._names[draft] = next(free)
            self._taken[self._names[draft]] = write_compact_mapping(
                draft.make_data(self._names[draft])
            )
        return self._names[draft]

    def list_contents(self) -> dict[str, str]:
        """Return the texts of the policies by name."""
        return {name: self._taken[name] for name in self._names.values()}

    def _is_free(self, name: str, draft: PolicyDraft) -> bool:
        return self._taken.get(name) in (None, write_compact_mapping(draft.make_data(name)))


def split_parts(file: AgentFile) -> KeptParts:
    """Return a file in its pieces; raises ValueError for what can't be written again."""
    text = file.text
    has_mark = text.startswith(_BYTE_ORDER_MARK)
    text = text.removeprefix(_BYTE_ORDER_MARK)
    count = text.count("\r\n")
    is_crlf = count > 0
    if text.count("\r") != count or (is_crlf and text.count("\n") != count):
        raise ValueError("its line ends are of several kinds")
    text = text.replace("\r\n", "\n")
    if spells_prompt(file.target):
        prompt = file.target.decode(text, file.found.stem).prompt
        return KeptParts("", prompt, has_mark, is_crlf)
    return KeptParts(*split_kept(file.target, text), has_mark, is_crlf)


def make_slug(text: str) -> str:
    """Return a name for a pack.

    >>> make_slug("core/Open_Agent")
    'core-open-agent'
    """
    slug = _NOT_SLUG.sub("-", text.casefold()).strip("-")
    return slug[: _MAX_SLUG - _SPARE_SLUG].strip("-") or "agent"


def draft_packs(
    groups: Sequence[FileGroup], policies: NamedPolicies, taken: frozenset[str]
) -> list[PackDraft]:
    """Return a pack for each group of copies; names in `taken` are not used again."""
    names = _choose_names(groups, taken)
    drafts = []
    for name, group in zip(names, groups, strict=True):
        files = sorted(group.files, key=_rank_file)
        draft = PackDraft(name, files, twins=group.twins)
        for file in files:
            target = file.target.name
            draft.policies[target] = policies.choose_name(draft_policy(file), target)
        drafts.append(draft)
    return drafts


def _choose_names(groups: Sequence[FileGroup], taken: frozenset[str]) -> list[str]:
    """Return a name for each group: its file's, with its client or a number if it is taken."""
    used = set(taken)
    names = []
    for group in groups:
        first = group.files[0]
        slug = make_slug(first.found.stem)
        candidates = [slug, f"{slug}-{make_slug(first.target.name)}"[:_MAX_SLUG]]
        candidates += [f"{slug}-{number}" for number in range(2, len(groups) + len(used) + 3)]
        name = next(one for one in candidates if one not in used)
        used.add(name)
        names.append(name)
    return names


def _rank_file(file: AgentFile) -> tuple[bool, str]:
    """Return what puts a file first whose client knows every mode: it tells the pack's."""
    return not _holds_modes(file.target), file.path


@functools.cache
def _holds_modes(target: Target) -> bool:
    """Tell whether a file of a target says in which mode its agent runs."""
    modes: tuple[Mode, ...] = get_args(Mode)
    agents = (Agent("x", "x", m, Model(""), None, Policy(Effect.INHERIT), "x\n") for m in modes)
    return all(target.decode(target.encode(one), "x").mode == one.mode for one in agents)


def _make_client_entry(
    pack: str, file: AgentFile, main: AgentFile, policies: Mapping[str, str]
) -> dict[str, Any]:
    agent = file.own.agent
    entry: dict[str, Any] = {}
    if file.found.stem != pack:
        entry["file"] = file.found.stem
    if agent.name != (file.found.stem if "file" in entry else pack):
        entry["name"] = agent.name
    if agent.description != main.own.agent.description:
        entry["description"] = agent.description
    if agent.extra and spells_prompt(file.target):  # else it is in the head
        entry["extra"] = dict(agent.extra)
    if policies[file.target.name] != policies[main.target.name]:
        entry["policy"] = policies[file.target.name]
    return entry


def _gets_policy_told(file: AgentFile) -> bool:
    """Tell whether a prompt that is composed for the client would end with the policy in words."""
    return file.target.tells_policy and bool(draft_policy(file).grants)


def _make_pack_data(
    draft: PackDraft, sections: Mapping[str, Any], clients: Mapping[str, Any]
) -> dict[str, Any]:
    main = draft.files[0]
    agent, policy = main.own.agent, draft.policies[main.target.name]
    data: dict[str, Any] = {"name": draft.name, "title": _make_title(main)}
    if agent.description:
        data["description"] = agent.description
    if main.target.command:
        data["kind"] = "command"
    elif agent.mode != "subagent":
        data["mode"] = agent.mode
    if agent.temperature is not None and spells_prompt(main.target):  # else it is in the head
        data["temperature"] = agent.temperature
    data |= {"targets": [file.target.name for file in draft.files], **sections}
    data |= {"clients": clients} if clients else {}
    data["variants"] = {
        "default": {"model": AS_WRITTEN, "policy": policy},
        "model": [AS_WRITTEN],
        "policy": [policy],
    }
    accept = [
        {"target": name, "capability": "all", "reason": _ACCEPT_REASON}
        for name in dict.fromkeys(_iter_wider_readers(draft.files))
    ]
    return {**data, **({"accept": accept} if accept else {})}


def _make_title(file: AgentFile) -> str:
    """Return the one top heading of the prompt, or else the file's name in words."""
    headings = _HEADING.findall(file.own.agent.prompt)
    title = headings[0].rstrip("#").strip() if len(headings) == 1 else ""
    return title or make_slug(file.found.stem).replace("-", " ").capitalize()


def _iter_wider_readers(files: Sequence[AgentFile]) -> Iterator[str]:
    """Yield the other clients that grant more by a file than its own does."""
    for file in files:
        own = file.own.agent.policy
        for reading in file.others:
            policy = reading.agent.policy
            if any(not compare_grants(policy.grant(n), own.grant(n)).at_most for n in file.names):
                yield reading.target.name
