"""Artifacts: an agent for a target in, its file with what was lost on the way out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from promptpack.model import Agent, Artifact, Finding, Loss, UserError, Variant
from promptpack.targets import Target
from promptpack.targets.codec import emit


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
