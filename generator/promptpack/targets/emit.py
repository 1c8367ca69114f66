"""Artifacts: an agent for a target in, its file with what was lost on the way out."""

from collections.abc import Iterator
from functools import lru_cache

from promptpack.model import (
    Agent,
    Artifact,
    Effect,
    Finding,
    Loss,
    LossKind,
    Mode,
    Model,
    Policy,
    UserError,
    Variant,
    fields,
)
from promptpack.policy.lattice import (
    compare_grants,
    describe_grant,
    list_compared,
    resolve_inherited,
)
from promptpack.targets import Target
from promptpack.targets.loss_details import add_details


class LossFinder:
    """Finds what files lose of policies; the same two policies are compared only once."""

    def __init__(self) -> None:
        self._losses: dict[tuple[str, str, str], tuple[Loss, ...]] = {}

    def find_policy_losses(self, target: Target, agent: Agent, decoded: Agent) -> tuple[Loss, ...]:
        """Return where the policy that a client reads back differs from the agent's."""
        policies = repr((agent.policy, decoded.policy.default, decoded.policy.grants))
        key = target.name, agent.mode, policies
        if key not in self._losses:
            self._losses[key] = tuple(_find_policy_losses(target, agent, decoded))
        return self._losses[key]


def encode_and_check(
    target: Target, agent: Agent, loss_finder: LossFinder | None = None
) -> tuple[str, tuple[Loss, ...], list[str]]:
    """Return the file's text, its losses, and why the client would refuse it."""
    loss_finder = loss_finder or LossFinder()
    text = target.encode(agent)
    decoded = target.decode(text, agent.name)
    problems = [*target.problems(text), *target.refuse(agent)]
    problems += [
        f"{target.title} would read a different {field} from this file"
        for field in (*sorted(target.keeps), "prompt")
        if getattr(decoded, field) != getattr(agent, field)
    ]
    losses = (
        *loss_finder.find_policy_losses(target, agent, decoded),
        *_find_field_losses(target, agent, decoded),
    )
    return text, losses, problems


@lru_cache
def find_client_default(target: Target, mode: Mode) -> Policy:
    """Return what the client lets an agent do whose file says nothing of it."""
    bare_agent = Agent("x", "x", mode, Model(""), None, Policy(Effect.INHERIT), "x\n")
    return target.decode(target.encode(bare_agent), "x").policy


def _find_policy_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    expected_policy = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    losses = []
    for capability in list_compared(agent.policy, decoded.policy):
        expected, actual = expected_policy.grant(capability), decoded.policy.grant(capability)
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
        losses.append(add_details(target, loss, (expected, actual), decoded.policy))
    return losses


def _find_field_losses(target: Target, agent: Agent, decoded: Agent) -> Iterator[Loss]:
    for field in fields.FIELDS:
        expected, actual = field.read(agent, target.name), field.read(decoded, target.name)
        if expected != actual:
            reason = target.explain_field_loss(field, agent)
            got = str(actual or "client's own")
            yield Loss(field.name, True, "dropped", str(expected), got, reason)


def make_artifact(
    variant: Variant, target: Target, agent: Agent, loss_finder: LossFinder | None = None
) -> Artifact:
    """Return the file of an agent; raises UserError where the client would not load it as meant."""
    text, losses, problems = encode_and_check(target, agent, loss_finder)
    if agent.name in target.own_agents:
        raise UserError((_make_name_finding(variant, target, agent.name),))
    if problems:
        subject = f"{target.name} file of {variant.name}"
        messages = (f"{subject}: {problem}" for problem in problems)
        raise UserError(
            tuple(
                Finding("PP201", "error", variant.pack.path, 1, 1, message) for message in messages
            )
        )
    path = f"{target.name}/{variant.name}/{target.path.format(name=agent.name)}"
    losses = (
        *(_add_reason(loss, variant, target) for loss in losses),
        *_find_model_losses(variant),
    )
    return Artifact(path, text.encode(), target.name, variant, agent, losses)


def _make_name_finding(variant: Variant, target: Target, name: str) -> Finding:
    message = f"{target.title} has an agent '{name}' of its own, and a file can't share that name"
    hint = f"rename the pack, or leave {target.name} out of 'targets'"
    return Finding("PP201", "error", variant.pack.path, 1, 1, message, hint)


def _add_reason(loss: Loss, variant: Variant, target: Target) -> Loss:
    """Return the loss with the pack's reason for living with it, where it has one."""
    if loss.kind != "widened":
        return loss
    reasons = (
        accept.reason
        for accept in variant.accept
        if (accept.target, accept.capability) == (target.name, loss.subject)
    )
    return loss._replace(accepted=next(reasons, ""))


def _find_model_losses(variant: Variant) -> Iterator[Loss]:
    """Yield what the model itself takes no part in, whatever the client."""
    for field in fields.FIELDS:
        if not field.fits(variant.model):
            value = getattr(variant.pack, field.name)
            if value is not None:
                reason = f"{variant.model.name} accepts no {field.name}"
                yield Loss(field.name, True, "dropped", str(value), "none", reason)
