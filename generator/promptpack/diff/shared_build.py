"""What two sides of a comparison share: the build of the first in, what the second has too out.

The second side takes over what is the same, so that a comparison takes about one render and what
changed. The first takes over what was built before, if anything was.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promptpack.diff.model import Output
from promptpack.model import Artifact, Project
from promptpack.provenance.reuse import ArtifactFinder, BuiltArtifacts, find_built
from promptpack.rendering.compose import Composer
from promptpack.session import Session
from promptpack.source.file_system import RememberedDisk


class EarlierBuild(NamedTuple):
    """A project that was built before: its artifacts and the parts of its prompts, if kept."""

    built: BuiltArtifacts | None = None
    composer: Composer | None = None


NOTHING_BUILT = EarlierBuild()


class SharedBuild:
    """What the first side of one comparison built; empty until it has built all of it.

    Both sides read the disk through `disk`. `earlier` is what the first side may take over.
    """

    def __init__(self, earlier: EarlierBuild = NOTHING_BUILT) -> None:
        self.disk = RememberedDisk()
        self._earlier = earlier
        self._built: BuiltArtifacts | None = None
        self._composer: Composer | None = None
        self._outputs: Mapping[str, Output] = {}

    @property
    def project(self) -> Project | None:
        """A project that was built before, whose files need not be parsed again."""
        built = self._built or self._earlier.built
        return built.project if built else None

    def begin(self, session: Session) -> None:
        """Let a side that is to be built have the parts of prompts that were made before."""
        if self._composer is None:
            session.composer.keep_parts()
        composer = self._composer or self._earlier.composer
        if composer is not None:
            session.composer.share_parts(composer)

    def follow(self, session: Session) -> None:
        """Let what the first side has made have the parts of the side that it is compared with."""
        if self._composer is not None:
            self._composer.stop_sharing()
            self._composer.share_parts(session.composer)

    def keep(
        self, session: Session, artifacts: Iterable[Artifact], outputs: Mapping[str, Output]
    ) -> None:
        """Keep what a side has built, unless it is the second one."""
        if self._built is None:
            self._built = BuiltArtifacts(session.closures, artifacts)
            self._outputs, self._composer = outputs, session.composer
            self._earlier = NOTHING_BUILT

    def make_finder(self, session: Session) -> ArtifactFinder:
        """Return what finds the artifacts built before that a side has too."""
        return find_built(self._built or self._earlier.built, session.closures)

    def find_output(self, key: str, artifact: Artifact) -> Output | None:
        """Return the output of the first side for an artifact that was taken over from it."""
        return self._outputs.get(key) if self._built and self._built.has(artifact) else None
