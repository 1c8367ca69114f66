"""Installing: a project and where its agents should be placed in, a plan for each folder out.

A repository, or a user's home folder, has a record of its own of what was installed there. Only
what that record claims is replaced or taken out, whether or not the project still has the pack.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from promptpack.build import render, tell_permissions
from promptpack.model import USER, Artifact, Finding, Pack, Project, UserError
from promptpack.output.folder_plan import Plan, plan_files
from promptpack.output.instructions import find_contradictions, find_shared_file
from promptpack.output.manifest import INSTALLED, Manifest, read_manifest
from promptpack.output.ownership import (
    Ownership,
    Words,
    claims_installed,
    claims_of_user,
    is_protected,
)
from promptpack.output.packed import Record
from promptpack.output.plan import describe_file, make_attached, make_key, name_project
from promptpack.output.status import DesiredFile, State, Status
from promptpack.reading.placements import (
    Placement,
    list_placements,
    make_installed_path,
)
from promptpack.rendering.variants import select_variant
from promptpack.session import Session
from promptpack.targets import TARGETS
from promptpack.targets.built import list_built_targets

Answers = Callable[[str, Words], bool]
"""Whether a run may remove what a record of this path names."""

InstalledState = Literal["current", "stale", "edited", "missing", "foreign"]

_INSTALLED_STATES: Mapping[State, InstalledState] = {
    "same": "current",
    "stale": "stale",
    "extra": "stale",
    "missing": "missing",
    "edited": "edited",
    "foreign": "foreign",
    "linked": "foreign",
}


class Destination(NamedTuple):
    """A folder that agents are installed into; `into` is what the user calls it."""

    into: str
    folder: Path

    @property
    def is_for_user(self) -> bool:
        """Tell whether this is the home folder, in which each client has its own place."""
        return self.into == USER


class Occasion(NamedTuple):
    """What the record says of when a file was written; `commit` is "" where it is not known."""

    version: str
    commit: str = ""


class InstallationPlan(NamedTuple):
    """What has to happen in a folder, and the records of packs that the project has no more.

    Such a record may be of another project without a name. So it is shown and stays.
    """

    destination: Destination
    plan: Plan
    orphans: Mapping[str, Record]


def find_destination(into: str, root: Path) -> Destination:
    """Return the folder that an installation of the project in `root` means."""
    folder = Path.home() if into == USER else root / into
    return Destination(into, folder)


def is_installed(destination: Destination) -> bool:
    """Tell whether there is a record in a folder of what was installed there."""
    return read_manifest(destination.folder, INSTALLED) != Manifest(name=INSTALLED)


def group_installations(project: Project) -> dict[str, list[Placement]]:
    """Return what the project file places, by its folders as it writes them."""
    groups: dict[str, list[Placement]] = {}
    for installation in project.installations:
        groups.setdefault(installation.into, []).extend(list_placements(project, installation))
    return groups


def list_recorded(project: Project, destination: Destination) -> list[Placement]:
    """Return what is recorded in a folder of this project, and what it can still build."""
    placements = {
        Placement(
            record["pack"],
            record.get("model", ""),
            record.get("policy", ""),
            record["target"],
            record.get("as", ""),
            record.get("language", ""),
        )
        for record in list_own_records(project, destination).values()
    }
    return sorted(one for one in placements if _can_build(project, one))


def list_own_records(project: Project, destination: Destination) -> dict[str, Record]:
    """Return the records in a folder of what this project, or one without a name, installed."""
    ownership = _make_ownership(project, destination, lambda _path, _record: True)
    files = read_manifest(destination.folder, INSTALLED).files
    return {path: record for path, record in files.items() if ownership.counts(path, record)}


def plan_installation(
    project: Project,
    destination: Destination,
    placements: Iterable[Placement],
    occasion: Occasion,
    *,
    is_whole: bool,
) -> InstallationPlan:
    """Return what it takes to have some agents of a project in a folder.

    With `is_whole` they are all that the project has there, and what else is recorded of it is
    removed; else only earlier files of the same agents are. Raises UserError for what is wrong with
    the project, and for a path that promptpack never writes.
    """
    placements = tuple(dict.fromkeys(placements))
    desired = dict(_iter_desired(project, destination, placements, occasion))
    if refused := [path for path in desired if is_protected(path)]:
        raise UserError(tuple(map(_make_refusal, refused)))
    agents = {(one.pack, one.name, one.target) for one in placements}
    answers: Answers = partial(_is_known, project) if is_whole else partial(_is_of_agents, agents)
    return _make_plan(project, destination, desired, answers)


def plan_removal(
    project: Project, destination: Destination, name: str = "", targets: Iterable[str] = ()
) -> InstallationPlan:
    """Return what takes an agent out of a folder, or all of the project's if no name is given.

    `name` is a pack's, or what a pack was called there; the project need not have it any more. No
    targets mean all.
    """
    answers = partial(_is_named, name, frozenset(targets))
    return _make_plan(project, destination, {}, answers)


def find_other_variants(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield each file that another variant or pack stands in, with both of their names."""
    for path, desired in plan.desired.items():
        for record in plan.manifest.list_records(path):
            old, new = _describe_record(record), _describe_record(desired.about)
            if plan.ownership.counts(path, record) and old != new:
                yield path, old, new


def make_installation_data(installation: InstallationPlan) -> dict[str, Any]:
    """Return what `install --format json` and `check --format json` say of a folder."""
    files = [_make_file_data(installation.plan, status) for status in installation.plan.statuses]
    orphans = [
        {"path": path, **_pick_words(record), "state": "stale"}
        for path, record in installation.orphans.items()
    ]
    return {"into": installation.destination.into, "files": [*filter(None, files), *orphans]}


def list_differing(installation: InstallationPlan) -> list[Status]:
    """Return the statuses of the files of a folder that are not what the project says."""
    return [
        status
        for status in installation.plan.statuses
        if status.state != "same" and (status.old, status.new) != (None, None)
    ]


def _make_plan(
    project: Project,
    destination: Destination,
    desired: Mapping[str, DesiredFile],
    answers: Answers,
) -> InstallationPlan:
    ownership = _make_ownership(project, destination, answers)
    plan = plan_files(destination.folder, desired, ownership)
    if findings := find_contradictions(plan):
        raise UserError(tuple(findings))
    handled = {status.path for status in plan.statuses}
    orphans = {
        path: record
        for path, record in plan.manifest.files.items()
        if path not in handled
        if ownership.counts(path, record) and not project.has_pack(record.get("pack", ""))
        if record.get("project", "") == project.name
    }
    return InstallationPlan(destination, plan, orphans)


def _make_ownership(project: Project, destination: Destination, answers: Answers) -> Ownership:
    claims = claims_of_user if destination.is_for_user else claims_installed
    return Ownership(claims, answers, project.name, record=INSTALLED)


def _iter_desired(
    project: Project,
    destination: Destination,
    placements: Iterable[Placement],
    occasion: Occasion,
) -> Iterator[tuple[str, DesiredFile]]:
    """Yield what should stand in a folder, by key; raises UserError with all that is wrong."""
    findings: list[Finding] = []
    for placement, artifact, told in _render(project, placements, findings):
        target = TARGETS[artifact.target]
        path = make_installed_path(target, artifact.agent.stem, destination.into)
        if target.block:
            path = find_shared_file(destination.folder, path)
        key = make_key(path, artifact)
        words = {
            **name_project(project.name),
            **describe_file(artifact),
            "pack": placement.pack,
            **({"as": placement.name} if placement.name else {}),
            "version": occasion.version,
            **({"commit": occasion.commit} if occasion.commit else {}),
        }
        yield key, DesiredFile(artifact.content, words, told)
        yield from make_attached(path, artifact, words).items()
    if findings:
        raise UserError(tuple(sorted(set(findings))))


def _render(
    project: Project, placements: Iterable[Placement], findings: list[Finding]
) -> Iterator[tuple[Placement, Artifact, str]]:
    """Yield the artifact of each placement, and what it tells of permissions in a shared file.

    What is wrong is added to the findings.
    """
    groups: dict[Placement, list[Placement]] = {}
    for placement in placements:
        groups.setdefault(placement._replace(target=""), []).append(placement)
    session = Session(project)
    for variant, members in groups.items():
        name = variant.name or variant.pack
        named = Session(_rename_pack(project, variant.pack, name)) if variant.name else session
        by_target = {member.target: member for member in members}
        selection = select_variant(name, variant.id, tuple(by_target))
        try:
            for artifact in render(named, selection):
                is_common = TARGETS[artifact.target].is_common
                told = tell_permissions(named, artifact) if is_common else ""
                yield by_target[artifact.target], artifact, told
        except UserError as error:
            findings += error.findings


def _rename_pack(project: Project, name: str, new_name: str) -> Project:
    """Return a project of one pack, which is called otherwise in each client."""
    pack = project.packs[name]
    clients = {
        target: replace(
            settings, file="", values={k: v for k, v in settings.values.items() if k != "name"}
        )
        for target, settings in pack.clients.items()
    }
    renamed_pack: Pack = replace(pack, name=new_name, clients=clients)
    return replace(project, packs={new_name: renamed_pack})


def _can_build(project: Project, placement: Placement) -> bool:
    pack = project.packs.get(placement.pack)
    if pack is None or placement.id not in pack.list_variants():
        return False
    is_built = placement.target in list_built_targets(project, pack)
    return is_built and placement.target in TARGETS


def _is_known(project: Project, _path: str, record: Words) -> bool:
    """Tell whether a record is surely of this project: by its name, or as one of its packs."""
    if project.name:
        return record.get("project") == project.name
    return project.has_pack(record.get("pack", ""))


def _is_of_agents(agents: set[tuple[str, str, str]], _path: str, record: Words) -> bool:
    words = (record.get(key, "") for key in ("pack", "as", "target"))
    return tuple(words) in agents


def _is_named(name: str, targets: frozenset[str], _path: str, record: Words) -> bool:
    is_meant = not name or name in (record.get("pack"), record.get("as"))
    return is_meant and (not targets or record.get("target") in targets)


def _describe_record(record: Words) -> str:
    return f"{record.get('pack', '')} ({_name_variant(record)})"


def _name_variant(record: Words) -> str:
    return f"{record.get('model', '')}.{record.get('policy', '')}"


def _make_file_data(plan: Plan, status: Status) -> dict[str, str]:
    """Return what is said of a file; nothing of one that is not there and should not be."""
    if (status.old, status.new, status.state) == (None, None, "same"):
        return {}
    desired = plan.desired.get(status.path)
    records = plan.manifest.list_records(status.path)
    words = desired.about if desired else records[0] if records else {}
    return {"path": status.path, **_pick_words(words), "state": _INSTALLED_STATES[status.state]}


def _pick_words(record: Words) -> dict[str, str]:
    """Return what is said of an installed file: its pack, variant and client."""
    return {
        "pack": record.get("pack", ""),
        "variant": _name_variant(record),
        "target": record.get("target", ""),
        **({"as": record["as"]} if record.get("as") else {}),
    }


def _make_refusal(path: str) -> Finding:
    message = "promptpack never writes into .git, or into the sources of a project"
    return Finding("PP403", "error", path, 0, 0, message, "give the pack another name")
