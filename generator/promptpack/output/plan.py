"""Between a build and its folder: artifacts and a selection in, a plan or JSON data out."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from promptpack.model import Artifact, Loss
from promptpack.output.manifest import digest
from promptpack.output.write import Plan, Wanted, plan
from promptpack.policy.lattice import caveats
from promptpack.rendering.variants import Selection
from promptpack.targets import TARGETS

SCHEMA_VERSION = 1


def plan_output(artifacts: Iterable[Artifact], folder: Path, selection: Selection) -> Plan:
    """Return what it takes to make the output folder hold the artifacts.

    Files of variants that were not selected are left alone, and so is what the manifest lists
    where no file of its variant goes: somebody else's file, listed to have it removed.
    """
    wanted = {key_of(a.path, a): Wanted(a.content, about(a)) for a in artifacts}

    def in_scope(path: str, about: Mapping[str, str]) -> bool:
        names = [about.get(key, "") for key in ("pack", "model", "policy", "target")]
        _, model, policy, target = names
        return path.startswith(f"{target}/{model}.{policy}/") and selection.takes(*names)

    return plan(folder, wanted, in_scope)


def key_of(path: str, artifact: Artifact) -> str:
    """Return what the manifest calls an artifact at a path: a block by its file and its pack."""
    block = TARGETS[artifact.target].block
    return f"{path}#{artifact.agent.name}" if block else path


def build_data(artifacts: Sequence[Artifact], plan: Plan) -> dict[str, Any]:
    """Return what `build --format json` prints: the artifacts, and how many files it touched."""
    return {
        "schema_version": SCHEMA_VERSION,
        "artifacts": [_artifact_data(artifact) for artifact in artifacts],
        "notes": notes(artifacts),
        **counts(plan),
    }


def notes(artifacts: Iterable[Artifact]) -> list[str]:
    """Return what is said of the policies that artifacts follow, each once."""
    policies = {a.variant.policy.name: a.variant.policy for a in artifacts}
    return [caveat for policy in policies.values() for caveat in caveats(policy)]


def check_data(plan: Plan) -> dict[str, Any]:
    """Return what `check --format json` prints: the files that are not as built."""
    off = [s for s in plan.statuses if s.state != "same"]
    return {
        "schema_version": SCHEMA_VERSION,
        "files": [{"path": status.path, "state": status.state} for status in off],
        "unchanged": counts(plan)["unchanged"],
    }


def counts(plan: Plan) -> dict[str, int]:
    """Return how many files a plan writes, leaves unchanged and removes."""
    return {
        "written": sum(s.new is not None and s.state != "same" for s in plan.statuses),
        "unchanged": sum(s.new is not None and s.state == "same" for s in plan.statuses),
        "removed": len(plan.having("extra")),
    }


def about(artifact: Artifact) -> dict[str, str]:
    """Return the words that the manifest keeps about an artifact."""
    variant = artifact.variant
    return {
        "target": artifact.target,
        "pack": variant.pack.name,
        "model": variant.model.name,
        "policy": variant.policy.name,
    }


def _artifact_data(artifact: Artifact) -> dict[str, Any]:
    return {
        "path": artifact.path,
        **about(artifact),
        "sha256": digest(artifact.content),
        "bytes": len(artifact.content),
        "losses": [_loss_data(loss) for loss in artifact.losses],
    }


def _loss_data(loss: Loss) -> dict[str, str]:
    data = {
        "field" if loss.is_field else "capability": loss.subject,
        "kind": loss.kind,
        "wanted": loss.wanted,
        "got": loss.got,
        "reason": loss.reason,
    }
    return {**data, "accepted": loss.accepted} if loss.accepted else data
