"""Importing: hand-kept files in, packs out that build the same files to the byte.

Every file is built again before anything is written. One that would not come out as it was is
refused with the reason, and does not stop the others.
"""

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from promptpack.build import Progress, render
from promptpack.importing.agent_file import AgentFile
from promptpack.importing.audit import Audit
from promptpack.importing.copies import measure_shared_lines
from promptpack.importing.divergence import (
    Divergence,
    describe_rights,
    describe_similarity,
    make_divergence_data,
    rank_divergence,
)
from promptpack.importing.drafts import NamedPolicies, PackDraft, draft_packs, split_parts
from promptpack.importing.grouping import group_files
from promptpack.importing.heads import list_keys
from promptpack.importing.sharing import SharedBlock, find_shared_blocks, share_blocks
from promptpack.importing.splitting import split_prompt
from promptpack.lint.formats import make_finding_data
from promptpack.model import Artifact, AttachedFile, Finding, Project, UserError
from promptpack.output.replace import replace_file
from promptpack.output.staging import make_folders
from promptpack.reading.project import replace_sources
from promptpack.rendering.variants import Selection
from promptpack.session import Session

SCHEMA_VERSION = 1
_POLICIES = "templates/policies"
_FRAGMENTS = "templates/fragments"
_ONE_SECTION = "it has one section"


class ImportForm(NamedTuple):
    """What packs are made of: whether alike copies are one, sections fragments, blocks shared.

    Copies whose prompts are equal are one pack in any case.
    """

    join: bool = False
    split: bool = False
    dedupe: bool = False


DEFAULT_FORM = ImportForm()


@dataclass(frozen=True)
class ImportedFile:
    """A file, and the output that is the same bytes, by its path in the output folder.

    `attached` are the files that were copied from the folder of a skill, by their paths in it.
    """

    source: str
    target: str
    artifact: str
    attached: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportedPack:
    """A pack and the files that it builds."""

    name: str
    files: tuple[ImportedFile, ...]


@dataclass
class ImportPlan:
    """What an import would write: texts by path in the project, and what it refuses and why.

    `attached` are files that are copied as they are.
    """

    contents: dict[str, str] = field(default_factory=dict)
    attached: tuple[AttachedFile, ...] = ()
    packs: list[ImportedPack] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    divergences: list[Divergence] = field(default_factory=list)
    blocks: list[SharedBlock] = field(default_factory=list)
    """The texts that several packs have: shared fragments with `dedupe`, else proposals of some."""
    whole: dict[str, str] = field(default_factory=dict)
    """Why a pack that was to be split is one file, by its name."""
    form: ImportForm = DEFAULT_FORM
    installations: list[dict[str, Any]] = field(default_factory=list)
    """The entries of the project file that write the files back in place."""
    placed: int = 0
    """How many files these write."""

    def count_files(self) -> int:
        """Return how many files are taken in."""
        return sum(len(pack.files) for pack in self.packs)

    def count_differing(self) -> tuple[int, int]:
        """Return how many agents can do harm in one client only, and how many by saying nothing.

        The latter are those of which a file that lets it happen names no permissions.
        """
        harmful = [one for one in self.divergences if one.power]
        silent = {one.pack for one in harmful if one.is_silent}
        return len({one.pack for one in harmful}), len(silent)

    def count_joinable(self) -> int:
        """Return how many agents have copies that are alike and stand in several packs."""
        return len({one.pack for one in self.divergences if one.kind == "text" and one.is_apart})


def plan_import(
    audit: Audit,
    project: Project,
    form: ImportForm = DEFAULT_FORM,
    progress: Progress = lambda _done, _all: None,
) -> ImportPlan:
    """Return what it takes to have the files of an audit as packs.

    They are built together with what the project has; `progress` is called with how many variants
    of how many are. Raises UserError if the project does not build by itself.
    """
    plan = ImportPlan(refused={file.path: file.reason for file in audit.unread}, form=form)
    candidates = []
    for file in audit.files:
        try:
            split_parts(file)
            candidates.append(file)
        except ValueError as error:
            plan.refused[file.path] = str(error)
    taken = {name: project.sources[one.path] for name, one in project.policies.items()}
    names = frozenset(project.packs)
    whole: dict[str, str] = {}
    while True:  # each round but the last refuses a file, or to split one
        policies = NamedPolicies(taken)
        groups = group_files(candidates, audit.copies, join=form.join)
        drafts = draft_packs(groups, policies, names)
        shared = _split(drafts, plan, project, form, whole)
        templates = {f"{_FRAGMENTS}/{name}.md": text for name, text in shared.items()}
        for name, text in policies.list_contents().items():
            templates[f"{_POLICIES}/{name}.yaml"] = text
        refused = _verify(drafts, templates, plan, project, progress)
        split = {draft.files[0].path: draft for draft in drafts if draft.sections}
        unsplit = {path: why for path, why in refused.items() if path in split}
        whole |= unsplit
        refused = {} if unsplit else refused
        plan.refused |= refused
        candidates = [file for file in candidates if file.path not in refused]
        if not refused and not unsplit:
            break
    plan.divergences = _list_divergences(audit.copies, drafts)
    return plan


def make_import_data(audit: Audit, plan: ImportPlan) -> dict[str, Any]:
    """Return what `import --format json` prints; its schema is printed by `schema import`."""
    differing, silent = plan.count_differing()
    return {
        "schema_version": SCHEMA_VERSION,
        "summary": {
            "files": plan.count_files(),
            "packs": len(plan.packs),
            "refused": len(plan.refused),
            "shared_lines": measure_shared_lines(audit.copies),
            "differing_agents": differing,
            "differing_without_permissions": silent,
            "joinable_agents": plan.count_joinable(),
        },
        "packs": [
            {
                "name": pack.name,
                "files": [
                    {
                        "source": file.source,
                        "target": file.target,
                        "artifact": file.artifact,
                        "identical": True,
                        **({"attached": [*file.attached]} if file.attached else {}),
                    }
                    for file in pack.files
                ],
            }
            for pack in plan.packs
        ],
        "refused": [{"source": path, "reason": why} for path, why in plan.refused.items()],
        "disagreements": [make_divergence_data(one) for one in plan.divergences],
        "shared": [
            {"fragment": one.name, "packs": [*one.packs], "saved_bytes": one.saved}
            for one in plan.blocks
        ],
        "whole": [{"pack": name, "reason": why} for name, why in plan.whole.items()],
        "installations": plan.installations,
        "findings": [make_finding_data(finding) for finding in audit.findings],
    }


def _split(
    drafts: Sequence[PackDraft],
    plan: ImportPlan,
    project: Project,
    form: ImportForm,
    whole: Mapping[str, str],
) -> Mapping[str, str]:
    """Give drafts their sections where they are to be fragments; return those that are shared.

    `whole` are the files whose packs can't be split, and why.
    """
    prompts = {
        draft.name: split_prompt(draft.prompt)
        for draft in drafts
        if draft.files[0].path not in whole
    }
    plan.blocks = find_shared_blocks(prompts, project.fragments)
    plan.whole = {
        draft.name: whole[draft.files[0].path] for draft in drafts if draft.files[0].path in whole
    }
    shared = share_blocks(plan.blocks) if form.dedupe else {}
    for draft in drafts:
        sections = prompts.get(draft.name, [])
        is_shared = any(piece.shared for section in sections for piece in section.pieces)
        if is_shared or (form.split and len(sections) > 1):
            draft.sections = sections
        elif form.split:
            plan.whole.setdefault(draft.name, _ONE_SECTION)
    return shared


def _is_beside_same(group: Iterable[AgentFile], file: AgentFile) -> bool:
    """Tell whether a file can be in a pack with others: all its skills have the same files."""
    skills = [one for one in group if one.target.takes_files and file.target.takes_files]
    return all(one.attached == file.attached for one in skills)


def _verify(
    drafts: Sequence[PackDraft],
    templates: Mapping[str, str],
    plan: ImportPlan,
    project: Project,
    progress: Progress,
) -> dict[str, str]:
    """Build the packs in memory, beside a project's own; return the files that come out otherwise.

    What comes out as it was is noted in the plan. A policy that the project has is not new.
    """
    contents = {
        f"packs/{draft.name}/{path}": text
        for draft in drafts
        for path, text in draft.list_contents().items()
    }
    contents |= templates
    plan.contents = {p: text for p, text in contents.items() if p not in project.sources}
    plan.packs = []
    names = tuple(draft.name for draft in drafts)
    try:
        plan.attached = tuple(one for draft in drafts for one in draft.list_attached())
        session = Session(replace_sources(project, plan.contents, plan.attached))
        artifacts = [*render(session, Selection(packs=names), progress)] if names else []
    except UserError as error:
        return _explain_findings(drafts, error.findings)
    return _compare_artifacts(drafts, artifacts, plan)


def write_contents(
    folder: Path, contents: Mapping[str, str], attached: Iterable[AttachedFile] = ()
) -> None:
    """Write texts by their paths in a folder, and files as they are.

    Raises FileExistsError where something stands already at one of these.
    """
    folder.mkdir(parents=True, exist_ok=True)
    attached = tuple(attached)
    for path in (*contents, *(file.source for file in attached)):
        if os.path.lexists(folder / path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder / path))
    for path, text in contents.items():
        make_folders(folder, path, [])
        replace_file(folder, path, text.encode())
    for file in attached:
        make_folders(folder, file.source, [])
        replace_file(folder, file.source, file.content, is_executable=file.is_executable)


def _explain_findings(drafts: Sequence[PackDraft], findings: Sequence[Finding]) -> dict[str, str]:
    """Return the reason why the files of a pack can't be built: what is wrong with the pack.

    It may be said of a pack that was there before. Raises UserError for what is about none.
    """
    reasons: dict[str, str] = {}
    for draft in drafts:
        own = [one for one in findings if one.path.startswith(f"packs/{draft.name}/")]
        reasons |= _explain(draft, own)
    for draft in () if reasons else drafts:
        reasons |= _explain(draft, [one for one in findings if f"'{draft.name}'" in one.message])
    if not reasons:
        raise UserError(tuple(findings))
    return reasons


def _explain(draft: PackDraft, findings: Sequence[Finding]) -> dict[str, str]:
    """Return the first finding for the files of the client that it names, or for all."""
    for finding in findings[:1]:
        files = [*draft.files, *draft.twins]
        named = [file for file in files if file.target.name in finding.message.split()]
        return {file.path: finding.message for file in named or files}
    return {}


def _compare_artifacts(
    drafts: Sequence[PackDraft], artifacts: Iterable[Artifact], plan: ImportPlan
) -> dict[str, str]:
    built = {(one.variant.pack.name, one.target): one for one in artifacts}
    refused: dict[str, str] = {}
    for draft in drafts:
        imported = []
        for file in (*draft.files, *draft.twins):
            artifact = built[draft.name, file.target.name]
            if artifact.content == file.text.encode() and _has_files(artifact, file):
                attached = tuple(one.path for one in file.attached)
                one = ImportedFile(file.path, file.target.name, artifact.path, attached)
                imported.append(one)
            else:
                refused[file.path] = _describe_difference(file.text, artifact.content.decode())
        plan.packs.append(ImportedPack(draft.name, tuple(imported)))
    return refused


def _has_files(artifact: Artifact, file: AgentFile) -> bool:
    """Tell whether beside an artifact goes exactly what lies beside a file."""
    return tuple(one._replace(source="") for one in artifact.files) == file.attached


def _describe_difference(old: str, new: str) -> str:
    old_lines, new_lines = old.split("\n"), new.split("\n")
    pairs = zip(old_lines, new_lines, strict=False)
    number = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), len(old_lines))
    return f"it would not be built as it is: line {number} would differ"


def _list_divergences(
    groups: Iterable[Sequence[AgentFile]], drafts: Iterable[PackDraft]
) -> list[Divergence]:
    """Return where copies differ, harmful rights first."""
    names = {file.path: draft.name for draft in drafts for file in draft.files}
    found: list[Divergence] = []
    for group in groups:
        copies = [file for file in group if file.path in names]
        if len(copies) < 2:
            continue
        pack = names[copies[0].path]
        is_apart = len({names[file.path] for file in copies}) > 1
        loaded = [file for file in copies if not file.refusal]
        holders = [(file.target.name, file.own.agent.policy) for file in loaded]
        silent = {file.target.name for file in loaded if not _names_permissions(file)}
        for one in describe_rights(pack, holders):
            *granting, _ = one.targets
            found.append(replace(one, is_silent=not silent.isdisjoint(granting)))
        found += _iter_text_divergences(pack, copies, is_apart=is_apart)
    return sorted(found, key=rank_divergence)


def _iter_text_divergences(
    pack: str, copies: Sequence[AgentFile], *, is_apart: bool
) -> Iterable[Divergence]:
    first, *others = copies
    for other in others:
        targets = (first.target.name, other.target.name)
        if first.lines != other.lines:
            detail = describe_similarity(first.lines, other.lines)
            yield Divergence(pack, "text", targets, detail, is_apart=is_apart)
        if first.own.agent.description != other.own.agent.description:
            detail = f"compare {first.path} with {other.path}"
            yield Divergence(pack, "description", targets, detail)


def _names_permissions(file: AgentFile) -> bool:
    return any(file.target.decodes(key.name) for key in list_keys(file.path, file.text))
