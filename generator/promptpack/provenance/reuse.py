"""Artifacts that were built before: those of one project in, what finds the same of another out.

An artifact is the same where its variant and all sources that decide about it are. Then it need
not be composed again. What can't be composed, and what is not certain, is never the same.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from promptpack.model import Artifact, Project, UserError, Variant
from promptpack.provenance.closure import SourceClosures
from promptpack.source.changed import find_changed_paths
from promptpack.targets import Target

ArtifactFinder = Callable[[Variant, Target], Artifact | None]
"""Returns an artifact that was rendered before, of the same sources; None where there is none."""


def find_nothing(_variant: Variant, _target: Target) -> None:
    """Return no artifact: all are rendered."""


class BuiltArtifacts:
    """All artifacts of a project, kept for another one that may have the same."""

    def __init__(self, closures: SourceClosures, artifacts: Iterable[Artifact]) -> None:
        self._closures = closures
        self._artifacts = {_make_key(one.variant, one.target): one for one in artifacts}

    @property
    def project(self) -> Project:
        """The project that they are of."""
        return self._closures.project

    def has(self, artifact: Artifact) -> bool:
        """Tell whether this very artifact is one of them."""
        return self._artifacts.get(_make_key(artifact.variant, artifact.target)) is artifact

    def make_finder(self, closures: SourceClosures) -> ArtifactFinder:
        """Return what finds the artifacts that the project of these closures has too."""
        changed_paths = find_changed_paths(self.project.sources, closures.project.sources)

        def find(variant: Variant, target: Target) -> Artifact | None:
            artifact = self._artifacts.get(_make_key(variant, target.name))
            if artifact is None or artifact.variant != variant:
                return None
            with suppress(UserError):
                paths = closures.list_paths(variant, target.name)
                if changed_paths.isdisjoint(paths):
                    is_same = paths == self._closures.list_paths(variant, target.name)
                    return artifact if is_same else None
            return None

        return find


def find_built(built: BuiltArtifacts | None, closures: SourceClosures) -> ArtifactFinder:
    """Return what finds the artifacts that were built, if any were, and are the same now."""
    return built.make_finder(closures) if built else find_nothing


def _make_key(variant: Variant, target: str) -> tuple[str, str, str]:
    return variant.pack.name, variant.name, target
