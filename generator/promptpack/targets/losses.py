"""Losses: an agent and the file made for it in, out what becomes of its policy and its fields.

A file is read back as its own client reads it, and as each other client does that loads it too.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from promptpack.model import (
    OTHER_MCP,
    Agent,
    Effect,
    Grant,
    Loss,
    LossKind,
    Mode,
    Model,
    Policy,
    fields,
)
from promptpack.policy.lattice import (
    compare_grants,
    describe_grant,
    grant_of,
    intersect_grants,
    list_compared,
    resolve_inherited,
)
from promptpack.targets import Target, list_readers
from promptpack.targets.loss_details import add_details


class LossFinder:
    """Finds what files lose of policies; the same two policies are compared only once.

    `used` names clients that a project builds for: they count as readers of each other's files.
    """

    def __init__(self, used: frozenset[str] = frozenset()) -> None:
        self.used = used
        self._losses: dict[tuple[str, ...], tuple[Loss, ...]] = {}
        self._shared: dict[tuple[Loss, ...], tuple[Loss, ...]] = {}

    def find_losses(
        self, target: Target, agent: Agent, text: str, decoded: Agent
    ) -> tuple[Loss, ...]:
        """Return where a file's text says something else than the agent, in any client.

        `decoded` is what the target's own client reads in it.
        """
        readers = list_readers(target, self.used) if target.holds_policy else []
        return (
            *self._compare(target, agent, decoded),
            *_find_field_losses(target, agent, decoded),
            *(
                loss._replace(reader=reader.name)
                for reader in readers
                for loss in self._compare(reader, agent, reader.decode(text, agent.stem), target)
            ),
        )

    def share(self, losses: tuple[Loss, ...]) -> tuple[Loss, ...]:
        """Return the first losses that were equal to these: most files lose the same."""
        return self._shared.setdefault(losses, losses)

    def _compare(
        self, reader: Target, agent: Agent, decoded: Agent, writer: Target | None = None
    ) -> tuple[Loss, ...]:
        extra = repr(agent.extra) if agent.extra else ""
        policies = agent.policy.key, extra, decoded.policy.key
        key = reader.name, writer.name if writer else "", agent.mode, *policies
        if key not in self._losses:
            find = _find_foreign_widenings if writer else _find_policy_losses
            self._losses[key] = tuple(find(reader, agent, decoded))
        return self._losses[key]


@lru_cache
def find_client_default(target: Target, mode: Mode) -> Policy:
    """Return what the client lets an agent do whose file says nothing of it."""
    return _read_back(target, _make_bare_agent(Policy(Effect.INHERIT), mode, frozenset()))


def find_effective_policy(
    target: Target, policy: Policy, mode: Mode, accepted: frozenset[str] = frozenset()
) -> Policy:
    """Return what a target's file lets an agent do of a policy: never more than is authored.

    What is inherited is what the client gives. What the client can't hold back, or is accepted to
    be wider there, stays as it is authored: the more careful words.
    """
    in_file = _read_back(target, _make_bare_agent(policy, mode, accepted))
    authored = resolve_inherited(policy, find_client_default(target, mode))
    grants: dict[str, Grant] = {}
    for name in list_compared(policy):
        expected, actual = authored.grant(name), in_file.grant(name)
        is_held = compare_grants(actual, expected).at_most
        is_wider = compare_grants(expected, actual).at_most
        if is_held:
            grants[name] = actual
        else:
            grants[name] = expected if is_wider else intersect_grants((expected, actual))
    default = grants.pop(OTHER_MCP)[0].effect
    return replace(policy, default=default, grants=grants)


def _read_back(target: Target, agent: Agent) -> Policy:
    return find_policy_in_mode(target, target.decode(target.encode(agent), agent.stem), agent.mode)


def _make_bare_agent(policy: Policy, mode: Mode, accepted: frozenset[str]) -> Agent:
    return Agent("x", "x", mode, Model(""), None, policy, "x\n", accepted)


def find_policy_in_mode(target: Target, decoded: Agent, mode: Mode) -> Policy:
    """Return what a file grants an agent that is run in this mode.

    One that is spawned has nothing of what its client gives a main session whatever the file says.
    """
    policy = decoded.policy
    if mode != "subagent" or not target.main_session_gives & policy.grants.keys():
        return policy
    denied: dict[str, Grant] = {c: grant_of(Effect.DENY) for c in target.main_session_gives}
    return replace(policy, grants={**policy.grants, **denied})


def _find_policy_losses(target: Target, agent: Agent, decoded: Agent) -> Iterator[Loss]:
    expected_policy = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    actual_policy = find_policy_in_mode(target, decoded, agent.mode)
    for capability in list_compared(agent.policy, decoded.policy):
        expected, actual = expected_policy.grant(capability), actual_policy.grant(capability)
        order = compare_grants(actual, expected)
        if order.name == "EQUAL":
            continue
        kind: LossKind = "dropped" if capability in target.absent else "narrowed"
        reason = ""
        if not order.at_most:
            kind = "advisory" if target.advisory else "widened"
            reason = target.explain_widening(capability, agent)
        reason = reason or target.explain_loss(capability, kind, expected)
        wanted, got = describe_grant(expected), describe_grant(actual)
        loss = Loss(capability, False, kind, wanted, got, reason)
        yield add_details(target, loss, (expected, actual), actual_policy)


def _find_foreign_widenings(reader: Target, agent: Agent, decoded: Agent) -> Iterator[Loss]:
    """Yield what the client of another target grants more widely by the same file."""
    for loss in _find_policy_losses(reader, agent, decoded):
        if loss.kind in {"widened", "advisory"}:
            yield loss._replace(kind="widened", reason=reader.explain_foreign(loss.reason))


def _find_field_losses(target: Target, agent: Agent, decoded: Agent) -> Iterator[Loss]:
    for field in fields.FIELDS:
        expected, actual = field.read(agent, target.name), field.read(decoded, target.name)
        if agent.form.head and expected in (None, ""):
            continue  # of what the agent does not say, the kept front matter may say something
        if field.is_in_prompt and target.command and target.command.holds(agent.arguments):
            continue
        if not fields.is_same_value(expected, actual):
            reason = target.explain_field_loss(field, agent)
            got = str(actual or "client's own")
            yield Loss(field.name, True, "dropped", str(expected), got, reason)
