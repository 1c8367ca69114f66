"""Roots: the folders that sources come from, and how the path of a source names its root."""

from pathlib import Path
from typing import NamedTuple

PROJECT, LIBRARY = "", "promptpack"
"""The names of the project's own root and of the standard library."""


class Root(NamedTuple):
    """A folder that holds `templates/`, and in a project also `packs/`.

    promptpack changes files only in a writable root. What another brings need not be used.
    """

    name: str
    path: Path
    writable: bool

    @property
    def title(self) -> str:
        """The root in words, to be read after `the`."""
        return {PROJECT: "project", LIBRARY: "standard library"}.get(
            self.name, f"package '{self.name}'"
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
