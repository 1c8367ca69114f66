"""Where promptpack may write: a folder and a project in, why it may not be that folder out."""

import os
from pathlib import Path

from promptpack.reading.root_finding import is_root_folder, read_settings
from promptpack.reading.roots import OUTPUT_FOLDER, find_project_folder
from promptpack.source.disk import find_real_path

_SOURCE_FOLDERS = ("packs", "templates", ".git")
_BARE_REPOSITORY = ("HEAD", "objects", "refs")


def find_folder_problem(folder: Path, root: Path, *, is_export: bool = False) -> str:
    """Return why outputs may not go into a folder, or nothing.

    `root` is the project's folder; its sources and everything above it are out of bounds, and so is
    what belongs to another repository or project. Only an export may go to a repository's root.
    """
    resolved_folder, root, home = (find_real_path(path) for path in (folder, root, Path.home()))
    is_source = any(resolved_folder.is_relative_to(one) for one in _list_source_folders(root))
    problems = (
        _find_link(folder, root),
        "it contains the project's sources" if root.is_relative_to(resolved_folder) else "",
        "it is your home folder" if home == resolved_folder else "",
        "it contains your home folder" if home.is_relative_to(resolved_folder) else "",
        "it is inside the project's sources" if is_source else "",
        "it is a file" if resolved_folder.exists() and not resolved_folder.is_dir() else "",
        "" if is_export else _find_owner(resolved_folder, root),
        _find_repository_part(resolved_folder),
    )
    return next(filter(None, problems), "")


def find_installation_problem(folder: Path, root: Path) -> str:
    """Return why nothing may be installed into a folder, or nothing; `root` is the project's."""
    resolved_folder, root = find_real_path(folder), find_real_path(root)
    if any(resolved_folder.is_relative_to(one) for one in _list_source_folders(root)):
        return "it is inside the project's sources"
    return _find_repository_part(resolved_folder)


def find_start_problem(folder: Path) -> str:
    """Return why a folder, which need not be there, can't be that of a new project, or nothing."""
    resolved_folder, home = find_real_path(folder), find_real_path(Path.home())
    around = find_project_folder(resolved_folder.parent)
    sources = [around / name for name in _SOURCE_FOLDERS] if around else []
    problems = (
        "it is a file" if folder.is_file() else "",
        "it is inside a file" if any(one.is_file() for one in resolved_folder.parents) else "",
        "it is your home folder" if home == resolved_folder else "",
        _find_repository_part(resolved_folder),
        "it is inside the sources of another project"
        if any(resolved_folder.is_relative_to(source) for source in sources)
        else "",
    )
    return next(filter(None, problems), "")


def _list_source_folders(root: Path) -> list[Path]:
    """Return the folders of a project that hold sources, its own or those of a library."""
    settings = read_settings(root)
    libraries = (one for one in settings.folders.values() if is_root_folder(one, settings.out))
    return [root / name for name in (*_SOURCE_FOLDERS, *libraries)]


def _find_link(folder: Path, root: Path) -> str:
    """Return that a folder is a link, or that one below the project's folder leads to it."""
    if folder.is_symlink():
        return "it is a link; use the folder that it points to"
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - `resolve` would follow the links
    if absolute.is_relative_to(root):
        parts = absolute.relative_to(root).parts
        if any(root.joinpath(*parts[:end]).is_symlink() for end in range(1, len(parts))):
            return "it is behind a link; use the folder that it leads to"
    return ""


def _find_owner(folder: Path, root: Path) -> str:
    """Return to whom else a folder belongs, or nothing."""
    if (folder / ".git").exists():
        return "it is the root of another repository"
    project = find_project_folder(folder.parent)
    if project and folder.name == OUTPUT_FOLDER and project == folder.parent and project != root:
        return "it is the output folder of another project"
    return ""


def _find_repository_part(folder: Path) -> str:
    """Return that a folder is a part of a git repository that only git writes, or nothing."""
    is_bare = all((folder / name).exists() for name in _BARE_REPOSITORY)
    is_inside = ".git" in (part.casefold() for part in folder.parts)
    return "it is inside a git repository's own files" if is_bare or is_inside else ""
