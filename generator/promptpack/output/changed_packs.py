"""A run with few changes: the last record in, the plan for the packs that they reach out.

What such a run makes and says has to be what a whole one would. So there is a whole run where
anything is wrong with what changed, where an output is not what was written, and where anything
differs that what is said of all packs together can depend on.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from promptpack.build import render
from promptpack.model import Artifact
from promptpack.output.changes import Changes, find_changes, find_reached
from promptpack.output.folder_plan import ManifestReader, Plan, plan_files
from promptpack.output.kept import KeptPacks, describe_packs, hash_records, parse_kept
from promptpack.output.manifest import MANIFEST, Manifest, read_manifest
from promptpack.output.manifest_part import PartReader, read_part
from promptpack.output.ownership import Ownership, Words, claims_output
from promptpack.output.plan import gather_outputs
from promptpack.output.record import Look
from promptpack.output.rights import list_rights
from promptpack.output.status import DesiredFile, locate_file
from promptpack.output.used_sources import hash_library
from promptpack.reading.some_packs import load_packs
from promptpack.rendering.variants import Selection
from promptpack.session import Session
from promptpack.source.disk import find_real_path


class ChangedPacks(NamedTuple):
    """The plan for the packs that changes reach, and what is known of all others.

    `look` is at the places of the record that holds what was known; `kept` is for the next one.
    """

    plan: Plan
    look: Look
    kept: KeptPacks


class _KnownRecords(NamedTuple):
    """What the manifest says of packs, those of which something may change, and what reads it."""

    manifest: Manifest
    packs: frozenset[str]
    read: ManifestReader


class _RenderedPacks(NamedTuple):
    """What some packs give: their files, the library files behind them, and what to keep."""

    name: str
    folder: Path
    files: Mapping[str, DesiredFile]
    library: Mapping[str, str]
    kept: KeptPacks


def plan_changed(look: Look, root: Path, find_folder: Callable[[str], Path]) -> ChangedPacks | None:
    """Return the plan for the packs whose files changes may reach; None for a whole run.

    `look` is at the places of the last record. `find_folder` returns the output folder for the one
    that the project file names. Raises UserError for what is wrong in these packs. Also raises
    UserError, and OSError, ValueError, TypeError, AttributeError or LookupError, where only a whole
    run can tell.
    """
    look.wait()
    kept = parse_kept(look.record.kept[0])
    changes = find_changes(look.record, look, root, kept.folder)
    reached = find_reached(kept, changes.sources) if changes else None
    if changes is None or reached is None:
        return None
    known = _find_known(kept, changes, reached)
    if known is None:
        return None
    packs = known.packs
    rendered = _render_packs(root, packs, kept.facts.keys() - packs, find_folder)
    if not _is_alike(known.manifest, kept, rendered, packs):
        return None
    plan = _plan_packs(rendered, known)
    if kept.installed is not None and plan.statuses.list_differing():
        return None  # what is said of installations then is not what was said
    if any(one.state not in ("stale", "missing") for one in plan.statuses.list_differing()):
        return None
    facts, reads = rendered.kept.facts, rendered.kept.reads
    records = {pack: digest for pack, digest in kept.records.items() if pack not in packs}
    later = replace(kept, facts=kept.facts | facts, reads=kept.reads | reads, records=records)
    return ChangedPacks(plan, look, later)


def _find_known(kept: KeptPacks, changes: Changes, reached: frozenset[str]) -> _KnownRecords | None:
    """Return what is known of the packs with changes; None if that is too little or too much."""
    folder = Path(kept.folder)
    part = None if changes.outputs else read_part(folder, reached, kept.manifest)
    if part:
        known = _KnownRecords(part, reached, PartReader(reached, part.rest).read)
    else:
        manifest = read_manifest(folder)
        known = _KnownRecords(manifest, reached | _find_owners(manifest, changes), read_manifest)
    packs = known.packs
    is_few = kept.facts.keys() >= packs and 2 * len(packs) <= len(kept.facts)
    is_few = is_few and packs.isdisjoint(kept.installed or ())
    return known if is_few and (part or _is_known(known, kept, changes)) else None


def _find_owners(manifest: Manifest, changes: Changes) -> frozenset[str]:
    """Return the packs of which outputs changed, as the manifest has it."""
    return frozenset(
        record.get("pack", "")
        for key, record in manifest.files.items()
        if locate_file(key) in changes.outputs
    )


def _is_known(known: _KnownRecords, kept: KeptPacks, changes: Changes) -> bool:
    """Tell whether the manifest is as it was but for some packs."""
    manifest = known.manifest
    outputs = {*map(locate_file, manifest.files), MANIFEST}
    is_sound = not (manifest.problem or manifest.pending) and changes.outputs <= outputs
    if not is_sound or MANIFEST not in changes.outputs:
        return is_sound
    found, last = hash_records(manifest.files), kept.records
    return all(found.get(pack) == last.get(pack) for pack in {*found, *last} - known.packs)


def _render_packs(
    root: Path,
    packs: Collection[str],
    others: Collection[str],
    find_folder: Callable[[str], Path],
) -> _RenderedPacks:
    """Return what some packs give; the templates are read, and no other pack."""
    project = load_packs(root, packs, others)
    session = Session(project)
    artifacts: tuple[Artifact, ...] = ()
    files: Mapping[str, DesiredFile] = {}
    if packs:
        selection = Selection(tuple(sorted(packs)))
        artifacts, files = gather_outputs(render(session, selection), project.name)
    rights = list_rights(session) if project.permissions and packs else ""
    kept = describe_packs(session, artifacts, rights)
    facts = {name: digest for name, digest in kept.facts.items() if name in packs}
    own = KeptPacks(facts=facts, reads={name: kept.reads[name] for name in facts})
    library = hash_library(session, artifacts)
    return _RenderedPacks(project.name, find_folder(project.out), files, library, own)


def _is_alike(
    manifest: Manifest, kept: KeptPacks, rendered: _RenderedPacks, packs: Collection[str]
) -> bool:
    """Tell whether some packs give other texts at most, at the same places."""
    own = {key for key, record in manifest.files.items() if record.get("pack") in packs}
    facts = {name: kept.facts[name] for name in packs}
    is_in_place = str(find_real_path(rendered.folder)) == kept.folder
    return is_in_place and rendered.kept.facts == facts and rendered.files.keys() == own


def _plan_packs(rendered: _RenderedPacks, known: _KnownRecords) -> Plan:
    """Return what it takes to have the files of some packs in the output folder."""

    def answers(_path: str, record: Words) -> bool:
        return record.get("pack") in known.packs

    ownership = Ownership(claims_output, answers, rendered.name)
    files, library = rendered.files, rendered.library
    return plan_files(rendered.folder, files, ownership, library, known.read)
