"""What a source reaches: a source file and perhaps a line in, the output lines made of it out."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promptpack.model import Artifact, AttachedFile, Origin, Project
from promptpack.provenance.closure import SourceClosures
from promptpack.provenance.tracer import Tracer
from promptpack.rendering.variants import Selection, resolve_variants
from promptpack.source.text import split_lines
from promptpack.targets.built import list_built_targets


class Reach(NamedTuple):
    """An output and its lines (from 1) that come from a source; none where it only may reach it.

    `file` is the file beside the artifact that is meant, which has lines only if it is text.
    """

    artifact: Artifact
    lines: tuple[int, ...]
    file: AttachedFile | None = None
    is_certain: bool = True

    @property
    def path(self) -> str:
        """The path of the output."""
        return self.artifact.locate(self.file) if self.file else self.artifact.path


class SourceLine(NamedTuple):
    """A source, and one line of it, or all of it where that is 0."""

    path: str
    line: int = 0


def select_reached(project: Project, closures: SourceClosures, path: str) -> Selection:
    """Return the smallest selection that has every output which a source may reach.

    It has no packs where there is none. Raises UserError where a template includes what there is
    not.
    """
    names: tuple[dict[str, None], ...] = ({}, {}, {}, {}, {})
    for variant in resolve_variants(project):
        for target in list_built_targets(project, variant.pack):
            if path in closures.list_paths(variant, target):
                model, policy, language = variant.id
                output = (variant.pack.name, model, policy, target, language)
                for known, name in zip(names, output, strict=True):
                    known[name] = None
    return Selection(*map(tuple, names))


def find_impact(
    tracer: Tracer, closures: SourceClosures, artifacts: Iterable[Artifact], source: SourceLine
) -> Iterator[Reach]:
    """Yield what a source reaches, and what it may reach, though nothing there is made of it now.

    Only artifacts that the source is in are traced, and only for what is asked.
    """
    project = tracer.composer.project
    subset, whole = _list_origins(project, source), _list_origins(project, SourceLine(source.path))
    for artifact in artifacts:
        copied = [file for file in artifact.files if file.source == source.path]
        yield from (_reach_attached(artifact, file, source.line) for file in copied)
        if copied or source.path not in closures.list_paths(artifact.variant, artifact.target):
            continue
        is_policy = artifact.agent.policy.path == source.path  # its words come from all of it
        pairs = zip(
            tracer.trace_file(artifact, subset=whole if is_policy else subset),
            tracer.trace_tags(artifact, subset),
            strict=True,
        )
        numbers = tuple(
            number
            for number, (origins, tags) in enumerate(pairs, 1)
            if not subset.isdisjoint((*origins, *tags))
        )
        if numbers or closures.may_reach(artifact.variant, artifact.target, *source):
            yield Reach(artifact, numbers, is_certain=bool(numbers))


def _list_origins(project: Project, source: SourceLine) -> frozenset[Origin]:
    """Return the line of a source that is asked about, or all of its lines."""
    count = project.sources.get(source.path, "").count("\n") + 1
    lines = (source.line,) if source.line else range(1, count + 1)
    return frozenset(Origin(source.path, line) for line in lines)


def _reach_attached(artifact: Artifact, file: AttachedFile, line: int) -> Reach:
    """Return what a source reaches that is copied: a line the same line, a binary file no line."""
    numbers = range(1, len(split_lines(file.text or "")) + 1)
    return Reach(artifact, tuple(n for n in numbers if line in (0, n)), file)
