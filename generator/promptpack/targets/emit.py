"""Artifacts: an agent for a target in, its file with what was lost on the way out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from promptpack.model import (
    Agent,
    Artifact,
    Effect,
    Finding,
    Grant,
    Line,
    Loss,
    LossKind,
    Mode,
    Model,
    Origin,
    Policy,
    UserError,
    Variant,
)
from promptpack.policy.lattice import (
    compare_grants,
    describe_grant,
    list_compared,
    resolve_inherited,
)
from promptpack.targets import Target


def encode_and_check(target: Target, agent: Agent) -> tuple[str, tuple[Loss, ...], list[str]]:
    """Return the file's text, its losses, and why the client would refuse it."""
    text = target.encode(agent)
    decoded = target.decode(text, agent.name)
    problems = target.problems(text)
    problems += [
        f"{target.title} would read a different {field} from this file"
        for field in (*sorted(target.keeps), "prompt")
        if getattr(decoded, field) != getattr(agent, field)
    ]
    losses = (
        *_find_policy_losses(target, agent, decoded),
        *_find_field_losses(target, agent, decoded),
    )
    return text, losses, problems


@lru_cache
def find_client_default(target: Target, mode: Mode) -> Policy:
    """Return what the client lets an agent do whose file says nothing of it."""
    body = (Line("x", Origin("", 1)),)
    bare_agent = Agent("x", "x", mode, Model(""), None, Policy(Effect.INHERIT), body)
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
        if not order.at_most:
            kind = "advisory" if target.advisory else "widened"
        reason = _find_reason(target, capability, kind, expected)
        losses.append(
            Loss(capability, False, kind, describe_grant(expected), describe_grant(actual), reason)
        )
    return losses


def _find_field_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    rows = []
    expected, actual = agent.model.ids.get(target.name), decoded.model.ids.get(target.name)
    if expected is None or expected != actual:
        default_reason = f"{agent.model.name} has no id for {target.title}"
        rows.append(
            (
                "model",
                expected or agent.model.name,
                actual,
                target.reasons.get("model", default_reason),
            )
        )
    for field in ("name", "description", "mode", "temperature"):
        value, decoded_value = getattr(agent, field), getattr(decoded, field)
        if value != decoded_value:
            rows.append((field, str(value), decoded_value, target.reasons[field]))
    return [
        Loss(subject, True, "dropped", expected_text, str(actual_text or "client's own"), reason)
        for subject, expected_text, actual_text, reason in rows
    ]


def _find_reason(target: Target, capability: str, kind: str, expected: Grant) -> str:
    """Return the most specific explanation that the target has."""
    has_ask = any(rule.effect is Effect.ASK for rule in expected)
    keys = (
        *(f"{capability} {kind}", capability),
        *("patterns" if len(expected) > 1 else "", "ask" if has_ask else ""),
        *("mcp" if capability.startswith("mcp:") else "", kind),
    )
    return next((target.reasons[key] for key in keys if key in target.reasons), "")


def make_artifact(variant: Variant, target: Target, agent: Agent) -> Artifact:
    """Return the file of an agent; raises UserError where the client would not load it as meant."""
    text, losses, problems = encode_and_check(target, agent)
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


def find_widened(artifacts: Iterable[Artifact]) -> Iterator[Finding]:
    """Yield an error for each pack and target that would grant more than a policy says."""
    losses_by_capability: dict[tuple[str, str], dict[str, dict[str, Loss]]] = defaultdict(dict)
    for artifact in artifacts:
        variant = artifact.variant
        for loss in artifact.losses:
            if loss.kind == "widened" and not loss.accepted:
                by_policy = losses_by_capability[variant.pack.path, artifact.target].setdefault(
                    loss.subject, {}
                )
                by_policy[variant.policy.name] = loss
    for (path, target), capabilities in losses_by_capability.items():
        changes = "; ".join(
            _describe_widening(name, losses) for name, losses in capabilities.items()
        )
        reasons = dict.fromkeys(loss.reason for ls in capabilities.values() for loss in ls.values())
        names = ", ".join(f'"{n}"' if n.endswith("*") else n for n in capabilities)
        accept = f"'accept: [{{target: {target}, capability: [{names}], reason: …}}]'"
        hint = f"{'; '.join(reasons)}. Leave {target} out of 'targets', or add {accept}"
        message = f"{target} would grant more than the policy allows: {changes}"
        yield Finding("PP101", "error", path, 1, 1, message, hint)


def _describe_widening(capability: str, by_policy: dict[str, Loss]) -> str:
    first = next(iter(by_policy.values()))
    expected, actual = first.wanted.partition(";")[0], first.got.partition(";")[0]
    change = f"{expected} → {actual}" if expected != actual else f"{first.wanted} → {first.got}"
    return f"{capability} ({change} in {', '.join(by_policy)})"


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
    temperature = variant.pack.temperature
    if temperature is not None and not variant.model.temperature:
        reason = f"{variant.model.name} accepts no temperature"
        yield Loss("temperature", True, "dropped", str(temperature), "none", reason)
