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
from promptpack.policy.lattice import compare, compared_names, describe, resolve
from promptpack.targets import Target


def emit(target: Target, agent: Agent) -> tuple[str, tuple[Loss, ...], list[str]]:
    """Return the file's text, its losses, and why the client would refuse it."""
    text = target.encode(agent)
    decoded = target.decode(text, agent.name)
    problems = target.problems(text)
    problems += [
        f"the {field} does not survive: {target.title} reads something else"
        for field in (*sorted(target.keeps), "prompt")
        if getattr(decoded, field) != getattr(agent, field)
    ]
    losses = (*_policy_losses(target, agent, decoded), *_field_losses(target, agent, decoded))
    return text, losses, problems


@lru_cache
def client_default(target: Target, mode: Mode) -> Policy:
    """Return what the client lets an agent do whose file says nothing of it."""
    body = (Line("x", Origin("", 1)),)
    bare = Agent("x", "x", mode, Model(""), None, Policy(Effect.INHERIT), body)
    return target.decode(target.encode(bare), "x").policy


def _policy_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    wanted = resolve(agent.policy, client_default(target, agent.mode))
    losses = []
    for capability in compared_names(agent.policy, decoded.policy):
        want, got = wanted.grant(capability), decoded.policy.grant(capability)
        order = compare(got, want)
        if order.name == "EQUAL":
            continue
        kind: LossKind = "dropped" if capability in target.absent else "narrowed"
        if not order.at_most:
            kind = "advisory" if target.advisory else "widened"
        reason = _reason(target, capability, kind, want)
        losses.append(Loss(capability, False, kind, describe(want), describe(got), reason))
    return losses


def _field_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    lost = []
    wanted, got = agent.model.ids.get(target.name), decoded.model.ids.get(target.name)
    if wanted is None or wanted != got:
        missing = f"{agent.model.name} has no id for {target.title}"
        lost.append(
            ("model", wanted or agent.model.name, got, target.reasons.get("model", missing))
        )
    for field in ("name", "description", "mode", "temperature"):
        value, back = getattr(agent, field), getattr(decoded, field)
        if value != back:
            lost.append((field, str(value), back, target.reasons[field]))
    return [Loss(f, True, "dropped", w, str(g or "client's own"), r) for f, w, g, r in lost]


def _reason(target: Target, capability: str, kind: str, wanted: Grant) -> str:
    """Return the most specific explanation that the target has."""
    asks = any(rule.effect is Effect.ASK for rule in wanted)
    keys = (
        *(f"{capability} {kind}", capability),
        *("patterns" if len(wanted) > 1 else "", "ask" if asks else ""),
        *("mcp" if capability.startswith("mcp:") else "", kind),
    )
    return next((target.reasons[key] for key in keys if key in target.reasons), "")


def make_artifact(variant: Variant, target: Target, agent: Agent) -> Artifact:
    """Return the file of an agent; raises UserError where the client would not load it as meant."""
    text, losses, problems = emit(target, agent)
    if problems:
        where = f"{target.name} file of {variant.name}"
        said = (f"{where}: {problem}" for problem in problems)
        raise UserError(tuple(Finding("PP201", "error", variant.pack.path, 1, 1, s) for s in said))
    path = f"{target.name}/{variant.name}/{target.path.format(name=agent.name)}"
    losses = (*(_with_reason(loss, variant, target) for loss in losses), *_refused(variant))
    return Artifact(path, text.encode(), target.name, variant, agent, losses)


def widened(artifacts: Iterable[Artifact]) -> Iterator[Finding]:
    """Yield an error for each pack and target that would grant more than a policy says."""
    found: dict[tuple[str, str], dict[str, dict[str, Loss]]] = defaultdict(dict)
    for artifact in artifacts:
        variant = artifact.variant
        for loss in artifact.losses:
            if loss.kind == "widened" and not loss.accepted:
                by_policy = found[variant.pack.path, artifact.target].setdefault(loss.subject, {})
                by_policy[variant.policy.name] = loss
    for (path, target), capabilities in found.items():
        said = "; ".join(_widening(name, losses) for name, losses in capabilities.items())
        reasons = dict.fromkeys(loss.reason for ls in capabilities.values() for loss in ls.values())
        names = ", ".join(f'"{n}"' if n.endswith("*") else n for n in capabilities)
        accept = f"accept: [{{target: {target}, capability: [{names}], reason: …}}]"
        hint = f"{'; '.join(reasons)}. Leave {target} out with 'targets', or write {accept}"
        message = f"{target} would grant more than the policy says: {said}"
        yield Finding("PP101", "error", path, 1, 1, message, hint)


def _widening(capability: str, by_policy: dict[str, Loss]) -> str:
    first = next(iter(by_policy.values()))
    wanted, got = first.wanted.partition(";")[0], first.got.partition(";")[0]
    change = f"{wanted} → {got}" if wanted != got else f"{first.wanted} → {first.got}"
    return f"{capability} ({change} in {', '.join(by_policy)})"


def _with_reason(loss: Loss, variant: Variant, target: Target) -> Loss:
    """Return the loss with the pack's reason for living with it, where it has one."""
    if loss.kind != "widened":
        return loss
    reasons = (
        accept.reason
        for accept in variant.accept
        if (accept.target, accept.capability) == (target.name, loss.subject)
    )
    return loss._replace(accepted=next(reasons, ""))


def _refused(variant: Variant) -> Iterator[Loss]:
    """Yield what the model itself takes no part in, whatever the client."""
    wanted = variant.pack.temperature
    if wanted is not None and not variant.model.temperature:
        reason = f"{variant.model.name} accepts no temperature"
        yield Loss("temperature", True, "dropped", str(wanted), "none", reason)
