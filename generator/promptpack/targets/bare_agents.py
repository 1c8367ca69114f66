"""Agents that a client leaves with nothing to work with: artifacts in, findings out."""

from collections import defaultdict

from promptpack.model import (
    CAPABILITIES,
    CAPABILITY_FACTS,
    Artifact,
    Effect,
    Finding,
    Loss,
    Policy,
)
from promptpack.policy.lattice import list_effects


class BareAgents:
    """The agents that lose all they could work with, unless accepted, as artifacts come by."""

    def __init__(self) -> None:
        self._losses: dict[tuple[str, str], dict[str, list[Loss]]] = defaultdict(dict)

    def add(self, artifact: Artifact) -> None:
        """Take note of an artifact whose client takes away all that its policy grants."""
        policy = artifact.agent.policy
        lost = {loss.subject: loss for loss in artifact.losses if loss.is_total and not loss.reader}
        granted = _list_work(policy)
        if not granted or not lost.keys() >= granted:
            return
        # To accept what is asked for, or given by patterns, is to have it whole, and not lost.
        whole = {name for name in granted if list_effects(policy.grant(name)) == {Effect.ALLOW}}
        losses = [lost[name] for name in lost if name in (whole or granted)]
        if not all(loss.accepted for loss in losses):
            self._losses[artifact.variant.pack.path, artifact.target][policy.name] = losses

    def list_findings(self) -> list[Finding]:
        """Return an error for each pack and target that leave an agent with nothing."""
        return [
            _make_finding(path, target, losses) for (path, target), losses in self._losses.items()
        ]


def _list_work(policy: Policy) -> set[str]:
    """Return what a policy grants to work with; nothing where the client's own tools stay."""
    work = (c for c in CAPABILITIES if not CAPABILITY_FACTS[c].is_aid)
    names = (*work, *policy.list_mcp_names())
    effects = {name: list_effects(policy.grant(name)) for name in names}
    if policy.default is Effect.INHERIT or any(Effect.INHERIT in one for one in effects.values()):
        return set()
    return {name for name, possible in effects.items() if possible != {Effect.DENY}}


def _make_finding(path: str, target: str, losses_by_policy: dict[str, list[Loss]]) -> Finding:
    losses = {loss.subject: loss for losses in losses_by_policy.values() for loss in losses}
    policies, names = ", ".join(losses_by_policy), ", ".join(losses)
    message = f"{target} would leave the agent with nothing that {policies} grants: {names}"
    reasons = "; ".join(dict.fromkeys(loss.reason for loss in losses.values()))
    accept = f"'accept: [{{target: {target}, capability: [{names}], reason: …}}]'"
    hint = f"{reasons}. Leave {target} out of 'targets', or add {accept}"
    return Finding("PP109", "error", path, 1, 1, message, hint)
