"""From an audit to an import: audited paths in, the command that makes packs of the files out."""

import os
import shlex
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from promptpack.importing.agent_file import AgentFile
from promptpack.importing.importer import plan_import
from promptpack.model import Project, UserError

_MOST_TRIES = 20
"""Where so many files of a path can't be imported, it is taken that none can."""


def find_import_command(
    files: Sequence[AgentFile], paths: Iterable[Path], target: str, project: Project
) -> str:
    """Return the command that imports the files of audited paths into a project, or nothing.

    A path is named if at least one of its files can be imported; with `target`, all files were
    taken for ones of that client.
    """
    useful_paths = [path for path in paths if _has_importable(files, path, project)]
    if not useful_paths:
        return ""
    source = ["--from", target] if target else []
    return shlex.join(["promptpack", "import", *map(_spell_path, useful_paths), *source])


def _has_importable(files: Iterable[AgentFile], path: Path, project: Project) -> bool:
    folder = Path(os.path.normpath(path))
    own_files = (file for file in files if Path(file.path).is_relative_to(folder))
    return any(_is_importable(file, project) for file in islice(own_files, _MOST_TRIES))


def _is_importable(file: AgentFile, project: Project) -> bool:
    try:
        return bool(plan_import([file], [], project).packs)
    except UserError:
        return False


def _spell_path(path: Path) -> str:
    """Return a path as an argument that is no option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
