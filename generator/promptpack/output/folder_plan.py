"""What has to happen in a folder: the files that it should hold in, a plan and its manifest out.

A plan is decided before anything is written, and once more under the folder's lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from promptpack.output.manifest import Manifest, hash_content, read_manifest
from promptpack.output.ownership import OCCASION, Ownership
from promptpack.output.packed import Record, Records, merge_records
from promptpack.output.status import DesiredFile, State, Statuses, find_statuses
from promptpack.source.disk import HAS_MODES
from promptpack.version import __version__

ON_PURPOSE: tuple[State, ...] = ("edited", "foreign")
"""The states of what somebody else wrote; `force` overwrites it and keeps a copy."""

ManifestReader = Callable[[Path, str], Manifest]
"""Returns the manifest in a folder of a name, as `read_manifest` does."""


class Outcome(NamedTuple):
    """The manifest of a folder once a plan is carried out, and the SHA-256 of its bytes."""

    manifest: Manifest
    digest: str


@dataclass(frozen=True)
class Plan:
    """What has to happen in a folder, decided before anything does.

    `outcome` is what was left of one that was carried out and wrote something.
    """

    folder: Path
    manifest: Manifest
    desired: Mapping[str, DesiredFile]
    statuses: Statuses
    ownership: Ownership
    library: Mapping[str, str] | None = None
    """The SHA-256 of each library file that the files are made of; None for no word about it."""
    read: ManifestReader = read_manifest
    """What reads the manifest again, or the part of it that the plan is about."""
    outcome: Outcome | None = None

    def filter_statuses(self, *states: State) -> Statuses:
        """Return the statuses in any of these states."""
        return self.statuses.filter(*states)

    def list_writes(self) -> Statuses:
        """Return the statuses of what has to be written."""
        return self.filter_statuses("missing", "stale", *ON_PURPOSE).list_desired()


def plan_files(
    folder: Path,
    desired_files: Mapping[str, DesiredFile],
    ownership: Ownership,
    library: Mapping[str, str] | None = None,
    read: ManifestReader = read_manifest,
) -> Plan:
    """Return what it takes to make a folder hold what it should; reads, and writes nothing.

    Recorded files that it should not hold are extra if this run answers for them. Raises UserError
    where the manifest can't be trusted.
    """
    manifest = read(folder, ownership.record)
    statuses = find_statuses(folder, manifest, desired_files, ownership)
    return Plan(folder, manifest, desired_files, statuses, ownership, library, read)


def plan_again(plan: Plan) -> Plan:
    """Return the plan for the same files as the folder is now, as `plan_files` does."""
    return plan_files(plan.folder, plan.desired, plan.ownership, plan.library, plan.read)


def has_work(plan: Plan) -> bool:
    """Tell whether a plan has anything to write or remove, or to say otherwise in the manifest."""
    return bool(plan.list_writes()) or make_final_manifest(plan) != plan.manifest


def make_final_manifest(plan: Plan) -> Manifest:
    """Return the manifest once the plan is carried out; other runs may have more to answer for."""
    left = {one.path for one in plan.filter_statuses("edited") if not one.new}
    handled_paths = {*plan.statuses.list_paths()} - left
    files, pending = (
        Records(records).pick(path for path in records if path not in handled_paths)
        for records in (plan.manifest.files, plan.manifest.pending)
    )
    others = files.keys() - plan.desired.keys() or plan.manifest.rest
    own = Records((path, _make_record(plan, path)) for path in plan.desired)
    files = merge_records(files, own).sort()
    manifest = replace(plan.manifest, files=files, pending=pending, problem="")
    if plan.library is None or not plan.desired:
        return manifest
    kept_library = manifest.library if others else {}  # of files that this run does not build
    library = dict(sorted({**kept_library, **plan.library}.items()))
    return replace(manifest, tool=__version__, library=library)


def _make_record(plan: Plan, path: str) -> Record:
    """Return the record of a file: that which there is, unless it says something else of it.

    When the file was written is nothing else: a file that stays as it is keeps its record.
    """
    desired, old = plan.desired[path], plan.manifest.files.get(path, {})
    record = {"sha256": hash_content(desired.content), **desired.about}
    if not old:
        return record
    differing = {word for word in old.keys() | record.keys() if old.get(word) != record.get(word)}
    unknown = OCCASION if HAS_MODES else (*OCCASION, "mode")
    return old if differing <= {*unknown} else record
