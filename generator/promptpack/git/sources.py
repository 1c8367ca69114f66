"""Whether sources are those of a commit: a project and its folder in, the commit out."""

import hashlib
from pathlib import Path

from promptpack.git.extract import list_roots
from promptpack.git.objects import ObjectReader
from promptpack.git.repository import Repository, find_repository
from promptpack.git.revisions import find_commit
from promptpack.git.trees import find_entry, read_commit, walk_tree
from promptpack.model import Project, UserError, is_in_project
from promptpack.reading.roots import parse_source_path
from promptpack.source.disk import HAS_MODES


def find_source_commit(folder: Path, project: Project) -> str:
    """Return the commit that is checked out, if a project's sources are exactly those in it.

    Of packs that were not read, the sources don't count.

    "" where they differ, where the project is in no repository, and where git can't tell: nobody
    should be told of a commit that is not the one.
    """
    if any(root.folder for root in project.roots):
        return ""  # what a library holds may be of another commit, or of none
    try:
        repository = find_repository(folder)
        commit = find_commit(repository, "HEAD")
        if commit is None:
            return ""
        committed = _list_blobs(repository, commit, project)
    except UserError:
        return ""
    own = {
        path: (_hash_blob(text.encode("utf-8", "surrogatepass"), len(commit)), False)
        for path, text in project.sources.items()
        if is_in_project(path)
    }
    own |= {
        path: (_hash_blob(file.content, len(commit)), file.is_executable)
        for path, file in project.attached.items()
        if is_in_project(path)
    }
    return commit if own == committed else ""


def _list_blobs(
    repository: Repository, commit: str, project: Project
) -> dict[str, tuple[str, bool]]:
    """Return the objects of the sources in a commit, by their paths in the project.

    Besides, whether a file of a skill is executable there, where files here can be.
    """
    with ObjectReader(repository) as reader:
        tree, _ = read_commit(reader, commit)
        roots = list_roots(reader, find_entry(reader, tree, repository.prefix))
        entries = walk_tree(reader, roots)
        return {
            entry.path: (entry.oid, HAS_MODES and name.kind == "files" and entry.is_executable)
            for entry in entries
            if entry.kind != "folder" and (name := parse_source_path(entry.path))
            if name.pack not in project.other_packs
        }


def _hash_blob(content: bytes, digits: int) -> str:
    """Return git's name for some bytes, in a repository whose names have so many digits."""
    data = b"blob %d\0%b" % (len(content), content)
    return (
        hashlib.sha1(data, usedforsecurity=False) if digits == 40 else hashlib.sha256(data)
    ).hexdigest()
