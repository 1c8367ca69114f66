"""What libraries a project reads from: its roots in, the state of each that is not its own out."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from promptpack.model import UserError
from promptpack.model.root import LIBRARY, PROJECT, Root
from promptpack.reading.files import gather_files
from promptpack.reading.roots import parse_source_path
from promptpack.source.disk import find_real_path
from promptpack.version import __version__


class Library(NamedTuple):
    """A root that is not the project's own, as it is on disk.

    `version` is empty where it is not known, `path` is absolute. `digest` is the SHA-256 of a list
    of the `file_count` files, as `sha256sum` prints one: a line for each, with the SHA-256 of its
    text, two spaces and its path in the root, sorted by path. Line ends in the files do not count.
    """

    name: str
    title: str
    version: str
    path: str
    file_count: int
    digest: str


def describe_libraries(roots: Iterable[Root]) -> tuple[Library, ...]:
    """Return the libraries among some roots, files that the project shadows included.

    Raises UserError with a finding for each file that can't be read.
    """
    libraries = (root for root in roots if root.name != PROJECT and not root.is_missing)
    return tuple(map(_describe_library, libraries))


def _describe_library(root: Root) -> Library:
    files = [file for file in gather_files((root,)) if parse_source_path(file.path)]
    if findings := tuple(finding for file in files for finding in file.findings):
        raise UserError(findings)
    digests = {
        file.path.removeprefix(root.make_source_path("")): hashlib.sha256(
            file.text.encode("utf-8", "surrogatepass")
        ).hexdigest()
        for file in files
    }
    lines = "".join(f"{digests[path]}  {path}\n" for path in sorted(digests))
    digest = hashlib.sha256(lines.encode()).hexdigest()
    version = __version__ if root.name == LIBRARY else root.version
    path = str(find_real_path(root.path))
    title = root._replace(version="").title
    return Library(root.name, title, version, path, len(digests), digest)
