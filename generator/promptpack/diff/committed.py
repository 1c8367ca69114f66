"""The outputs that are committed: a side and where to read its files in, what is recorded out.

A project that does not commit its outputs has none. A file that somebody wrote beside the outputs,
and that no manifest lists and no source builds, is not one of them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from promptpack.diff.model import Committed, Side
from promptpack.diff.sides import name_findings
from promptpack.git.extract import read_files
from promptpack.git.repository import Repository
from promptpack.git.revisions import find_commit
from promptpack.output.manifest import MANIFEST, Manifest, parse_manifest
from promptpack.output.status import locate_file
from promptpack.source.disk import UnreadableFileError
from promptpack.source.file_system import DISK, FileSystem
from promptpack.targets.shared_files import find_block_form

FileReader = Callable[[Iterable[str]], Mapping[str, bytes]]
"""Returns the files that there are at some paths in the output folder."""

OUTPUT_LIMIT = 16 << 20
"""How many bytes an output in a work tree may have."""


def can_be_committed(out: str) -> bool:
    """Tell whether an output folder is inside of its project."""
    path = PurePosixPath(out)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def add_committed(
    repository: Repository,
    sides: tuple[Side, Side],
    commits: tuple[str, str | None],
    root: Path,
    disk: FileSystem = DISK,
) -> tuple[Side, Side]:
    """Return both sides with their committed outputs; a side without a commit is the work tree.

    What is built in a work tree counts if the base or its commit has outputs. Raises UserError for
    what can't be read.
    """
    (base, head), (base_commit, head_commit) = sides, commits
    base = _add_from_commit(repository, base, base_commit, "base", disk)
    if head_commit is not None:
        return base, _add_from_commit(repository, head, head_commit, "head", disk)
    if not can_be_committed(head.out):
        return base, head
    if not base.committed.texts:
        current = find_commit(repository, "HEAD")
        here = (
            head if current is None else _add_from_commit(repository, head, current, "head", disk)
        )
        if not here.committed.texts:
            return base, head
    with name_findings("head"):
        committed = read_committed(head, make_folder_reader(root / head.out, disk))
    return base, replace(head, committed=committed)


def _add_from_commit(
    repository: Repository, side: Side, commit: str, name: str, disk: FileSystem
) -> Side:
    if not can_be_committed(side.out):
        return side
    with name_findings(name):
        reader = partial(read_files, repository, commit, side.out, disk=disk)
        return replace(side, committed=read_committed(side, reader))


def read_committed(side: Side, read: FileReader) -> Committed:
    """Return the committed outputs of a side: those it builds, and those its manifest lists.

    Raises UserError for what can't be read, and a manifest that can't be trusted.
    """
    data = read([MANIFEST]).get(MANIFEST)
    manifest = Manifest() if data is None else parse_manifest(data)
    recorded = frozenset(manifest.files)
    keys = sorted({*side.outputs, *recorded})
    files = read(sorted({locate_file(key) for key in keys}))
    texts = {key: text for key in keys if (text := _find_text(files, key)) is not None}
    return Committed(texts, recorded, manifest.tool, manifest.library)


def make_folder_reader(folder: Path, disk: FileSystem = DISK) -> FileReader:
    """Return a function that reads outputs in a folder; what is no file there reads as nothing."""

    def read(paths: Iterable[str]) -> Mapping[str, bytes]:
        found = {}
        for path in paths:
            try:
                found[path] = disk.read(folder / path, OUTPUT_LIMIT)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except UnreadableFileError:
                found[path] = b""
        return found

    return read


def _find_text(files: Mapping[str, bytes], key: str) -> str | None:
    """Return the text of an output without what git may change: a mark, the ends of its lines."""
    path, _, name = key.partition("#")
    if path not in files:
        return None
    text = files[path].decode("utf-8", "surrogateescape")
    text = normalize_text(text)
    return find_block_form(path).find(text, name) if name else text


def normalize_text(text: str) -> str:
    """Return a text as two checkouts have it in common."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")
