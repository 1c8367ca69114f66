"""Where imported files lie: an audit and a plan in, the project file that installs them there out.

What `promptpack install` writes then are the files that were imported, in their places.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from promptpack.importing.agent_file import AgentFile
from promptpack.importing.audit import Audit
from promptpack.importing.importer import ImportPlan
from promptpack.model import USER, Project, UserError
from promptpack.model.sections import make_slug
from promptpack.output.folders import find_installation_problem
from promptpack.reading.project import replace_sources
from promptpack.reading.roots import PROJECT_FILE
from promptpack.source.disk import find_real_path
from promptpack.source.yaml_writer import write_compact_mapping

_COMMENT = "# What `promptpack install` writes, and `promptpack check` compares.\n"


def place_files(audit: Audit, plan: ImportPlan, project: Project) -> None:
    """Add to a plan the installations that write its files back in place.

    A file that its client loads from a folder in which `install` does not write has none. A
    project file that is there already is not changed: then the plan only says what belongs in it.
    """
    folder = project.roots[0].path
    agent_files = {file.path: file for file in audit.files}
    placed: dict[str, dict[str, list[str]]] = {}
    count = 0
    for pack in plan.packs:
        for file in pack.files:
            into = _find_place(agent_files[file.source], folder)
            if into is not None:
                count += 1
                placed.setdefault(into, {}).setdefault(pack.name, []).append(file.target)
    has_others = bool(project.packs)
    everything = {} if has_others else {p.name: {f.target for f in p.files} for p in plan.packs}
    entries = [*_make_entries(placed, everything)]
    if not entries:
        return
    name = make_slug(find_real_path(folder).name)
    data = {"name": name} if name else {}
    contents = {
        PROJECT_FILE: f"{_COMMENT}{write_compact_mapping({**data, 'installations': entries})}"
    }
    try:
        replace_sources(project, {**plan.contents, **contents}, plan.attached)
    except UserError:  # as where two agents would be one file on some systems
        return
    plan.installations, plan.placed = entries, count
    if PROJECT_FILE not in project.sources:
        plan.contents |= contents


def _make_entries(
    placed: Mapping[str, Mapping[str, Iterable[str]]], everything: Mapping[str, set[str]]
) -> Iterator[dict[str, Any]]:
    """Yield the installations of each folder; one that has all of `everything` names nothing."""
    for into, packs in sorted(placed.items()):
        if {name: {*targets} for name, targets in packs.items()} == everything:
            yield {"into": into}
            continue
        groups: dict[tuple[str, ...], list[str]] = {}
        for name, targets in packs.items():
            groups.setdefault(tuple(dict.fromkeys(targets)), []).append(name)
        for targets, names in groups.items():
            yield {"into": into, "packs": names, "targets": list(targets)}


def _find_place(file: AgentFile, folder: Path) -> str | None:
    """Return the root of a file as a project writes it, or None where `install` puts none there."""
    place, path = file.target.make_path(file.found.stem), file.path.partition("#")[0]
    if path != place and not path.endswith(f"/{place}"):
        return None
    root = Path(path.removesuffix(place) or ".")
    if not root.is_dir() or find_installation_problem(root, folder):
        return None
    into = Path(os.path.relpath(find_real_path(root), find_real_path(folder))).as_posix()
    return f"./{into}" if into == USER else into
