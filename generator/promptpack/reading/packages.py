"""Libraries in installed packages: a name in, the folder of the package that brings it out.

No code of a package is run, or imported, to find its files. What an installer has written beside
them is read: the entry points and the name of each package.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from promptpack.patterns import compile_late
from promptpack.source.disk import (
    LINKED_FOLDER,
    UnreadableFileError,
    find_real_path,
    read_regular_file,
    walk_folder,
)

GROUP = "promptpack.library"
"""The group of entry points: a library's name, and the Python package that is its folder."""

_METADATA_LIMIT = 1 << 20
_PACKAGE = compile_late(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_WORD = compile_late(r"[A-Za-z0-9][A-Za-z0-9._!+-]{0,63}")
_ENTRY_POINTS, _METADATA, _ORIGIN = "entry_points.txt", "METADATA", "direct_url.json"


class InstalledPackage(NamedTuple):
    """An installed package: its name and version, its libraries, and where it was unpacked."""

    name: str
    version: str
    libraries: Mapping[str, str]
    site: Path
    metadata: Path

    def list_files(self) -> tuple[Path, ...]:
        """Return the files that say what the package is."""
        return self.metadata / _METADATA, self.metadata / _ENTRY_POINTS


def find_packages(library: str, project: Path) -> list[InstalledPackage]:
    """Return the installed packages that bring a library of a name; there should be one.

    `project` is the folder of the project. A package that lies there, or in a folder around it, or
    in the current folder, is a file of somebody's repository, and is not installed.
    """
    found: dict[str, InstalledPackage] = {}
    for site in _list_sites(project):
        for package in _iter_packages(site):
            found.setdefault(re.sub(r"[-_.]+", "-", package.name).lower(), package)
    return [one for one in found.values() if library in one.libraries]


def locate_library(package: InstalledPackage, library: str) -> tuple[Path, str, str]:
    """Return the folder of a library, or else why there is none, and the way out."""
    value = package.libraries[library]
    folder = package.site.joinpath(*value.split("."))
    about = f"the package '{package.name}' names '{value}' for the library '{library}'"
    if not _PACKAGE.fullmatch(value):
        return folder, f"{about}, which is no name of a package", "report it to its author"
    if find_real_path(folder) != folder:
        return folder, f"{about}, but {LINKED_FOLDER}", "install it without links"
    if folder.is_dir():
        return folder, "", ""
    if _is_editable(package):
        hint = "name its source folder under 'roots', or install it as it is"
        return folder, f"the package '{package.name}' is installed as a link to its sources", hint
    return folder, f"{about}, but it has no such folder", "install it from a wheel, unpacked"


def _list_sites(project: Path) -> list[Path]:
    """Return the folders in which packages are installed, without those of the project."""
    own = {find_real_path(Path.cwd()), project, *project.parents}
    sites = dict.fromkeys(find_real_path(path) for path in sys.path if path)
    return [site for site in sites if site not in own and site.is_dir()]


def _iter_packages(site: Path) -> Iterator[InstalledPackage]:
    """Yield the packages in a folder, of those without a library only the name."""
    for entry in walk_folder(site, skips=lambda _: True):
        if entry.is_folder and not entry.problem and entry.path.suffix == ".dist-info":
            libraries = _read_libraries(entry.path)
            if libraries:
                name, version = _read_names(entry.path)
            else:  # its folder is named after it
                name, version = entry.path.stem.partition("-")[0], ""
            yield InstalledPackage(name, version, libraries, site, entry.path)


def _read_libraries(metadata: Path) -> dict[str, str]:
    text = _read_text(metadata / _ENTRY_POINTS)
    if GROUP not in text:
        return {}
    import configparser  # noqa: PLC0415 - most projects use no packages

    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # as its documentation says
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    entries = parser.items(GROUP) if parser.has_section(GROUP) else []
    return {name: value.strip() for name, value in entries}


def _read_names(metadata: Path) -> tuple[str, str]:
    """Return the name and the version of a package; of a word that could be neither, nothing."""
    head = _read_text(metadata / _METADATA).partition("\n\n")[0]
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    name, version = fields.get("Name", "").strip(), fields.get("Version", "").strip()
    name = name if _WORD.fullmatch(name) else metadata.stem.partition("-")[0]
    return name, version if _WORD.fullmatch(version) else ""


def _is_editable(package: InstalledPackage) -> bool:
    try:
        origin = json.loads(_read_text(package.metadata / _ORIGIN) or "{}")
    except (ValueError, RecursionError):
        return False
    folder = origin.get("dir_info") if isinstance(origin, dict) else None
    return isinstance(folder, dict) and folder.get("editable") is True


def _read_text(path: Path) -> str:
    """Return the text of a file that an installer wrote; where it can't be read, there is none."""
    try:
        return read_regular_file(path, _METADATA_LIMIT).decode("utf-8", "replace")
    except (FileNotFoundError, UnreadableFileError):
        return ""
