"""Between a build and its folder: artifacts and a selection in, a plan or JSON data out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from promptpack.model import Agent, Artifact, AttachedFile, Loss, Project, Variant
from promptpack.output.folder_plan import Plan, plan_files
from promptpack.output.gathered import GatheredFiles
from promptpack.output.manifest import hash_content
from promptpack.output.ownership import (
    Ownership,
    Words,
    claims_output,
    find_outputs,
    read_variant_id,
)
from promptpack.output.status import DesiredFile, Status, locate_file
from promptpack.policy.lattice import list_caveats
from promptpack.rendering.expectations import ExpectationSummary
from promptpack.rendering.shards import Chooser, choose_all
from promptpack.rendering.variants import Selection
from promptpack.source.contents import measure_content
from promptpack.targets import TARGETS
from promptpack.targets.paths import fold_path

SCHEMA_VERSION = 1

EXECUTABLE = "100755"
"""What a record says, as git does, of the mode of a file that can be run."""


class Outputs(NamedTuple):
    """Artifacts without their text, and what a folder should hold of them by key."""

    artifacts: tuple[Artifact, ...]
    files: Mapping[str, DesiredFile]


def gather_outputs(artifacts: Iterable[Artifact], project: str = "") -> Outputs:
    """Return the outputs of artifacts as they come by; their contents wait in a store.

    `project` is the name of the project, if it has one.
    """
    kept: list[Artifact] = []
    files = GatheredFiles()
    for artifact in artifacts:
        for key, file in make_desired_files([(artifact.path, artifact)], project).items():
            files.add(key, file)
        kept.append(_drop_text(artifact, kept[-1].agent if kept else None))
    return Outputs(tuple(kept), files)


def _drop_text(artifact: Artifact, last: Agent | None) -> Artifact:
    """Return an artifact of whose agent only the policy and the file's name are left.

    That may be all that is left of the `last` one too.
    """
    stem, policy, model = artifact.agent.stem, artifact.agent.policy, artifact.variant.model
    if last is None or (last.stem, last.policy, last.model) != (stem, policy, model):
        last = Agent("", "", "all", model, None, policy, "", stem=stem)
    return replace(artifact, content=b"", agent=last)


def drop_sources(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Return artifacts without what only rendering needs of their packs.

    That is half of the memory; what is left is what reports say of artifacts.
    """
    variants: dict[int, Variant] = {}
    kept, pack = [], None
    for artifact in artifacts:
        variant = artifact.variant
        if variant.pack is not pack:
            variants, pack = {}, variant.pack
        if id(variant) not in variants:
            slim = replace(pack, sections=(), overrides=(), accept=(), vars={}, clients={})
            variants[id(variant)] = replace(variant, pack=slim, sections=(), accept=())
        kept.append(replace(artifact, variant=variants[id(variant)]))
    return tuple(kept)


def plan_output(  # noqa: PLR0913, PLR0917 - what a build is of, one by one
    files: Mapping[str, DesiredFile],
    folder: Path,
    selection: Selection,
    project: str = "",
    library: Mapping[str, str] | None = None,
    is_chosen: Chooser = choose_all,
) -> Plan:
    """Return what it takes to make the output folder hold some files, given by key.

    Files of variants that were not selected are left alone, and so is what the manifest lists
    where no file of its variant goes: somebody else's file, listed to have it removed. `project`
    is the name of the project, if it has one. `library` is what the manifest is to say of the
    library files behind the artifacts. `is_chosen` tells the artifacts of a shard: files of others
    are left alone too.
    """

    def answers(_path: str, record: Words) -> bool:
        pack, target = (record.get(key, "") for key in ("pack", "target"))
        variant = read_variant_id(record)
        is_selected = selection.contains(pack, variant, variant.language, target)
        return is_selected and is_chosen(pack, str(variant), target)

    ownership = Ownership(claims_output, answers, project, find_outputs=find_outputs)
    return plan_files(folder, files, ownership, library)


def list_rivals(plan: Plan, project: Project) -> set[str]:
    """Return the packs that were not read of which a plan would overwrite files, by the record.

    Only with these it can be told whose the files are now.
    """
    if not project.other_packs:
        return set()
    others, paths = {*project.other_packs}, {*map(fold_path, plan.desired)}
    records = [*plan.manifest.files.items(), *plan.manifest.pending.items()]
    return {
        record["pack"]
        for path, record in records
        if record.get("pack") in others and fold_path(path) in paths
    }


def make_desired_files(
    artifacts: Iterable[tuple[str, Artifact]], project: str
) -> dict[str, DesiredFile]:
    """Return what a folder should hold by key: artifacts, each at a path in it."""
    desired = {}
    for path, artifact in artifacts:
        words = {**name_project(project), **describe_file(artifact)}
        desired[make_key(path, artifact)] = DesiredFile(artifact.content, words)
        desired |= make_attached(path, artifact, words)
    return desired


def make_attached(path: str, artifact: Artifact, words: Words) -> dict[str, DesiredFile]:
    """Return by path the files that go beside an artifact, which is at a path in the folder.

    `words` are those about the artifact; an executable file's record says besides that it is one.
    """
    folder = path.rpartition("/")[0]
    return {
        f"{folder}/{file.path}": DesiredFile(
            file.content,
            {**words, **({"mode": EXECUTABLE} if file.is_executable else {})},
            is_executable=file.is_executable,
        )
        for file in artifact.files
    }


def name_project(project: str) -> dict[str, str]:
    """Return the word that a record has about its project; none where that has no name."""
    return {"project": project} if project else {}


def describe_file(artifact: Artifact) -> dict[str, str]:
    """Return what a record says of an artifact, its file's stem included if that is another."""
    words, stem = describe_artifact(artifact), artifact.agent.stem
    return words if stem == words["pack"] else {**words, "file": stem}


def make_key(path: str, artifact: Artifact) -> str:
    """Return what the manifest calls an artifact at a path: a block by its file and its pack."""
    block = TARGETS[artifact.target].block
    return f"{path}#{artifact.agent.stem}" if block else path


def make_build_data(
    artifacts: Sequence[Artifact], plan: Plan, expectations: ExpectationSummary
) -> dict[str, Any]:
    """Return what `build --format json` prints: the artifacts, and how many files it touched."""
    return {
        "schema_version": SCHEMA_VERSION,
        "artifacts": [_make_artifact_data(artifact, plan) for artifact in artifacts],
        "notes": list_notes(artifacts),
        "expectations": expectations._asdict(),
        **count_changes(plan),
    }


def list_notes(artifacts: Iterable[Artifact]) -> list[str]:
    """Return the notes on the clients and policies of artifacts, each once."""
    artifacts = tuple(artifacts)
    guards = dict.fromkeys(loss.reason for a in artifacts for loss in a.losses if loss.is_note)
    policies = {a.agent.policy.name: a.agent.policy for a in artifacts}
    return [*guards, *(caveat for policy in policies.values() for caveat in list_caveats(policy))]


def make_check_data(plan: Plan) -> dict[str, Any]:
    """Return what `check --format json` prints: the files that are not as built."""
    changed_statuses = plan.statuses.list_differing()
    return {
        "schema_version": SCHEMA_VERSION,
        "files": [_make_status_data(status) for status in changed_statuses],
        "unchanged": count_changes(plan)["unchanged"],
        "manifest_problem": plan.manifest.problem,
    }


def _make_status_data(status: Status) -> dict[str, str]:
    data = {"path": status.path, "state": status.state}
    return {**data, **({"chmod": status.chmod} if status.chmod else {})}


def count_changes(plan: Plan) -> dict[str, int]:
    """Return how many files a plan writes, leaves unchanged and removes; blocks are no files."""
    desired, extra = plan.statuses.list_desired(), plan.filter_statuses("extra")
    written = {*map(locate_file, desired.list_differing().list_paths())}
    unchanged = {*map(locate_file, desired.list_paths())} - written
    removed = {*map(locate_file, extra.list_paths())} - written - unchanged
    return {"written": len(written), "unchanged": len(unchanged), "removed": len(removed)}


def count_files(plan: Plan) -> int:
    """Return how many files a folder should hold; those that packs share count once."""
    return len({*map(locate_file, plan.desired)})


def describe_artifact(artifact: Artifact) -> dict[str, str]:
    """Return the words that the manifest keeps about an artifact."""
    variant = artifact.variant
    return {
        "target": artifact.target,
        "pack": variant.pack.name,
        "model": variant.model.name,
        "policy": variant.policy.name,
        **({"language": variant.language} if variant.is_translated else {}),
    }


def _make_artifact_data(artifact: Artifact, plan: Plan) -> dict[str, Any]:
    content = plan.desired[make_key(artifact.path, artifact)].content
    files = [_make_attached_data(artifact, file) for file in artifact.files]
    return {
        "path": artifact.path,
        **describe_artifact(artifact),
        "sha256": hash_content(content),
        "bytes": measure_content(content),
        "losses": [_make_loss_data(loss) for loss in artifact.losses],
        **({"files": files} if files else {}),
    }


def _make_attached_data(artifact: Artifact, file: AttachedFile) -> dict[str, Any]:
    return {
        "path": artifact.locate(file),
        "source": file.source,
        "sha256": hash_content(file.content),
        "bytes": len(file.content),
        "executable": file.is_executable,
    }


def _make_loss_data(loss: Loss) -> dict[str, Any]:
    data: dict[str, Any] = {
        "field" if loss.is_field else "capability": loss.subject,
        "kind": loss.kind,
        "wanted": loss.wanted,
        "got": loss.got,
        "reason": loss.reason,
    }
    added = {
        "reader": loss.reader,
        "accepted": loss.accepted,
        "note": loss.is_note,
        "lost": loss.is_lost,
        "stand_in": loss.stand_in,
    }
    return {**data, **{key: value for key, value in added.items() if value}}
