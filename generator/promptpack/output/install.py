"""Installing: artifacts of one variant and a repository in, a plan for that repository out.

The repository is an output folder like any other: what promptpack put there is in its manifest, and
only that is replaced or taken out.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from promptpack.model import Artifact, Finding, UserError
from promptpack.output.ownership import Ownership, Words, claims_installed, is_protected
from promptpack.output.plan import make_desired_files
from promptpack.output.write import Plan, plan_files


def plan_install(artifacts: Iterable[Artifact], repository: Path, project: str = "") -> Plan:
    """Return what it takes to put artifacts into a repository, each at its client's own path.

    An earlier variant of the same pack for the same clients is replaced. `project` is the name of
    the project, if it has one. Raises UserError where a path is one that promptpack never writes.
    """
    artifacts = tuple(artifacts)
    desired_files = make_desired_files(
        ((artifact.path.split("/", 2)[2], artifact) for artifact in artifacts), project
    )
    if refused := [path for path in desired_files if is_protected(path)]:
        raise UserError(tuple(map(_make_refusal, refused)))
    packs = {artifact.variant.pack.name for artifact in artifacts}
    targets = {artifact.target for artifact in artifacts}
    answers = partial(_answers, packs, targets)
    return plan_files(repository, desired_files, Ownership(claims_installed, answers, project))


def plan_uninstall(pack: str, targets: Iterable[str], repository: Path, project: str = "") -> Plan:
    """Return what takes a pack out of a repository, for these clients, or all if there are none."""
    answers = partial(_answers, {pack}, set(targets))
    return plan_files(repository, {}, Ownership(claims_installed, answers, project))


def _answers(packs: set[str], targets: set[str], _path: str, record: Words) -> bool:
    return record.get("pack") in packs and (not targets or record.get("target") in targets)


def _make_refusal(path: str) -> Finding:
    message = "promptpack never writes into .git, or into the sources of a project"
    return Finding("PP403", "error", path, 0, 0, message, "give the pack another name")
