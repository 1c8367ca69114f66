"""What agents may do, in signs and words: policies in, the rows of tables and lists out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from promptpack.model import Agent, Artifact, Effect, Loss, Model, PermissionName, Policy
from promptpack.policy.lattice import find_single_effect, list_compared
from promptpack.reporting.loss_words import LossWord, choose_loss_word
from promptpack.site.address import Link
from promptpack.site.wording import format_count
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import encode_and_check
from promptpack.targets.losses import find_policy_in_mode

_GROUP_LABELS: Mapping[Effect, str] = {
    Effect.ALLOW: "May",
    Effect.ASK: "Asks before",
    Effect.DENY: "May not",
    Effect.INHERIT: "Client default",
}


class PermissionStatement(NamedTuple):
    """What is said of a capability, how many patterns it has, and the word for the loss, if any."""

    effect: Effect
    patterns: int
    loss: LossWord | Literal[""] = ""


class PackStatement(NamedTuple):
    """What is so in some packs only: which, in words, and what is said of the capability there."""

    where: str
    statement: PermissionStatement


class PolicyReading(NamedTuple):
    """What the files of some packs make of one policy; `losses` are those of its capabilities."""

    packs: frozenset[str]
    policy: Policy
    losses: tuple[Loss, ...]


class PolicyColumn(NamedTuple):
    """A policy under a label; `authored` is what was meant, `losses` tell where it is not that.

    `readings` are those of files in which it may be another.
    """

    label: Link
    policy: Policy
    losses: tuple[Loss, ...] = ()
    authored: Policy | None = None
    readings: tuple[PolicyReading, ...] = ()


class PermissionCell(NamedTuple):
    """What a policy says of a capability, and where something else is so."""

    statement: PermissionStatement
    exceptions: list[PackStatement]


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
    statement: PermissionStatement


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
    rows = [
        PermissionRow(name, [_make_cell(column, name) for column in columns])
        for name in list_compared(*(column.policy for column in columns))
    ]
    return PermissionTable([Link("Capability"), *(column.label for column in columns)], rows)


def group_permissions(
    target: Target, policy: Policy, client_policy: Policy, losses: Iterable[Loss]
) -> list[PermissionGroup]:
    """Return what an agent may do on a client, by effect; what only the prompt says, as authored.

    `client_policy` is the policy that the client makes of the file.
    """
    statements = make_statements(policy, client_policy, losses)
    words = {statement.loss for statement in statements.values()} - {""}
    is_told_for_all = target.advisory and words <= {"advisory"}
    groups: dict[Effect, list[PermissionEntry]] = defaultdict(list)
    for name, statement in statements.items():
        shown = statement._replace(loss="") if is_told_for_all else statement
        groups[statement.effect].append(PermissionEntry(name, shown))
    return [
        PermissionGroup(effect, label, groups[effect])
        for effect, label in _GROUP_LABELS.items()
        if groups[effect]
    ]


def make_statements(
    policy: Policy, client_policy: Policy, losses: Iterable[Loss]
) -> dict[PermissionName, PermissionStatement]:
    """Return what is said of each capability of an agent on a client.

    It is what the client's file holds, but where only the prompt says it: there it is what was
    authored, and the word beside it is "advisory".
    """
    words = _map_loss_words(losses)
    return {
        name: _make_statement(name, policy, client_policy, words)
        for name in list_compared(policy, client_policy)
    }


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
    client_policy = find_policy_in_mode(target, target.decode(source, agent.stem), agent.mode)
    return PolicyColumn(Link(target.title), client_policy, _keep_permissions(losses), policy)


def read_client_policy(artifact: Artifact) -> Policy:
    """Return the policy that a client makes of its file, for an agent of that mode."""
    target = TARGETS[artifact.target]
    decoded = target.decode(artifact.text, artifact.agent.stem)
    return find_policy_in_mode(target, decoded, artifact.agent.mode)


def group_readings(files: Iterable[Artifact]) -> tuple[PolicyReading, ...]:
    """Return what files of one policy and one client make of it, each reading with its packs.

    With the same mode, the same losses mean that a client makes the same of it, so that only the
    first such file is read.
    """
    first_files: dict[object, Artifact] = {}
    packs: dict[object, set[str]] = defaultdict(set)
    for artifact in files:
        key = artifact.agent.mode, _keep_permissions(artifact.losses)
        first_files.setdefault(key, artifact)
        packs[key].add(artifact.variant.pack.name)
    return tuple(
        PolicyReading(
            frozenset(packs[key]), read_client_policy(artifact), _keep_permissions(artifact.losses)
        )
        for key, artifact in first_files.items()
    )


def _keep_permissions(losses: Iterable[Loss]) -> tuple[Loss, ...]:
    return tuple(loss for loss in losses if not loss.is_field and not loss.reader)


def _map_loss_words(losses: Iterable[Loss]) -> dict[str, LossWord]:
    return {loss.subject: choose_loss_word(loss) for loss in _keep_permissions(losses)}


def _make_cell(column: PolicyColumn, name: PermissionName) -> PermissionCell:
    """Return what a column says of a capability, and in how many packs it is another."""
    authored = column.authored or column.policy
    words = _map_loss_words(column.losses)
    statement = _make_statement(name, authored, column.policy, words)
    packs: dict[PermissionStatement, set[str]] = defaultdict(set)
    for reading in column.readings:
        reading_words = _map_loss_words(reading.losses)
        packs[_make_statement(name, authored, reading.policy, reading_words)] |= reading.packs
    packs.pop(statement, None)
    return PermissionCell(
        statement,
        [PackStatement(_describe_packs(other, len(packs[other])), other) for other in packs],
    )


def _describe_packs(statement: PermissionStatement, count: int) -> str:
    if statement.loss != "accepted":
        return f"in {format_count(count, 'pack')}"
    return f"unless accepted: {format_count(count, 'pack')} {'does' if count == 1 else 'do'}"


def _make_statement(
    name: PermissionName, policy: Policy, client_policy: Policy, words: Mapping[str, LossWord]
) -> PermissionStatement:
    """Return a grant by its one effect, or by its first with the number of patterns besides."""
    word: LossWord | Literal[""] = words.get(name, "")
    grant = (policy if word == "advisory" else client_policy).grant(name)
    effect = find_single_effect(grant)
    if effect is None:
        return PermissionStatement(grant[0].effect, len(grant) - 1, word)
    return PermissionStatement(effect, 0, word)
