"""What a new pack has to accept so that it builds: a project and a pack in, entries of YAML out."""

from collections.abc import Collection, Iterator, Mapping

from promptpack.build import render
from promptpack.model import Artifact, Loss, Project, UserError
from promptpack.rendering.variants import Selection
from promptpack.session import Session
from promptpack.targets import TARGETS
from promptpack.targets.bare_agents import find_bare_losses

_CODES = frozenset({"PP101", "PP109"})
"""The codes of what can be accepted."""

Acceptances = Mapping[str, Collection[str]]
"""Capabilities by the client in which they are not what the policy says."""


def find_acceptances(project: Project, pack: str) -> Acceptances:
    """Return what a pack of a project would have to accept so that it builds.

    Raises UserError for everything else that is wrong, and for what there is no reason to accept
    that is true wherever the pack is used.
    """
    needed: dict[str, dict[str, None]] = {}
    try:
        for artifact in render(Session(project), Selection(packs=(pack,))):
            for loss in _iter_unaccepted(artifact):
                needed.setdefault(loss.reader or artifact.target, {})[loss.subject] = None
    except UserError as error:
        known = all(_choose_reason(client, ()) for client in needed)
        findings = [one for one in error.findings if not known or one.code not in _CODES]
        if findings:
            raise UserError(tuple(findings)) from None
    return needed


def format_acceptances(acceptances: Acceptances, targets: Collection[str]) -> str:
    """Return the key `accept` as YAML, or "" for nothing; `targets` are the clients in use."""
    if not acceptances:
        return ""
    lines = ["accept: # each reason is yours to check"]
    for client, capabilities in acceptances.items():
        names = ", ".join(f'"{name}"' if ":" in name else name for name in capabilities)
        lines += [f"  - target: {client}", f"    capability: [{names}]"]
        lines.append(f'    reason: "{_choose_reason(client, targets)}"')
    return "\n".join(lines) + "\n"


def _iter_unaccepted(artifact: Artifact) -> Iterator[Loss]:
    yield from (one for one in artifact.losses if one.kind == "widened" and not one.accepted)
    bare_losses = find_bare_losses(artifact)
    if not all(one.accepted for one in bare_losses):
        yield from bare_losses


def _choose_reason(client: str, targets: Collection[str]) -> str:
    """Return a reason that is true of any project, or "" for a client that has none."""
    if client == "codex":
        return "In Codex the agent works on what its message holds, and its prompt says so."
    if client == "cursor" and client in targets:
        return "Cursor shows each edit and asks before commands, unless its user turned that off."
    title = TARGETS[client].title
    if client == "roo":
        return f"{title} gives this to every mode."
    if client == "cursor":
        return f"No sign of {title} was found here when this file was written."
    if TARGETS[client].check.means == "documentation":
        return f"The documentation of {title} does not say that a list of tools takes this away."
    return ""
