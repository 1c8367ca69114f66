"""From an audit to an import: audited paths in, the command that makes packs of the files out."""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from promptpack.importing.agent_file import AgentFile
from promptpack.importing.audit import make_audit
from promptpack.importing.copies import find_copies
from promptpack.importing.importer import plan_import
from promptpack.model import Project, UserError
from promptpack.reading.file_names import get_client_file
from promptpack.targets.built import list_built_targets

_MOST_TRIES = 20
"""Where so many files of a path can't be imported, it is taken that none can."""


def find_import_command(
    files: Sequence[AgentFile], paths: Iterable[Path], target: str, project: Project
) -> str:
    """Return the command that imports the files of audited paths into a project, or nothing.

    A path is named if at least one of its files can be imported; with `target`, all files were
    taken for ones of that client.
    """
    copies = {file.path: group for group in find_copies(files) for file in group}
    new_files = [file for file in files if not _is_built(file, project)]
    useful_paths = [
        path
        for path in paths
        if any(
            _is_importable(file, copies.get(file.path, (file,)), project)
            for file in islice(_iter_files_in(path, new_files), _MOST_TRIES)
        )
    ]
    if not useful_paths:
        return ""
    source = ["--from", target] if target else []
    return shlex.join(["promptpack", "import", *map(_spell_path, useful_paths), *source])


def _iter_files_in(path: Path, files: Iterable[AgentFile]) -> Iterator[AgentFile]:
    folder = Path(os.path.normpath(path))
    return (file for file in files if Path(file.path).is_relative_to(folder))


def _is_built(file: AgentFile, project: Project) -> bool:
    """Tell whether a pack of the project is there already for a file of this name."""
    target = file.target
    return any(
        (get_client_file(pack, target) or pack.name).casefold() == file.found.stem.casefold()
        for pack in project.packs.values()
        if target.name in list_built_targets(project, pack)
    )


def _is_importable(file: AgentFile, copies: Sequence[AgentFile], project: Project) -> bool:
    """Tell whether a file is imported together with its copies, with which it may share a pack."""
    try:
        plan = plan_import(make_audit(copies), project)
    except UserError:
        return False
    return file.path in {one.source for pack in plan.packs for one in pack.files}


def _spell_path(path: Path) -> str:
    """Return a path as an argument that is no option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
