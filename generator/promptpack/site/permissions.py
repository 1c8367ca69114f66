"""What agents may do, in signs and words: policies in, the rows of tables and lists out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from promptpack.model import Agent, Effect, Grant, Loss, Model, Policy
from promptpack.policy.lattice import find_single_effect, list_compared
from promptpack.site.address import Link
from promptpack.targets import Target
from promptpack.targets.emit import encode_and_check

_GROUP_LABELS: Mapping[Effect, str] = {
    Effect.ALLOW: "May",
    Effect.ASK: "Asks before",
    Effect.DENY: "May not",
    Effect.INHERIT: "Client default",
}


class PolicyColumn(NamedTuple):
    """A policy under a label; `losses` tell where it is not what was meant."""

    label: Link
    policy: Policy
    losses: tuple[Loss, ...] = ()


class PermissionCell(NamedTuple):
    """What a policy says of a capability, how many patterns it has, and what kind of loss it is."""

    effect: Effect
    patterns: int
    loss: str


class PermissionRow(NamedTuple):
    """A capability, and what each policy says of it."""

    capability: str
    cells: list[PermissionCell]


class PermissionTable(NamedTuple):
    """A table of capabilities, with a column for each policy."""

    header: list[Link]
    rows: list[PermissionRow]


class PermissionEntry(NamedTuple):
    """A capability among those of one effect."""

    capability: str
    patterns: int
    loss: str


class PermissionGroup(NamedTuple):
    """The capabilities for which an agent is allowed the same."""

    effect: Effect
    label: str
    entries: list[PermissionEntry]


class PatternRun(NamedTuple):
    """Patterns that follow each other and have the same effect."""

    effect: Effect
    patterns: list[str]


class PatternList(NamedTuple):
    """The patterns of a capability, in order: the last that matches decides."""

    capability: str
    runs: list[PatternRun]


def make_permission_table(columns: Sequence[PolicyColumn]) -> PermissionTable:
    """Return a table of capabilities and, in each column, the word that a policy has for them."""
    kinds_by_column = [_map_loss_kinds(column.losses) for column in columns]
    rows = [
        PermissionRow(
            name,
            [
                _make_cell(column.policy.grant(name), loss_kinds.get(name, ""))
                for column, loss_kinds in zip(columns, kinds_by_column, strict=True)
            ],
        )
        for name in list_compared(*(column.policy for column in columns))
    ]
    return PermissionTable([Link("Capability"), *(column.label for column in columns)], rows)


def group_permissions(
    target: Target, policy: Policy, client_policy: Policy, losses: Iterable[Loss]
) -> list[PermissionGroup]:
    """Return what an agent may do on a client, by effect; what only the prompt says, as authored.

    `client_policy` is the policy that the client makes of the file.
    """
    kinds = _map_loss_kinds(losses)
    enforces_some = any(kind != "advisory" for kind in kinds.values())  # else it is said for all
    groups: dict[Effect, list[PermissionEntry]] = defaultdict(list)
    for name in list_compared(policy, client_policy):
        is_advisory = kinds.get(name) == "advisory"
        grant = (policy if is_advisory else client_policy).grant(name)
        kind = "" if target.advisory and is_advisory and not enforces_some else kinds.get(name, "")
        cell = _make_cell(grant, kind)
        groups[cell.effect].append(PermissionEntry(name, cell.patterns, cell.loss))
    return [
        PermissionGroup(effect, label, groups[effect])
        for effect, label in _GROUP_LABELS.items()
        if groups[effect]
    ]


def list_patterns(policy: Policy) -> list[PatternList]:
    """Return the patterns of each capability that has some."""
    return [
        PatternList(
            name,
            [
                PatternRun(effect, [rule.pattern for rule in rules])
                for effect, rules in groupby(grant, key=lambda rule: rule.effect)
            ],
        )
        for name, grant in policy.grants.items()
        if len(grant) > 1
    ]


def make_client_column(target: Target, policy: Policy) -> PolicyColumn:
    """Return what a client makes of a policy for a subagent, where no pack accepts a widening."""
    agent = Agent("x", "x", "subagent", Model("x"), None, policy, "x\n")
    source, losses, _ = encode_and_check(target, agent)
    client_policy = target.decode(source, agent.stem).policy
    permission_losses = tuple(loss for loss in losses if not loss.is_field)
    return PolicyColumn(Link(target.title), client_policy, permission_losses)


def _map_loss_kinds(losses: Iterable[Loss]) -> dict[str, str]:
    return {loss.subject: loss.kind for loss in losses if not loss.is_field and not loss.reader}


def _make_cell(grant: Grant, kind: str) -> PermissionCell:
    """Return a grant by its one effect, or by its first with the number of patterns besides."""
    effect = find_single_effect(grant)
    if effect is None:
        return PermissionCell(grant[0].effect, len(grant) - 1, kind)
    return PermissionCell(effect, 0, kind)
