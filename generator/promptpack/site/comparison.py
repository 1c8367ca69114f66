"""How two files differ in what they allow and in what they lost: two artifacts in, changes out.

The comparing script works with the same facts, which `machine_readable` writes down for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple, get_args

from promptpack.model import OTHER_MCP, Artifact, Effect, Grant, Loss, PermissionName
from promptpack.policy.lattice import (
    Order,
    compare_grants,
    list_effects,
    resolve_inherited,
)
from promptpack.site.losses import LossSentence, describe_losses
from promptpack.site.permissions import (
    PermissionStatement,
    make_statements,
    read_client_policy,
)
from promptpack.targets import TARGETS
from promptpack.targets.losses import find_client_default

Verdict = Literal["wider", "not-proven", "narrower", "same"]
"""How what is allowed second stands to what is allowed first, the gravest first."""

_VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_VERDICTS_BY_ORDER: Mapping[Order, Verdict] = {
    Order.WIDER: "wider",
    Order.UNPROVEN: "not-proven",
    Order.NARROWER: "narrower",
    Order.EQUAL: "same",
}


class HeldGrant(NamedTuple):
    """What is said of a capability, the grant that is shown, and the one that the client holds.

    They differ where only the prompt says it, and where the client's own default decides.
    """

    statement: PermissionStatement
    shown: Grant
    held: Grant


HeldGrants = Mapping[PermissionName, HeldGrant]


class PermissionShift(NamedTuple):
    """Capabilities of which the same is said first, and the same second."""

    capabilities: list[str]
    old: PermissionStatement
    new: PermissionStatement
    verdict: Verdict


class LossShift(NamedTuple):
    """What is lost in the first of two files only, and in the second only."""

    old: list[LossSentence]
    new: list[LossSentence]


def list_held_grants(artifact: Artifact) -> HeldGrants:
    """Return what a client makes of its file for each capability."""
    agent = artifact.agent
    client_policy = read_client_policy(artifact)
    statements = make_statements(agent.policy, client_policy, artifact.losses)
    default = find_client_default(TARGETS[artifact.target], agent.mode)
    held_policy = resolve_inherited(client_policy, default)
    return {
        name: HeldGrant(
            statement,
            (agent.policy if statement.loss == "advisory" else client_policy).grant(name),
            held_policy.grant(name),
        )
        for name, statement in statements.items()
    }


def list_shifts(old: HeldGrants, new: HeldGrants) -> list[PermissionShift]:
    """Return what is allowed otherwise, the wider first; nothing where all is the same."""
    groups: dict[tuple[PermissionStatement, PermissionStatement, Verdict], list[str]]
    groups = defaultdict(list)
    for name in dict.fromkeys((*old, *new)):
        first, second = _find_grant(old, name), _find_grant(new, name)
        if (first.statement, first.shown) != (second.statement, second.shown):
            verdict = _judge(first, second)
            groups[first.statement, second.statement, verdict].append(name)
    shifts = [PermissionShift(names, *group) for group, names in groups.items()]
    return sorted(shifts, key=lambda shift: _VERDICTS.index(shift.verdict))


def shift_losses(old: Iterable[Loss], new: Iterable[Loss]) -> LossShift:
    """Return the losses that only one of two files has."""
    old_losses, new_losses = tuple(old), tuple(new)
    return LossShift(
        describe_losses(loss for loss in old_losses if loss not in new_losses),
        describe_losses(loss for loss in new_losses if loss not in old_losses),
    )


def judge_grants(first: Grant, second: Grant) -> Verdict:
    """Return how the second grant stands to the first; one that is inherited can't be told."""
    if first == second:
        return "same"
    if Effect.INHERIT in {*list_effects(first), *list_effects(second)}:
        return "not-proven"
    return _VERDICTS_BY_ORDER[compare_grants(second, first)]


def rank_grants(grants: Sequence[Grant]) -> list[list[int]]:
    """Return the verdict for each pair of grants, as a number among the verdicts."""
    judge = cache(judge_grants)
    return [[_VERDICTS.index(judge(first, second)) for second in grants] for first in grants]


def _find_grant(grants: HeldGrants, name: PermissionName) -> HeldGrant:
    """Return what is said of a capability; a server that one side does not name is any other."""
    return grants[name] if name in grants else grants[OTHER_MCP]


def _judge(first: HeldGrant, second: HeldGrant) -> Verdict:
    """Return a verdict on what the clients hold; on words where both sides have no more."""
    if first.statement.loss == second.statement.loss == "advisory":
        return judge_grants(first.shown, second.shown)
    return judge_grants(first.held, second.held)
