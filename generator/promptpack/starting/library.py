"""Templates by name: a project and a name in, the sources that have it out, or a copy to write."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from promptpack.model import Project
from promptpack.model.root import split_source_path
from promptpack.reading.roots import KIND_WORDS, SUFFIXES, Kind

TEMPLATE_WORDS = tuple(KIND_WORDS[kind] for kind in SUFFIXES)
"""What may stand before a colon and a name: fragment, model, policy, layout."""


class NamedSource(NamedTuple):
    """A template: what it is in a word, its name, its path, and the one that it shadows or ""."""

    word: str
    name: str
    path: str
    shadows: str

    @property
    def full_name(self) -> str:
        """The name that is of this source alone."""
        return f"{self.word}:{self.name}"


def find_sources(project: Project, name: str) -> list[NamedSource]:
    """Return the templates of a name, of one kind where the name begins with that and a colon."""
    word, colon, rest = name.partition(":")
    if colon and word in TEMPLATE_WORDS:
        return [one for one in list_sources(project) if (one.word, one.name) == (word, rest)]
    return [one for one in list_sources(project) if one.name == name]


def list_sources(project: Project) -> list[NamedSource]:
    """Return the templates that a project can use, by kind and name."""
    return list(chain.from_iterable(_iter_sources(project, kind) for kind in SUFFIXES))


def copy_source(project: Project, source: NamedSource) -> Mapping[str, str]:
    """Return the file by which the project has a template itself; it shadows the original.

    Nothing is returned where the project has it already.
    """
    root, path = split_source_path(source.path)
    return {path: project.sources[source.path]} if root else {}


def describe_place(project: Project, source: NamedSource) -> str:
    """Return what a template is and where it lies, in words."""
    root = project.find_root(source.path)
    place = f"{source.word} {source.name}: {source.path} (the {root.title})"
    return f"{place}, shadows {source.shadows}" if source.shadows else place


def _iter_sources(project: Project, kind: Kind) -> Iterator[NamedSource]:
    word = KIND_WORDS[kind]
    if kind in {"fragments", "layouts"}:
        files = project.fragments if kind == "fragments" else project.layouts
        for file in files.values():
            yield NamedSource(word, file.name, file.path, file.shadows)
        return
    for template in (project.models if kind == "models" else project.policies).values():
        yield NamedSource(word, template.name, template.path, template.shadows)
