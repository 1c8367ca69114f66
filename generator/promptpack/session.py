"""What the commands on one project share: templates, documents, prompts and origins, made once."""

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from promptpack.model import Finding, Project
from promptpack.provenance.closure import SourceClosures
from promptpack.rendering.compose import Composer
from promptpack.rendering.expectations import ExpectationChecker
from promptpack.rendering.permissions import PermissionFinder
from promptpack.rendering.sandbox import Templates
from promptpack.source.frontmatter import Documents
from promptpack.targets.artifacts import ArtifactMaker
from promptpack.targets.losses import LossFinder

if TYPE_CHECKING:
    from promptpack.provenance.tracer import Tracer


class PolicyFacts(NamedTuple):
    """What is worked out about policies and clients: it is the same in every project.

    `losses` are also those of a project's clients that read files of each other.
    """

    losses: LossFinder
    permissions: PermissionFinder


class Session:
    """One project, and what is worked out about it only once; it ends with the call that made it.

    `untraced` are the findings on templates whose lines could not be traced, so far as somebody
    asked for origins. `expectations` knows of the artifacts that were rendered. `known` is from an
    earlier session.
    """

    def __init__(self, project: Project, known: PolicyFacts | None = None) -> None:
        self.project = project
        self.templates = Templates(project)
        self.documents = Documents(project.sources)
        packs = project.packs.values()
        used = frozenset(name for pack in packs for name in project.list_targets(pack))
        is_known = known is not None and known.losses.used == used
        self.loss_finder = known.losses if known and is_known else LossFinder(used)
        self.artifacts = ArtifactMaker(self.loss_finder)
        self.untraced: dict[Finding, None] = {}
        self.expectations = ExpectationChecker(project, self.documents)
        permissions = known.permissions if known else None
        self.composer = Composer(project, self.templates, self._note_untraced, permissions)

    @property
    def policy_facts(self) -> PolicyFacts:
        """What a later session can have of this one."""
        return PolicyFacts(self.loss_finder, self.composer.permissions)

    @cached_property
    def tracer(self) -> "Tracer":
        """What tells the origins of the lines of artifacts."""
        from promptpack.provenance.tracer import Tracer  # noqa: PLC0415 - loads all of Jinja

        return Tracer(self.composer, self.documents)

    @cached_property
    def closures(self) -> SourceClosures:
        """What tells which outputs a source may reach."""
        return SourceClosures(self.project, self.templates, self.documents)

    def _note_untraced(self, finding: Finding) -> None:
        self.untraced[finding] = None
