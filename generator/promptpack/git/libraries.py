"""Libraries in a commit: a project's tree in, the folders that its project file names out.

A library can be a submodule. The commit then names one of another repository, which is looked for
where the submodule is checked out; nothing is fetched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from promptpack.git.errors import make_read_error
from promptpack.git.objects import ObjectReader
from promptpack.git.repository import Repository, find_repository
from promptpack.git.trees import TreeEntry, find_entry, read_commit
from promptpack.model import UserError
from promptpack.reading.root_finding import LibrarySettings, is_root_folder, parse_settings
from promptpack.reading.roots import PROJECT_FILE
from promptpack.source.disk import find_real_path
from promptpack.source.text import SIZE_LIMIT, decode_source


class CommittedLibrary(NamedTuple):
    """A library in a commit: its path in the project, and where that leads.

    `entry` is its folder, or the submodule that it is or lies in, at `top`. `packs` are those that
    the project builds.
    """

    path: str
    top: str
    entry: TreeEntry
    packs: tuple[str, ...]

    def entries(self, reader: ObjectReader) -> list[TreeEntry]:
        """Return the entries in which its sources are, with their paths in the project.

        `reader` is that of the repository in which they are. Raises UserError where they can't be
        read.
        """
        tree, rest = self.entry.oid, ""
        if self.entry.kind == "submodule":
            tree, _ = read_commit(reader, self.entry.oid)
            rest = self.path.removeprefix(self.top).removeprefix("/")
        names = ("templates", *(f"packs/{pack}" for pack in self.packs))
        found = ((name, find_entry(reader, tree, f"{rest}/{name}")) for name in names)
        return [one._replace(path=f"{self.path}/{name}") for name, one in found if one is not None]


def list_libraries(reader: ObjectReader, project: TreeEntry | None) -> list[CommittedLibrary]:
    """Return the libraries in folders that the project file in a tree names, as far as they exist.

    Raises UserError for what can't be read.
    """
    settings = read_settings(reader, project)
    found = []
    for name, path in settings.folders.items():
        if project is not None and is_root_folder(path, settings.out):
            packs = (pack.partition(":") for pack in settings.packs)
            own = tuple(pack for library, _, pack in packs if library == name)
            if place := _find_place(reader, project, path):
                found.append(CommittedLibrary(path, *place, own))
    return found


@contextmanager
def open_library(
    repository: Repository, reader: ObjectReader, library: CommittedLibrary
) -> Iterator[ObjectReader]:
    """Give the reader of the repository that a library's files are in, the project's or another.

    Raises UserError where a submodule is not checked out, and so not there to be read.
    """
    if library.entry.kind != "submodule":
        yield reader
        return
    folder = repository.top / repository.prefix / library.top
    hint = f"check it out with 'git submodule update --init {library.top}'"
    try:
        own = find_repository(folder)
    except UserError:
        own = repository
    if own.top != folder or find_real_path(folder) != folder:
        raise make_read_error(library.top, "the submodule is not checked out", hint)
    with ObjectReader(own) as library_reader:
        yield library_reader


def read_settings(reader: ObjectReader, project: TreeEntry | None) -> LibrarySettings:
    """Return what the project file in a tree says of libraries; of an unreadable one, nothing."""
    entry = (
        find_entry(reader, project.oid, PROJECT_FILE)
        if project is not None and project.kind == "folder"
        else None
    )
    if entry is None or entry.kind != "file":
        return parse_settings("")
    if reader.measure(entry.oid, "blob", PROJECT_FILE) > SIZE_LIMIT:
        return parse_settings("")
    content = reader.read(entry.oid, "blob", SIZE_LIMIT, PROJECT_FILE)
    return parse_settings(decode_source(content, PROJECT_FILE)[0])


def _find_place(
    reader: ObjectReader, project: TreeEntry, path: str
) -> tuple[str, TreeEntry] | None:
    """Return the folder at a path, or the submodule on the way, with the path of that."""
    entry, parts = project, path.split("/")
    for count in range(1, len(parts) + 1):
        top = "/".join(parts[:count])
        found = find_entry(reader, project.oid, top)
        if found is None or found.kind in ("file", "link"):
            return None
        if found.kind == "submodule":
            return top, found
        entry = found
    return path, entry
