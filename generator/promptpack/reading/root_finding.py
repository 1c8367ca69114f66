"""The roots of a project: its folder in, all folders that its sources come from out.

Besides the project and the standard library, these are the libraries that the project file names:
folders in the project (`roots`) and installed packages (`libraries`). Nothing that is installed
counts unless it is named there. The project file is read here for these keys alone; what is wrong
with its form is found when it is read as a source.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from promptpack.model.finding import Finding
from promptpack.model.root import LIBRARY, PROJECT, Root, RootProblem
from promptpack.reading.files import SourceFile
from promptpack.reading.packages import GROUP, find_packages, locate_library
from promptpack.reading.regexes import SLUG_REGEX
from promptpack.reading.roots import (
    KIND_WORDS,
    OUTPUT_FOLDER,
    PROJECT_FILE,
    SOURCES,
    find_library,
    list_pack_names,
)
from promptpack.source.closest import suggest
from promptpack.source.disk import (
    UnreadableFileError,
    find_real_path,
    read_regular_file,
    resolve_links,
)
from promptpack.source.text import SIZE_LIMIT, decode_source, make_finding
from promptpack.source.yaml_entries import read_yaml

FOLDER_KEY, PACKAGE_KEY, PACKS_KEY = "roots", "libraries", "library_packs"
"""The keys of the project file that name folders, packages, and packs of both."""

_WRONG_NAME = "a library can't be called"

_RESERVED = frozenset({LIBRARY, "project", *KIND_WORDS.values()})
"""What stands before a colon in other names."""


class LibrarySettings(NamedTuple):
    """What a project file says of libraries: folders by name, packages, and packs of both."""

    folders: Mapping[str, str]
    packages: tuple[str, ...]
    packs: tuple[str, ...]
    out: str = OUTPUT_FOLDER

    @property
    def names_any(self) -> bool:
        """Whether any library is named."""
        return any((self.folders, self.packages, self.packs))


def find_roots(folder: Path) -> tuple[Root, ...]:
    """Return the roots of the project in a folder, its own first; what is wrong is said in them.

    Where the project's templates are the standard library, that is no root of its own.
    """
    own = find_own_roots(folder)
    project, settings = own[0], read_settings(own[0].path)
    if not settings.names_any:
        return own
    libraries = [*_iter_folders(project.path, settings), *_iter_packages(project.path, settings)]
    project = project._replace(problems=tuple(_find_wrong_names(settings)))
    return _add_packs((project, *own[1:], *libraries), settings.packs)


def list_watched_paths(folder: Path) -> tuple[str, ...]:
    """Return where files of the project in a folder are that may change, relative to it."""
    return (*SOURCES, *(root.folder for root in find_roots(folder) if root.folder))


def find_own_roots(folder: Path) -> tuple[Root, ...]:
    """Return the root of the project in a folder, and that of the standard library."""
    project, library = Root(PROJECT, find_real_path(folder), True), find_library()
    is_library = find_real_path(project.path / "templates") == library
    return (project,) if is_library else (project, Root(LIBRARY, library.parent, False))


def list_known_packs(folder: Path) -> tuple[str, ...]:
    """Return the packs that the project in a folder builds, its own first, by their names."""
    libraries = (pack for root in find_roots(folder) for pack in root.packs)
    return (*list_pack_names(folder), *libraries)


def read_settings(folder: Path) -> LibrarySettings:
    """Return what the project file in a folder says of libraries; of an unreadable one, nothing."""
    try:
        path = resolve_links(folder / PROJECT_FILE, folder)
        text, _ = decode_source(read_regular_file(path, SIZE_LIMIT), PROJECT_FILE)
    except (FileNotFoundError, UnreadableFileError):
        text = ""
    return parse_settings(text)


def parse_settings(text: str) -> LibrarySettings:
    """Return what the text of a project file says of libraries; what has a wrong form is left out.

    >>> parse_settings("roots: {acme: vendor/acme}").folders
    {'acme': 'vendor/acme'}
    """
    has_keys = any(key in text for key in (FOLDER_KEY, PACKAGE_KEY, PACKS_KEY))
    data = read_yaml(text, PROJECT_FILE).data if has_keys else {}
    values: Mapping[str, Any] = data if isinstance(data, dict) else {}
    folders, out = values.get(FOLDER_KEY), values.get("out")
    return LibrarySettings(
        {k: v for k, v in folders.items() if isinstance(k, str) and isinstance(v, str)}
        if isinstance(folders, dict)
        else {},
        _list_texts(values.get(PACKAGE_KEY)),
        _list_texts(values.get(PACKS_KEY)),
        out if isinstance(out, str) else OUTPUT_FOLDER,
    )


def _list_texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def is_root_folder(path: str, out: str = OUTPUT_FOLDER) -> bool:
    """Tell whether a path in a project can be that of a library's folder.

    >>> is_root_folder("vendor/acme"), is_root_folder("../acme"), is_root_folder("packs/acme")
    (True, False, False)
    """
    parts = path.split("/")
    is_plain = all(part and not part.startswith(".") for part in parts)
    is_portable = not any(character in path for character in '\\:*?"<>|') and path.isprintable()
    return (
        is_plain
        and is_portable
        and parts[0].casefold() not in (*SOURCES, out.split("/", maxsplit=1)[0].casefold())
    )


def find_root_problems(roots: Iterable[Root], files: Iterable[SourceFile]) -> Iterator[Finding]:
    """Yield an error for each library that the project file names and that can't be used."""
    problems = [problem for root in roots for problem in root.problems]
    text = next((file.text for file in files if file.path == PROJECT_FILE), "") if problems else ""
    document = read_yaml(text, PROJECT_FILE)
    for place, message, hint in problems:
        is_key = message.startswith(_WRONG_NAME)
        span = document.at(place) if is_key else document.values.get(place, document.at(place))
        yield make_finding("PP024", PROJECT_FILE, span, message, hint, text)


def _iter_folders(project: Path, settings: LibrarySettings) -> Iterator[Root]:
    """Yield the libraries that are folders of the project."""
    for name, folder in settings.folders.items():
        if explain_library_name(name):
            continue
        path = project / folder
        message, hint = _explain_folder(path, folder, settings.out)
        problems = (RootProblem((FOLDER_KEY, name), message, hint),) if message else ()
        yield Root(name, path, False, folder=folder, is_missing=bool(problems), problems=problems)


def explain_library_name(name: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of a library, and the way out."""
    if name in _RESERVED:
        return f"{_WRONG_NAME} '{name}'", "that word means something else in names"
    if not re.fullmatch(SLUG_REGEX, name) or not 1 < len(name) <= 32:
        hint = "use 2 to 32 small letters and digits, with single hyphens between them"
        return f"{_WRONG_NAME} '{name}'", hint
    return None


def _explain_folder(path: Path, folder: str, out: str) -> tuple[str, str]:
    """Return what is wrong with the folder of a library, and the way out; else two empty texts."""
    if not is_root_folder(folder, out):
        hint = "name a folder of this project, such as 'vendor/acme', outside of its sources"
        return f"'{folder}' can't hold a library", hint
    if find_real_path(path) != path:
        return f"'{folder}' is a link, or lies behind one", "name the folder itself"
    if not path.is_dir():
        return f"there is no folder '{folder}'", "if it is a submodule, check it out first"
    if not any((path / name).is_dir() for name in ("templates", "packs")):
        hint = "if it is a submodule, check it out with 'git submodule update --init'"
        return f"'{folder}' has no folder 'templates' and no 'packs'", hint
    return "", ""


def _iter_packages(project: Path, settings: LibrarySettings) -> Iterator[Root]:
    """Yield the libraries that are installed packages."""
    for index, name in enumerate(settings.packages):
        is_repeated = name in (*settings.folders, *settings.packages[:index])
        if not is_repeated and not explain_library_name(name):
            yield _make_package_root(project, name, (PACKAGE_KEY, index))


def _find_wrong_names(settings: LibrarySettings) -> Iterator[RootProblem]:
    """Yield what is wrong with names of libraries; no root has such a name."""
    places: dict[tuple[str | int, ...], str] = {
        **{(FOLDER_KEY, name): name for name in settings.folders},
        **{(PACKAGE_KEY, index): name for index, name in enumerate(settings.packages)},
    }
    for place, name in places.items():
        if problem := explain_library_name(name):
            yield RootProblem(place, *problem)
    for index, name in enumerate(settings.packages):
        if name in (*settings.folders, *settings.packages[:index]):
            hint = f"leave it out here, or under '{FOLDER_KEY}'"
            yield RootProblem((PACKAGE_KEY, index), f"'{name}' is named twice", hint)


def _make_package_root(project: Path, name: str, place: tuple[str | int, ...]) -> Root:
    missing = Root(name, project, False, is_missing=True)
    packages = find_packages(name, project)
    if not packages:
        hint = (
            f"install the package that has the entry point '{name}' in '{GROUP}' where promptpack "
            f"is installed, or name its folder under '{FOLDER_KEY}'"
        )
        message = f"the library '{name}' is not installed"
        return missing._replace(problems=(RootProblem(place, message, hint),))
    if len(packages) > 1:
        names = " and ".join(sorted(f"'{one.name}'" for one in packages))
        message = f"the packages {names} all bring a library '{name}'"
        return missing._replace(problems=(RootProblem(place, message, "uninstall all but one"),))
    (package,) = packages
    path, message, hint = locate_library(package, name)
    if message:
        return missing._replace(problems=(RootProblem(place, message, hint),))
    return Root(
        name,
        path,
        False,
        distribution=package.name,
        version=package.version,
        metadata=package.list_files(),
    )


def _add_packs(roots: tuple[Root, ...], packs: tuple[str, ...]) -> tuple[Root, ...]:
    """Return roots with the packs that a project builds of its libraries."""
    project = roots[0]
    owners = dict.fromkeys(list_pack_names(project.path), "this project")
    chosen: dict[str, list[str]] = {}
    problems = []
    libraries = {root.name: root for root in roots if root.name not in {PROJECT, LIBRARY}}
    for index, full_name in enumerate(packs):
        library, colon, pack = full_name.partition(":")
        root = libraries.get(library)
        if not colon or (root is not None and root.is_missing):  # said elsewhere
            continue
        message, hint = _explain_pack(root, library, pack, owners, libraries)
        if message:
            problems.append(RootProblem((PACKS_KEY, index), message, hint))
        else:
            owners[pack] = f"the library '{library}'"
            chosen.setdefault(library, []).append(pack)
    return (
        project._replace(problems=(*project.problems, *problems)),
        *(root._replace(packs=tuple(chosen.get(root.name, ()))) for root in roots[1:]),
    )


def _explain_pack(
    root: Root | None,
    library: str,
    pack: str,
    owners: Mapping[str, str],
    libraries: Mapping[str, Root],
) -> tuple[str, str]:
    """Return why a pack of a library can't be built, and the way out; else two empty texts."""
    if root is None:
        hint = suggest(library, libraries) or f"name it under '{PACKAGE_KEY}' or '{FOLDER_KEY}'"
        return f"unknown library '{library}'", hint
    names = list_pack_names(root.path)
    if pack not in names:
        return f"the library '{library}' has no pack '{pack}'", suggest(pack, names)
    if pack in owners:
        hint = "a pack of a library is replaced by none of the same name: leave one of them out"
        return f"'{pack}' is a pack of {owners[pack]} already", hint
    return "", ""
