"""What each agent may do: a session in, one line for each right in each client out.

A right is what the client makes of the file that promptpack writes for it, so it is read from that
file with the client's `decode`. No prompt is composed: what a file grants doesn't depend on it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from promptpack.model import (
    OTHER_MCP,
    Agent,
    Grant,
    Pack,
    PermissionName,
    Policy,
    Variant,
    is_mcp_name,
    split_mcp_name,
)
from promptpack.model.output import PLAIN_FORM
from promptpack.model.permission import Effect
from promptpack.patterns import compile_late
from promptpack.policy.lattice import (
    compare_grants,
    find_single_effect,
    grant_of,
    is_denied,
    list_compared,
    resolve_inherited,
)
from promptpack.rendering.permissions import make_policy_key
from promptpack.rendering.variants import resolve_variants
from promptpack.session import Session
from promptpack.targets import TARGETS, Target, list_readers
from promptpack.targets.built import list_built_targets
from promptpack.targets.heads import encode_file, iter_kept_grants, spell_file
from promptpack.targets.losses import find_client_default, find_policy_in_mode

HEADER = (
    "# What each agent may do, as 'promptpack build' writes it: "
    "pack | client | capability | grant | variants"
)
"""The first line of a list of rights."""

_APPROVING = "allowed-tools"
_TOOL_NAME = compile_late(r"[A-Za-z]\w*")
_EVERY_VARIANT = "all variants"


class _Right(NamedTuple):
    """A grant in words, and what is to be said of it."""

    grant: str
    note: str = ""


_NONE = _Right("deny")
_UNLIMITED = {"everything": _Right("allow", "a file of text can't limit a client")}

_Rights = Mapping[str, _Right]
"""What an agent may do in one client, by the name of the capability."""

_RightsByClient = tuple[tuple[str, _Rights], ...]
"""What a file gives, by the words for who gets it."""


class _FileReading(NamedTuple):
    """What a client reads in a file: what it was to grant, and what it grants."""

    reader: str
    authored: Policy
    policy: Policy


def list_rights(session: Session) -> str:
    """Return the list of what each agent of a project may do in each client, as a text.

    Each line after the first is one right: it names the pack, the client, what may be done, whether
    it is asked about before, and the variants. Lines are in the order of their code points.
    """
    finder = RightsFinder(session)
    variants: dict[str, list[Variant]] = {}
    for variant in resolve_variants(session.project):
        variants.setdefault(variant.pack.name, []).append(variant)
    lines = {line for one in variants.values() for line in _iter_lines(session, finder, one)}
    return "".join(f"{line}\n" for line in (HEADER, *sorted(lines)))


def _iter_lines(session: Session, finder: "RightsFinder", variants: list[Variant]) -> Iterator[str]:
    """Yield the lines of a pack, of which these are all variants."""
    pack = variants[0].pack
    for target in _list_targets(session, pack):
        names: dict[tuple[str, str, _Right], list[Variant]] = {}
        for variant in variants:
            for client, rights in finder.find(variant, target):
                for name, right in rights.items():
                    names.setdefault((client, name, right), []).append(variant)
        for (client, name, right), holders in names.items():
            where = _name_variants(holders, variants)
            words = (pack.name, client, name, right.grant, where, right.note)
            yield " | ".join(filter(None, words))


def _name_variants(holders: list[Variant], variants: list[Variant]) -> str:
    """Return the names of variants among all of a pack; `*.look` for several, all of a policy."""
    if len(holders) == len(variants):
        return _EVERY_VARIANT
    counts, held = (Counter(one.policy.name for one in some) for some in (variants, holders))
    whole = {policy for policy, count in held.items() if counts[policy] == count > 1}
    names = {f"*.{v.policy.name}" if v.policy.name in whole else v.name for v in holders}
    return ", ".join(sorted(names))


def _list_targets(session: Session, pack: Pack) -> list[Target]:
    names = list_built_targets(session.project, pack)
    return [TARGETS[name] for name in TARGETS if name in names]


def _iter_rights(
    readings: tuple[_FileReading, ...], variant: Variant, target: Target
) -> Iterator[tuple[str, _Rights]]:
    """Yield what a variant's file gives in its own client, and what more in those that read it."""
    own, *others = readings
    yield target.name, _list_rights(own, variant, target)
    for reading in others:
        rights = _list_rights(reading, variant, target)
        more = {n: right for n, right in rights.items() if right.note or _has_more(n, reading, own)}
        if any(map(is_mcp_name, more)):  # what is denied of servers limits what is granted of all
            more = {n: right for n, right in rights.items() if n in more or is_mcp_name(n)}
        yield f"{target.name}, read by {reading.reader}", more


def _has_more(name: str, reading: _FileReading, own: _FileReading) -> bool:
    """Tell whether a client is not known to get at most what the file's own client gets."""
    return not compare_grants(reading.policy.grant(name), own.policy.grant(name)).at_most


def _list_rights(reading: _FileReading, variant: Variant, target: Target) -> _Rights:
    """Return what a client gives by a file; what is denied only where it limits another right."""
    names = list_compared(reading.authored, reading.policy)
    rights: dict[str, _Right] = {
        name: _make_right(name, reading, variant, target) for name in names
    }
    return {name: right for name, right in rights.items() if right != _find_broader(name, rights)}


def _find_broader(name: str, rights: _Rights) -> _Right:
    """Return the right that holds where nothing is said of a capability: of a tool, its server's.

    What no right is about is denied.
    """
    if name == OTHER_MCP or not is_mcp_name(name):
        return _NONE
    server, tool = split_mcp_name(name)
    return rights.get(f"mcp:{server}" if tool else OTHER_MCP) or rights[OTHER_MCP]


def _make_right(
    name: PermissionName, reading: _FileReading, variant: Variant, target: Target
) -> _Right:
    expected, actual = reading.authored.grant(name), reading.policy.grant(name)
    if compare_grants(actual, expected).at_most:
        return _Right(_format_grant(actual))
    client = TARGETS[reading.reader]
    reasons = (
        one.reason for one in variant.accept if one.covers(client.name, name, is_widened=True)
    )
    if client is target and client.advisory:
        note = "more than its policy says: the file can't limit it"
    elif reason := next(reasons, ""):
        note = f"more than its policy says, accepted: {_quote(reason)}"
    else:
        note = "more than its policy says, and not accepted"
    return _Right(_format_grant(actual), note)


def _list_beside(target: Target, agent: Agent) -> _Rights:
    """Return what a file gives beside the capabilities: whose permissions apply, what is approved.

    No prompt is in the file, so it is read for what its front matter says.
    """
    text = spell_file(encode_file(target, agent), agent.form)
    runner = target.decode(text, agent.stem).agent if target.command else None
    rights = {"agent": _Right(_quote(runner), "its permissions apply")} if runner else {}
    for tool in target.approves(text):
        name = tool if _TOOL_NAME.fullmatch(tool) else _quote(tool)
        rights[name] = _Right("allow", "approved before the client would ask")
    for key, capability in iter_kept_grants(target, agent.form.head):
        if key.name != _APPROVING:
            rights[capability] = _Right("allow", f"by the key '{key.name}' of its file")
    return rights


def _format_grant(grant: Grant) -> str:
    """Return a grant in words; patterns are quoted, so that each can be told from the next."""
    if is_denied(grant):
        return _NONE.grant
    if single_effect := find_single_effect(grant):
        return str(single_effect)
    first, *rest = grant
    return "; ".join([str(first.effect), *(f"{effect} {_quote(p)}" for p, effect in rest)])


def _quote(text: str) -> str:
    """Return a text in quotes on one line; where something in it can't be seen, escaped."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


class RightsFinder:
    """Finds rights; files that differ only in what grants nothing are read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rights: dict[tuple[object, ...], _RightsByClient] = {}
        self._policies: dict[tuple[object, ...], Policy] = {}

    def find(self, variant: Variant, target: Target) -> _RightsByClient:
        """Return what a variant's file gives, in its own client and in others."""
        agent = self._session.composer.make_agent(variant, target.name, "x\n")
        if not target.holds_policy:
            more = _list_beside(target, agent) if target.command or target.kept_grants else {}
            return ((target.name, {**_UNLIMITED, **more}),)
        if target.command:
            return tuple(
                (client, {**rights, **_list_beside(target, agent)})
                for client, rights in self._find_held(variant, target, agent)
            )
        return self._find_held(variant, target, agent)

    def _find_held(self, variant: Variant, target: Target, agent: Agent) -> _RightsByClient:
        """Return what a file that holds a policy gives."""
        if agent.form.head is not None:
            return tuple(_iter_rights(tuple(self._iter_readings(target, agent)), variant, target))
        accepted = tuple((one.target, one.capability, one.reason) for one in variant.accept)
        key = (*_make_reading_key(target, agent), accepted)
        if key not in self._rights:
            readings = tuple(self._iter_readings(target, _strip_agent(agent)))
            self._rights[key] = tuple(_iter_rights(readings, variant, target))
        return self._rights[key]

    def _iter_readings(self, target: Target, agent: Agent) -> Iterator[_FileReading]:
        return _iter_readings(target, agent, self._session.loss_finder.used)

    def find_policy(self, variant: Variant, target: Target) -> Policy | None:
        """Return what a variant's file grants in its own client, or None if it can't limit it."""
        if not target.holds_policy:
            return None
        agent = self._session.composer.make_agent(variant, target.name, "x\n")
        if agent.form.head is not None:
            return next(self._iter_readings(target, agent)).policy
        key = _make_reading_key(target, agent)
        if key not in self._policies:
            self._policies[key] = next(self._iter_readings(target, _strip_agent(agent))).policy
        return self._policies[key]


def _make_reading_key(target: Target, agent: Agent) -> tuple[object, ...]:
    """Return what decides of the grants in a file without a kept head."""
    policy = make_policy_key(agent.policy)
    return (target.name, agent.mode, agent.accepted, repr(agent.extra), policy)


def _strip_agent(agent: Agent) -> Agent:
    """Return an agent without what grants nothing."""
    return replace(agent, name="x", stem="x", description="x", form=PLAIN_FORM)


def _iter_readings(target: Target, agent: Agent, used: frozenset[str]) -> Iterator[_FileReading]:
    text = spell_file(encode_file(target, agent), agent.form)
    for client in (target, *list_readers(target, used)):
        authored = resolve_inherited(agent.policy, find_client_default(client, agent.mode))
        policy = find_policy_in_mode(client, client.decode(text, agent.stem), agent.mode)
        if client is target:
            policy = _add_kept(target, agent, policy)
        yield _FileReading(client.name, authored, policy)


def _add_kept(target: Target, agent: Agent, policy: Policy) -> Policy:
    """Return a policy with what keys of a kept head give that `decode` can't see."""
    given = {str(name) for _, name in iter_kept_grants(target, agent.form.head)}
    return replace(policy, grants={**policy.grants, **dict.fromkeys(given, grant_of(Effect.ALLOW))})
