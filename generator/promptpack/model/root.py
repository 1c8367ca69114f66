"""Roots: the folders that sources come from, and how the path of a source names its root."""

from pathlib import Path
from typing import NamedTuple

PROJECT, LIBRARY = "", "promptpack"
"""The names of the project's own root and of the standard library."""


class RootProblem(NamedTuple):
    """Why what the project file says of a root can't be used; `place` is the path in its data."""

    place: tuple[str | int, ...]
    message: str
    hint: str = ""


class Root(NamedTuple):
    """A folder that holds `templates/`, and may hold `packs/`.

    promptpack changes files only in a writable root. What another brings need not be used.

    `packs` are the packs of a library that the project builds. `distribution` is the installed
    package that a library comes from, `folder` its path in the project where it lies there;
    `version` is that of the package. `metadata` are files that say so. Where there are `problems`
    with a library itself, it holds nothing.
    """

    name: str
    path: Path
    writable: bool
    packs: tuple[str, ...] = ()
    distribution: str = ""
    version: str = ""
    folder: str = ""
    metadata: tuple[Path, ...] = ()
    is_missing: bool = False
    problems: tuple[RootProblem, ...] = ()

    @property
    def title(self) -> str:
        """The root in words, to be read after `the`."""
        if self.folder:
            return f"library '{self.name}' in {self.folder}"
        version = f" {self.version}" if self.version else ""
        return {PROJECT: "project", LIBRARY: "standard library"}.get(
            self.name, f"package '{self.distribution or self.name}'{version}"
        )

    def make_source_path(self, relative_path: str) -> str:
        """Return the path by which a file of this root is known and shown.

        >>> Root("acme", Path("/opt/acme"), False).make_source_path("templates/models/x.yaml")
        'acme:templates/models/x.yaml'
        """
        return f"{self.name}:{relative_path}" if self.name else relative_path


def split_source_path(path: str) -> tuple[str, str]:
    """Return the name of a source's root, and the source's path in it.

    >>> split_source_path("acme:templates/models/x.yaml")
    ('acme', 'templates/models/x.yaml')
    >>> split_source_path("packs/demo/a:b.md")
    ('', 'packs/demo/a:b.md')
    """
    name, colon, relative_path = path.partition(":")
    return (name, relative_path) if colon and "/" not in name else (PROJECT, path)


def is_in_project(path: str) -> bool:
    """Tell whether a source is the project's own, and so lies in its repository."""
    return split_source_path(path)[0] == PROJECT


def find_prefix(path: str) -> str:
    """Return the name of the library that a source is of, with a colon; else "".

    The standard library has none: its templates are known by their plain names.

    >>> find_prefix("acme:templates/models/x.yaml")
    'acme:'
    >>> find_prefix("promptpack:templates/models/x.yaml")
    ''
    """
    name, _ = split_source_path(path)
    return "" if name in {PROJECT, LIBRARY} else f"{name}:"
