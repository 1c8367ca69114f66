"""Where fragments, models, policies, layouts and packs come from: a project's folder in, roots out.

Each root has templates in `templates/<kind>/`, and may have packs in `packs/`; only the project has
a file of what they share. Of a project's template and one of the standard library with one name,
the project's counts, and shadows the other. The names of all other libraries begin with a prefix.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from promptpack.model.root import LIBRARY, PROJECT, Root, find_prefix, split_source_path
from promptpack.source.closest import find_closest
from promptpack.source.disk import walk_folder

Kind = Literal["fragments", "models", "policies", "layouts", "shared", "heads", "files", "packs"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of source, in the order in which they are read."""

KIND_WORDS: dict[Kind, str] = {
    "fragments": "fragment",
    "models": "model",
    "policies": "policy",
    "layouts": "layout",
    "shared": "project",
    "heads": "front matter",
    "files": "skill file",
    "packs": "pack",
}
"""What a source of a kind is called."""

PACK_FILE = "pack.yaml"
PROJECT_FILE = "promptpack.yaml"
"""What the packs of a project share, beside `packs/`; it need not be there."""

SOURCES = ("packs", "templates", PROJECT_FILE)
"""The folders and the file that a project is made of."""

OUTPUT_FOLDER = "dist"
"""The output folder of a project, where no other is asked for."""

FILES_FOLDER = "skill"
"""The folder in a pack's own with the files that go beside its skill: data of any kind."""

_LEFT_OUT = frozenset({"__pycache__", "thumbs.db", "desktop.ini"})
"""What systems and tools leave in folders besides hidden files, in small letters."""

HEAD_SUFFIX = ".head"
"""The end of the names of files of front matter that is kept, which lie with their pack."""

SUFFIXES: dict[Kind, str] = {
    "fragments": ".md",
    "models": ".yaml",
    "policies": ".yaml",
    "layouts": ".md.j2",
}
"""The kinds of template, each with the end of its files' names."""


class SourceName(NamedTuple):
    """What a source is by its path; `pack` is the pack that it belongs to, or empty."""

    kind: Kind
    name: str
    pack: str = ""


def find_library() -> Path:
    """Return the standard library: inside the installed package, or beside its source tree."""
    package_folder = Path(__file__).resolve().parents[1]
    return (
        package_folder / "templates"
        if (package_folder / "templates").is_dir()
        else package_folder.parents[1] / "templates"
    )


def find_project_folder(start: Path) -> Path | None:
    """Return the nearest folder from `start` upwards that holds `packs/`, or None."""
    return next((f for f in (start, *start.parents) if (f / "packs").is_dir()), None)


def list_pack_names(folder: Path) -> tuple[str, ...]:
    """Return the packs that a project in a folder has, by the names of their folders."""
    return tuple(
        entry.path.name
        for entry in walk_folder(folder / "packs", skips=lambda _: True)
        if entry.is_folder and not entry.problem and not entry.path.name.startswith(".")
    )


def parse_source_path(path: str) -> SourceName | None:
    """Return what a source is, or None for a path that is none.

    >>> parse_source_path("acme:templates/fragments/ethics/be-honest.md")
    SourceName(kind='fragments', name='acme:ethics/be-honest', pack='')
    >>> parse_source_path("packs/demo/role.md")
    SourceName(kind='fragments', name='packs/demo/role.md', pack='demo')
    >>> parse_source_path("packs/demo/skill/scripts/run.py")
    SourceName(kind='files', name='packs/demo/skill/scripts/run.py', pack='demo')
    >>> parse_source_path("promptpack.yaml")
    SourceName(kind='shared', name='promptpack.yaml', pack='')
    """
    root, relative_path = split_source_path(path)
    top, _, rest = relative_path.partition("/")
    folder, _, file = rest.partition("/")
    if relative_path == PROJECT_FILE and root == PROJECT:
        return SourceName("shared", PROJECT_FILE)
    if top == "templates":
        for kind, suffix in SUFFIXES.items():
            if folder == kind and file.endswith(suffix):
                return SourceName(kind, find_prefix(path) + file.removesuffix(suffix))
    is_in_pack = top == "packs" and root != LIBRARY and not folder.startswith(".")
    return _name_in_pack(path, folder, file) if is_in_pack else None


def _name_in_pack(path: str, pack: str, file: str) -> SourceName | None:
    """Return what a file in a pack's folder is."""
    if file.startswith(f"{FILES_FOLDER}/"):
        return None if is_left_out(file) else SourceName("files", path, pack)
    if file == PACK_FILE:
        return SourceName("packs", pack, pack)
    if file.endswith(HEAD_SUFFIX):
        return SourceName("heads", path, pack)
    if file.endswith(".md") and file.rpartition("/")[2] != "README.md":
        return SourceName("fragments", path, pack)
    return None


def is_left_out(path: str) -> bool:
    """Tell whether a file or folder is none that goes beside a skill: hidden, or left by a tool."""
    parts = path.casefold().split("/")
    return any(part.startswith(".") or part in _LEFT_OUT for part in parts)


def find_meant_path(path: str) -> str:
    """Return the path of a source that is nearest to the path of a file that is none, or "".

    >>> find_meant_path("templates/policies/strict.yml")
    'templates/policies/strict.yaml'
    >>> find_meant_path("packs/demo/pack.yml")
    'packs/demo/pack.yaml'
    """
    folder, slash, name = path.rpartition("/")
    stem, endings = name.partition(".")[0], (".yaml", ".md", ".md.j2", HEAD_SUFFIX)
    folders = [folder]
    top, _, rest = folder.partition("/")
    kind, below, inner = rest.partition("/")
    if top == "templates" and kind not in SUFFIXES:
        folders = [
            f"{top}/{meant}{below}{inner}" for meant in [find_closest(kind, SUFFIXES)] if meant
        ]
    candidates = [f"{one}{slash}{stem}{ending}" for one in folders for ending in endings]
    return next((one for one in candidates if one != path and parse_source_path(one)), "")


def resolve_shadows(roots: Sequence[Root], paths: Iterable[str]) -> dict[str, str]:
    """Return the sources among some paths that count, each with the one that it shadows or "".

    They are in the order in which they are read: templates by kind and name, then pack by pack.
    """
    ranks = {root.name: rank for rank, root in enumerate(roots)}
    paths_by_name: dict[SourceName, list[str]] = defaultdict(list)
    for path in paths:
        if source_name := parse_source_path(path):
            paths_by_name[source_name].append(path)
    result: dict[str, str] = {}
    for source_name in sorted(paths_by_name, key=_make_sort_key):
        first, *others = sorted(
            paths_by_name[source_name], key=lambda path: ranks[split_source_path(path)[0]]
        )
        result[first] = others[0] if others else ""
    return result


def _make_sort_key(source_name: SourceName) -> tuple[str, int, list[str]]:
    kind, name, pack = source_name
    return pack, KINDS.index(kind), name.split("/") if pack else [name]
