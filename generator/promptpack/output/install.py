"""Installing: artifacts of one variant and a repository in, a plan for that repository out.

The repository is an output folder like any other: what promptpack put there is in its manifest, and
only that is replaced or taken out.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from promptpack.model import Artifact
from promptpack.output.plan import describe_artifact, make_key
from promptpack.output.write import DesiredFile, Plan, plan_files


def plan_install(artifacts: Iterable[Artifact], repository: Path) -> Plan:
    """Return what it takes to put artifacts into a repository, each at its client's own path.

    An earlier variant of the same pack for the same clients is replaced.
    """
    artifacts = tuple(artifacts)
    desired_files = {
        make_key(artifact.path.split("/", 2)[2], artifact): DesiredFile(
            artifact.content, describe_artifact(artifact)
        )
        for artifact in artifacts
    }
    packs = {artifact.variant.pack.name for artifact in artifacts}
    targets = {artifact.target for artifact in artifacts}
    return plan_files(repository, desired_files, lambda _, known: _concerns(known, packs, targets))


def plan_uninstall(pack: str, targets: Iterable[str], repository: Path) -> Plan:
    """Return what takes a pack out of a repository, for these clients, or all if there are none."""
    targets = set(targets)
    return plan_files(repository, {}, lambda _, known: _concerns(known, {pack}, targets))


def _concerns(record: Mapping[str, str], packs: set[str], targets: set[str]) -> bool:
    return record.get("pack") in packs and (not targets or record.get("target") in targets)
