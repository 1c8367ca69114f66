"""Walking the folders of a commit: a commit in, the entries below a path out, within limits.

A few hundred bytes of trees can name more files than any disk holds, so what is counted is each
entry that is come by, and not each object.
"""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from promptpack.git.errors import make_read_error
from promptpack.git.objects import ObjectReader

EntryKind = Literal["file", "link", "folder", "submodule"]

MAX_ENTRIES = 100_000
"""How many files and folders a project may have in a commit, whatever they are."""
MAX_DEPTH = 32
MAX_PATH_BYTES = 1024

_MAX_NAME_BYTES = 255
_MAX_COMMIT_BYTES = 1 << 20
_MAX_TREE_BYTES = 16 << 20
_SEPARATORS = frozenset({"/", os.sep, os.altsep or os.sep})


class TreeEntry(NamedTuple):
    """What a commit has at a path, which is relative to where the walk began."""

    path: str
    kind: EntryKind
    oid: str
    is_executable: bool = False


def read_commit(reader: ObjectReader, commit: str) -> tuple[str, tuple[str, ...]]:
    """Return the tree of a commit, and its parents as they stand in it; a shallow clone has them.

    Raises UserError where it can't be read.
    """
    content = reader.read(commit, "commit", _MAX_COMMIT_BYTES, commit[:7])
    header, _, _ = content.partition(b"\n\n")
    rows = [line.partition(b" ") for line in header.split(b"\n")]
    trees = [value.decode("ascii", "replace") for name, _, value in rows if name == b"tree"]
    parents = (value.decode("ascii", "replace") for name, _, value in rows if name == b"parent")
    if len(trees) != 1:
        raise make_read_error(commit[:7], "not a valid commit")
    return trees[0], tuple(parents)


def find_entry(reader: ObjectReader, tree: str, path: str) -> TreeEntry | None:
    """Return what a tree has at a path, or None; raises UserError where that can't be told.

    The empty path is the tree itself. A folder on the way that is a link or a submodule may lead to
    such a path, and is not followed.
    """
    entry = TreeEntry("", "folder", tree)
    for name in filter(None, path.split("/")):
        if entry.kind == "file":
            return None
        if entry.kind != "folder":
            message = f"a {entry.kind} in this revision, not a folder"
            raise make_read_error(entry.path, message, "a comparison does not follow it")
        found = _choose_entry(list_tree(reader, entry), name)
        if found is None:
            return None
        entry = found
    return entry


def walk_tree(reader: ObjectReader, roots: Iterable[TreeEntry]) -> Iterator[TreeEntry]:
    """Yield some entries and all that is below them, but not what a link or a submodule leads to.

    Raises UserError beyond a limit, or where a tree can't be read.
    """
    pending = list(roots)
    count = 0
    while pending:
        entry = pending.pop()
        count += 1
        if count > MAX_ENTRIES:
            raise make_read_error(entry.path, f"more than {MAX_ENTRIES:,} files and folders")
        yield entry
        if entry.kind == "folder":
            if entry.path.count("/") >= MAX_DEPTH:
                raise make_read_error(entry.path, f"more than {MAX_DEPTH} folders deep")
            inner = list_tree(reader, entry)
            folders = (one.oid for one in inner if one.kind == "folder")
            reader.prefetch(folders, "tree", _MAX_TREE_BYTES)
            pending += reversed(inner)


def list_tree(reader: ObjectReader, folder: TreeEntry) -> list[TreeEntry]:
    """Return the entries of a folder in git's order; raises UserError for what no checkout makes.

    A tree is a row of entries: the mode in octal digits, a space, the name, NUL, and the name of
    the object in binary, as "git cat-file tree" prints it.
    """
    data = reader.read(folder.oid, "tree", _MAX_TREE_BYTES, folder.path or folder.oid[:7])
    width = len(folder.oid) // 2
    entries: dict[str, TreeEntry] = {}
    start = 0
    while start < len(data):
        end = data.find(b"\0", start)
        mode, _, name = data[start:end].partition(b" ")
        oid = data[end + 1 : end + 1 + width]
        if end < 0 or len(oid) != width or not _is_octal(mode):
            raise make_read_error(folder.path or folder.oid[:7], "not a valid tree in git")
        entry_name = os.fsdecode(name)
        path = f"{folder.path}/{entry_name}" if folder.path else entry_name
        if not _is_plain(name, entry_name) or entry_name in entries:
            message = f"contains the name {entry_name!r}, which no checkout makes"
            raise make_read_error(folder.path or folder.oid[:7], message)
        if len(os.fsencode(path)) > MAX_PATH_BYTES:
            raise make_read_error(folder.path, f"a path longer than {MAX_PATH_BYTES} bytes")
        bits = int(mode, 8)
        is_executable = stat.S_ISREG(bits) and bool(bits & stat.S_IXUSR)
        entries[entry_name] = TreeEntry(path, _classify_mode(bits), oid.hex(), is_executable)
        start = end + 1 + width
    return [*entries.values()]


def _choose_entry(entries: Iterable[TreeEntry], name: str) -> TreeEntry | None:
    """Return the entry of a name, or None where not even a careless file system finds one."""
    names = {entry.path.rpartition("/")[2]: entry for entry in entries}
    if name in names:
        return names[name]
    alike = next((entry for other, entry in names.items() if _fold(other) == _fold(name)), None)
    if alike is not None:
        raise make_read_error(alike.path, f"differs from '{name}' only in case or in its accents")
    return None


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_octal(mode: bytes) -> bool:
    return 0 < len(mode) <= 8 and not mode.strip(b"01234567")


def _is_plain(name: bytes, text: str) -> bool:
    """Tell whether a name stays in its folder, and is not that of a repository."""
    return (
        0 < len(name) <= _MAX_NAME_BYTES
        and name not in (b".", b"..")
        and name.lower() != b".git"
        and not _SEPARATORS & set(text)
    )


def _classify_mode(mode: int) -> EntryKind:
    """Return what git makes of a mode: whatever is none of the others is a submodule."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    return "folder" if stat.S_ISDIR(mode) else "submodule"
