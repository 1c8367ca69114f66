"""What the commands on one project share: templates, documents, prompts and origins, made once."""

from functools import cached_property

from promptpack.model import Finding, Project
from promptpack.provenance.closure import SourceClosures
from promptpack.provenance.tracer import Tracer
from promptpack.rendering.compose import Composer
from promptpack.rendering.expectations import ExpectationChecker
from promptpack.rendering.sandbox import Templates
from promptpack.source.frontmatter import Documents
from promptpack.targets.losses import LossFinder


class Session:
    """One project, and what is worked out about it only once; it ends with the call that made it.

    `untraced` are the findings on templates whose lines could not be traced, so far as somebody
    asked for origins. `expectations` knows of the artifacts that were rendered.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.templates = Templates(project)
        self.documents = Documents(project.sources)
        packs = project.packs.values()
        used = frozenset(name for pack in packs for name in project.list_targets(pack))
        self.loss_finder = LossFinder(used)
        self.untraced: dict[Finding, None] = {}
        self.expectations = ExpectationChecker(project, self.documents)
        self.composer = Composer(project, self.templates, self._note_untraced)

    @cached_property
    def tracer(self) -> Tracer:
        """What tells the origins of the lines of artifacts."""
        return Tracer(self.composer, self.documents)

    @cached_property
    def closures(self) -> SourceClosures:
        """What tells which outputs a source may reach."""
        return SourceClosures(self.project, self.templates, self.documents)

    def _note_untraced(self, finding: Finding) -> None:
        self.untraced[finding] = None
