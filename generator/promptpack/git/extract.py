"""Reading a project as it was in a commit: a commit in, the same sources as a checkout has out.

A build of what is read here says what a build of a checkout would say. Most projects are held in
memory. One with links or libraries is written to a folder: links are made as they stand in the
commit, for the reader of sources to judge, but none that leads out of the project, and none before
all files are written.
"""

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import NamedTuple

from promptpack.git.errors import make_read_error, make_usage_error
from promptpack.git.libraries import list_libraries, open_library, read_settings
from promptpack.git.objects import ObjectReader
from promptpack.git.repository import Repository
from promptpack.git.trees import (
    MAX_PATH_BYTES,
    TreeEntry,
    find_entry,
    list_tree,
    read_commit,
    walk_tree,
)
from promptpack.reading.roots import SOURCES, parse_source_path
from promptpack.source.disk import UnreadableFileError, format_size
from promptpack.source.file_system import DISK, FileInMemory, FilesInMemory, FileSystem
from promptpack.source.text import SIZE_LIMIT

MAX_TOTAL_BYTES = 64 << 20
"""How much the sources of a commit may hold; content that stands at two paths counts twice."""

MAX_OUTPUT_BYTES = 256 << 20
"""How much the outputs of a commit may hold that a comparison reads."""

_MAX_FILE_BYTES = 64 << 20
_PACKS = "packs"


class CommittedSources(NamedTuple):
    """The sources that a project has in a commit.

    `files` are those in memory, or None where there are links or libraries: then `folder` has them.
    `submodules` are paths with commits: what they hold is not in the repository.
    """

    folder: Path
    submodules: Mapping[str, str]
    files: FilesInMemory | None = None


@contextmanager
def open_sources(
    repository: Repository, commit: str, disk: FileSystem = DISK
) -> Iterator[CommittedSources]:
    """Give the sources that a project has in a commit; a folder of theirs goes with the block.

    What the work tree has too is taken from there, through `disk`.

    A commit without `packs` gives an empty project. Raises UserError for what can't be read, and
    for more than the limits allow; nothing is read of a file before its size is known.
    """
    with ExitStack() as stack:
        with ObjectReader(repository) as reader:
            tree, _ = read_commit(reader, commit)
            project = find_entry(reader, tree, repository.prefix)
            roots = list_roots(reader, project)
            entries = list(walk_tree(reader, roots))
            if not any(root.path == _PACKS for root in roots):
                entries.append(TreeEntry(_PACKS, "folder", ""))
            folder, files = repository.top / repository.prefix, None
            _offer_files(reader, folder, _list_files(entries), SIZE_LIMIT, disk)
            has_links = any(entry.kind == "link" for entry in entries)
            if has_links or read_settings(reader, project).names_any:
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="promptpack-")))
                _write_sources(repository, reader, project, entries, folder)
            else:
                files = _hold_files(reader, entries, folder)
        submodules = {entry.path: entry.oid for entry in entries if entry.kind == "submodule"}
        yield CommittedSources(folder, MappingProxyType(submodules), files)


def _hold_files(reader: ObjectReader, entries: Iterable[TreeEntry], folder: Path) -> FilesInMemory:
    """Return what a build reads of some entries, without links, as if it were in a folder."""
    all_entries = list(entries)
    contents = dict(_iter_contents(reader, _choose_files(reader, all_entries)))
    files = {
        entry.path: FileInMemory(contents.get(entry.path), entry.is_executable)
        for entry in all_entries
        if entry.kind == "file"
    }
    folders = (entry.path for entry in all_entries if entry.kind == "folder")
    return FilesInMemory(folder, files, folders)


def _write_sources(
    repository: Repository,
    reader: ObjectReader,
    project: TreeEntry | None,
    entries: Iterable[TreeEntry],
    folder: Path,
) -> None:
    """Write the sources of a project in a commit, with its libraries, to an empty folder."""
    _write_entries(reader, entries, folder)
    for library in list_libraries(reader, project):
        with open_library(repository, reader, library) as library_reader:
            library_entries = list(walk_tree(library_reader, library.entries(library_reader)))
            _write_entries(library_reader, library_entries, folder, library.path)


def read_file(repository: Repository, commit: str, path: str) -> bytes | None:
    """Return one file of a commit by its path in the project, or None where there is none.

    Raises UserError for a path outside of the project, and for what is there and is no file.
    """
    inner_path = PurePosixPath(os.path.normpath(path))
    if inner_path.is_absolute() or ".." in inner_path.parts:
        raise make_usage_error(
            f"'{path}' is not inside the project", "use a path relative to the project's folder"
        )
    with ObjectReader(repository) as reader:
        tree, _ = read_commit(reader, commit)
        entry = find_entry(reader, tree, f"{repository.prefix}{inner_path}")
        if entry is None:
            return None
        if entry.kind != "file":
            raise make_read_error(path, f"a {entry.kind} in this revision, not a file")
        return reader.read(entry.oid, "blob", _MAX_FILE_BYTES, path)


def read_files(
    repository: Repository,
    commit: str,
    folder: str,
    paths: Iterable[str],
    disk: FileSystem = DISK,
) -> Mapping[str, bytes]:
    """Return those files below a folder of the project that a commit has, by their paths there.

    Of a link it is the path that it leads to. What the work tree has too is taken from there,
    through `disk`. Raises UserError for what can't be read.
    """
    total = 0
    with ObjectReader(repository) as reader:
        tree, _ = read_commit(reader, commit)
        folders = {"": _list_by_name(reader, TreeEntry("", "folder", tree))}
        oids: dict[str, str] = {}
        for path in paths:
            parent, _, name = f"{repository.prefix}{folder}/{path}".rpartition("/")
            entry = _open_folder(reader, folders, parent).get(name)
            if entry is not None and entry.kind in ("file", "link"):
                oids[path] = entry.oid
        place = repository.top / repository.prefix / folder
        _offer_files(reader, place, oids, _MAX_FILE_BYTES, disk)
        reader.prefetch_sizes(oids.values(), "blob")
        for path, oid in oids.items():
            total += reader.measure(oid, "blob", path)
            if total > MAX_OUTPUT_BYTES:
                message = f"more than {format_size(MAX_OUTPUT_BYTES)} of outputs"
                raise make_read_error(folder, message)
        places = [(oid, path) for path, oid in oids.items()]
        contents = reader.read_all(places, "blob", _MAX_FILE_BYTES)
        return dict(zip(oids, contents, strict=True))


def _list_files(entries: Iterable[TreeEntry]) -> dict[str, str]:
    """Return the objects of the sources among some entries, by their paths."""
    files = (entry for entry in entries if entry.kind == "file")
    return {entry.path: entry.oid for entry in files if _is_source(entry.path)}


def _offer_files(
    reader: ObjectReader, folder: Path, oids: Mapping[str, str], limit: int, disk: FileSystem
) -> None:
    """Offer what the work tree has at some paths in a folder.

    Most files are as they are in a commit. The reader takes what has the name of its object.
    """
    for path, oid in oids.items():
        with suppress(FileNotFoundError, UnreadableFileError):
            reader.offer(oid, "blob", disk.read(folder / path, limit))


def _open_folder(
    reader: ObjectReader, folders: dict[str, dict[str, TreeEntry]], path: str
) -> dict[str, TreeEntry]:
    """Return the entries of a folder by name, none where it is no folder; each is read once."""
    if path not in folders:
        parent, _, name = path.rpartition("/")
        entry = _open_folder(reader, folders, parent).get(name)
        is_folder = entry is not None and entry.kind == "folder"
        folders[path] = _list_by_name(reader, entry) if entry is not None and is_folder else {}
    return folders[path]


def _list_by_name(reader: ObjectReader, folder: TreeEntry) -> dict[str, TreeEntry]:
    return {entry.path.rpartition("/")[2]: entry for entry in list_tree(reader, folder)}


def list_roots(reader: ObjectReader, project: TreeEntry | None) -> list[TreeEntry]:
    """Return the entries that sources are in; their paths begin at the project's folder."""
    if project is None or project.kind == "file":
        return []
    if project.kind != "folder":
        message = f"the project's folder is a {project.kind} in this revision"
        raise make_read_error(project.path, message, "a comparison does not follow it")
    entries = ((name, find_entry(reader, project.oid, name)) for name in SOURCES)
    return [entry._replace(path=name) for name, entry in entries if entry is not None]


def _write_entries(
    reader: ObjectReader, entries: Iterable[TreeEntry], folder: Path, library: str = ""
) -> None:
    """Write what a build reads of some entries to a folder; `library` is the path of theirs."""
    entries = list(entries)
    for entry in entries:
        if entry.kind == "folder":
            (folder / entry.path).mkdir(parents=True, exist_ok=True)
    for path, content in _iter_contents(reader, _choose_files(reader, entries, library)):
        with (folder / path).open("xb") as file:
            file.write(content)
    for entry in entries:
        if entry.is_executable and (folder / entry.path).is_file():
            (folder / entry.path).chmod(0o700)
    for entry in entries:
        if entry.kind == "link":
            _make_link(reader, entry, folder)


def _choose_files(
    reader: ObjectReader, entries: Iterable[TreeEntry], library: str = ""
) -> dict[str, list[str]]:
    """Return the objects of the files that a build reads, each with its paths.

    Other files, such as pictures, are left out. Only where there are links may they be read too,
    through one; but never those that are larger than a source may be.
    """
    all_entries = list(entries)
    has_links = any(entry.kind == "link" for entry in all_entries)
    start = f"{library}/" if library else ""
    files = [
        (entry, is_source)
        for entry in all_entries
        if entry.kind == "file"
        and ((is_source := _is_source(entry.path.removeprefix(start))) or has_links)
    ]
    reader.prefetch_sizes((entry.oid for entry, _ in files), "blob")
    paths_by_oid: dict[str, list[str]] = {}
    total = 0
    for entry, is_source in files:
        size = reader.measure(entry.oid, "blob", entry.path)
        if size > SIZE_LIMIT and not is_source:
            continue
        total += size
        if size > SIZE_LIMIT:
            raise make_read_error(entry.path, f"larger than {format_size(SIZE_LIMIT)} in git")
        if total > MAX_TOTAL_BYTES:
            message = f"the sources are larger than {format_size(MAX_TOTAL_BYTES)} altogether"
            raise make_read_error(entry.path, message)
        paths_by_oid.setdefault(entry.oid, []).append(entry.path)
    return paths_by_oid


def _is_source(path: str) -> bool:
    return parse_source_path(path) is not None


def _iter_contents(
    reader: ObjectReader, paths_by_oid: Mapping[str, Iterable[str]]
) -> Iterator[tuple[str, bytes]]:
    """Yield the paths of files, each with what it holds."""
    places = ((oid, next(iter(paths))) for oid, paths in paths_by_oid.items())
    contents = reader.read_all(places, "blob", SIZE_LIMIT)
    for paths, content in zip(paths_by_oid.values(), contents, strict=True):
        for path in paths:
            yield path, content


def _make_link(reader: ObjectReader, entry: TreeEntry, folder: Path) -> None:
    """Make a link that stays in the folder.

    Folders are left with `..` only at its beginning, where no other link is passed yet.
    """
    data = reader.read(entry.oid, "blob", MAX_PATH_BYTES, entry.path)
    target = PurePosixPath(os.fsdecode(data))
    names = [*target.parts]
    while names and names[0] == "..":
        del names[0]
    place = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), target))
    if target.is_absolute() or ".." in names or place.split("/")[0] == ".." or b"\0" in data:
        raise make_read_error(entry.path, "the link leads out of the project")
    (folder / entry.path).symlink_to(target)
