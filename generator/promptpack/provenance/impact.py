"""What a source reaches: a source file and perhaps a line in, the output lines made of it out."""

from collections.abc import Iterable
from typing import NamedTuple

from promptpack.model import Artifact, Project
from promptpack.provenance.tracer import Tracer


class Reach(NamedTuple):
    """An output and its lines (from 1) that come from a source."""

    artifact: Artifact
    lines: tuple[int, ...]


def find_impact(
    project: Project, artifacts: Iterable[Artifact], path: str, line: int
) -> list[Reach]:
    """Return what a source file reaches, or only one line of it where `line` is not 0."""
    reaches = []
    tracer = Tracer(project)
    for artifact in artifacts:
        numbers = tuple(
            number
            for number, origins in enumerate(tracer.lines(artifact), 1)
            if any(origin.path == path and line in (0, origin.line) for origin in origins)
        )
        if numbers:
            reaches.append(Reach(artifact, numbers))
    return reaches
