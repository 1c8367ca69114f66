"""An agent that its client leaves with nothing to work with: an artifact in, its losses out."""

from promptpack.model import CAPABILITIES, CAPABILITY_FACTS, Artifact, Effect, Loss, Policy
from promptpack.policy.lattice import list_effects


def find_bare_losses(artifact: Artifact) -> tuple[Loss, ...]:
    """Return the losses by which an agent has nothing of what its policy grants to work with.

    These are the ones to accept. To accept what is asked for, or given by patterns, is to have it
    whole, so such a loss is among them only where there are no others.
    """
    policy = artifact.agent.policy
    lost = {loss.subject: loss for loss in artifact.losses if loss.is_total and not loss.reader}
    granted = _list_work(policy) if lost else set()
    if not granted or not lost.keys() >= granted:
        return ()
    whole = {name for name in granted if list_effects(policy.grant(name)) == {Effect.ALLOW}}
    return tuple(lost[name] for name in lost if name in (whole or granted))


def _list_work(policy: Policy) -> set[str]:
    """Return what a policy grants to work with; nothing where the client's own tools stay."""
    work = (c for c in CAPABILITIES if not CAPABILITY_FACTS[c].is_aid)
    names = (*work, *policy.list_mcp_names())
    effects = {name: list_effects(policy.grant(name)) for name in names}
    if policy.default is Effect.INHERIT or any(Effect.INHERIT in one for one in effects.values()):
        return set()
    return {name for name, possible in effects.items() if possible != {Effect.DENY}}
