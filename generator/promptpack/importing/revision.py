"""Agent files as they were in a commit: a repository and a commit in, its files out.

What `places.find_agent_files` finds in a checkout of the commit is found here too.
"""

import os
import posixpath
from collections.abc import Iterator

from promptpack.git.errors import make_read_error
from promptpack.git.objects import ObjectReader
from promptpack.git.repository import Repository
from promptpack.git.trees import (
    MAX_ENTRIES,
    MAX_PATH_BYTES,
    TreeEntry,
    find_entry,
    list_tree,
    read_commit,
)
from promptpack.importing.places import FoundFile, is_walked, match_file
from promptpack.output.manifest import MANIFEST
from promptpack.source.text import SIZE_LIMIT


def read_revision(
    repository: Repository, commit: str, prefix: str, target: str = ""
) -> dict[FoundFile, str]:
    """Return the agent files below a folder in a commit with their texts.

    `prefix` is the way to the folder from the top of the repository, and paths begin there. Raises
    UserError for what can't be read: a comparison that could not look finds nothing.
    """
    with ObjectReader(repository) as reader:
        tree, _ = read_commit(reader, commit)
        folder = find_entry(reader, tree, prefix)
        if folder is None or folder.kind == "submodule":
            return {}
        walk = _Walk(reader, tree, prefix.rstrip("/"))
        if folder.kind != "folder":
            found = match_file(prefix, target)
            files = {found._replace(path=""): folder} if found else {}
        else:
            entries = walk.iter_files(folder._replace(path=""), prefix)
            matches = ((match_file(posixpath.join(prefix, p), target), p, e) for p, e in entries)
            files = {found._replace(path=p): entry for found, p, entry in matches if found}
        return {found: walk.decode_file(entry) for found, entry in files.items()}


class _Walk:
    """Reads one tree; a link in it is followed where it leads to something below the boundary."""

    def __init__(self, reader: ObjectReader, tree: str, boundary: str) -> None:
        self._reader, self._tree, self._boundary = reader, tree, boundary
        self._count = 0

    def iter_files(
        self, folder: TreeEntry, place: str, *, is_linked: bool = False
    ) -> Iterator[tuple[str, TreeEntry]]:
        """Yield the files below a folder; `place` is where it is in the repository."""
        names = {posixpath.basename(entry.path): entry for entry in list_tree(self._reader, folder)}
        self._count += len(names)
        if self._count > MAX_ENTRIES:
            raise make_read_error(folder.path, f"more than {MAX_ENTRIES:,} files and folders")
        for name, listed_entry in names.items():
            path = f"{folder.path}/{name}" if folder.path else name
            inner_place = posixpath.join(place, name)
            entry: TreeEntry | None = listed_entry
            is_link = listed_entry.kind == "link"
            if is_link:
                entry = None if is_linked else self._follow(listed_entry, inner_place)
            if entry is None or entry.kind == "submodule":
                continue
            if entry.kind == "file":
                yield path, entry
            elif is_walked(name, is_output=MANIFEST in names):
                inner = entry._replace(path=path)
                yield from self.iter_files(inner, inner_place, is_linked=is_linked or is_link)

    def decode_file(self, entry: TreeEntry) -> str:
        """Return the text of a file; what is not UTF-8 is kept as it is, and no client reads it."""
        content = self._reader.read(entry.oid, "blob", SIZE_LIMIT, entry.path)
        return content.decode("utf-8", "surrogateescape")

    def _follow(self, link: TreeEntry, place: str) -> TreeEntry | None:
        """Return what a link leads to in the tree, or None: nothing, itself, or another link."""
        data = self._reader.read(link.oid, "blob", MAX_PATH_BYTES, link.path)
        end = posixpath.normpath(posixpath.join(posixpath.dirname(place), os.fsdecode(data)))
        is_inside = f"{end}/".startswith(f"{self._boundary}/") if self._boundary else True
        if end.startswith(("/", "..")) or not is_inside or f"{place}/".startswith(f"{end}/"):
            return None
        entry = find_entry(self._reader, self._tree, end)
        return None if entry is None or entry.kind == "link" else entry
