"""What two sides of a comparison share: the build of the first in, what the second has too out.

The second side takes over what is the same, so that a comparison takes about one render and what
changed.
"""

from collections.abc import Iterable, Mapping

from promptpack.diff.model import Output
from promptpack.model import Artifact, Project
from promptpack.provenance.reuse import ArtifactFinder, BuiltArtifacts, find_built
from promptpack.rendering.compose import Composer
from promptpack.session import Session
from promptpack.source.file_system import RememberedDisk


class SharedBuild:
    """What the first side of one comparison built; empty until it has built all of it.

    Both sides read the disk through `disk`.
    """

    def __init__(self) -> None:
        self.disk = RememberedDisk()
        self._built: BuiltArtifacts | None = None
        self._composer: Composer | None = None
        self._outputs: Mapping[str, Output] = {}

    @property
    def project(self) -> Project | None:
        """The project of the first side, whose files need not be parsed again."""
        return self._built.project if self._built else None

    def begin(self, session: Session) -> None:
        """Let a side that is to be built have the parts of prompts that the first one made."""
        if self._composer is None:
            session.composer.keep_parts()
        else:
            session.composer.share_parts(self._composer)

    def keep(
        self, session: Session, artifacts: Iterable[Artifact], outputs: Mapping[str, Output]
    ) -> None:
        """Keep what a side has built, unless it is the second one."""
        if self._built is None:
            self._built = BuiltArtifacts(session.closures, artifacts)
            self._outputs, self._composer = outputs, session.composer

    def make_finder(self, session: Session) -> ArtifactFinder:
        """Return what finds the first side's artifacts that the second side has too."""
        return find_built(self._built, session.closures)

    def find_output(self, key: str, artifact: Artifact) -> Output | None:
        """Return the output of the first side for an artifact that was taken over from it."""
        return self._outputs.get(key) if self._built and self._built.has(artifact) else None
