"""What two sides of a comparison share: the build of the first in, what the second has too out.

An artifact is the same where its variant and all sources that decide about it are. Then the second
side takes it over and composes nothing, so that a comparison takes about one render and what
changed.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from promptpack.build import ArtifactFinder
from promptpack.diff.model import Output
from promptpack.model import Artifact, Project, UserError, Variant
from promptpack.session import Session
from promptpack.targets import Target


class _FirstBuild(NamedTuple):
    """The side that was built first: all artifacts by variant and target, and outputs by key."""

    session: Session
    artifacts: Mapping[tuple[str, str, str], Artifact]
    outputs: Mapping[str, Output]


class SharedBuild:
    """What the first side of one comparison built; empty until it has built all of it."""

    def __init__(self) -> None:
        self._first: _FirstBuild | None = None
        self._taken: set[int] = set()

    @property
    def project(self) -> Project | None:
        """The project of the first side, whose files need not be parsed again."""
        return self._first and self._first.session.project

    def keep(
        self, session: Session, artifacts: Iterable[Artifact], outputs: Mapping[str, Output]
    ) -> None:
        """Keep what a side has built, unless it is the second one."""
        if self._first is None:
            by_name = {_make_key(one.variant, one.target): one for one in artifacts}
            self._first = _FirstBuild(session, MappingProxyType(by_name), outputs)

    def make_finder(self, session: Session) -> ArtifactFinder:
        """Return a function that gives the first side's artifact where the second has the same.

        It gives None where that is not certain, and so for what can't be composed.
        """
        if self._first is None:
            return lambda _variant, _target: None
        first, artifacts, _ = self._first
        changed_paths = _list_changed(first.project.sources, session.project.sources)

        def find(variant: Variant, target: Target) -> Artifact | None:
            artifact = artifacts.get(_make_key(variant, target.name))
            if artifact is None or artifact.variant != variant:
                return None
            with suppress(UserError):
                paths = session.closures.list_paths(variant, target.name)
                first_paths = first.closures.list_paths(variant, target.name)
                if paths == first_paths and changed_paths.isdisjoint(paths):
                    self._taken.add(id(artifact))
                    return artifact
            return None

        return find

    def find_output(self, key: str, artifact: Artifact) -> Output | None:
        """Return the output of the first side for an artifact that was taken over from it."""
        is_taken = self._first is not None and id(artifact) in self._taken
        return self._first.outputs.get(key) if self._first and is_taken else None


def _make_key(variant: Variant, target: str) -> tuple[str, str, str]:
    return variant.pack.name, variant.name, target


def _list_changed(first: Mapping[str, str], second: Mapping[str, str]) -> frozenset[str]:
    """Return the paths of the sources whose texts differ, and of those that one side has."""
    paths = {*first, *second}
    return frozenset(path for path in paths if first.get(path) != second.get(path))
