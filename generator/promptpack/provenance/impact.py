"""What a source reaches: a source file and perhaps a line in, the output lines made of it out."""

from collections.abc import Iterable
from typing import NamedTuple

from promptpack.model import Artifact, AttachedFile
from promptpack.provenance.tracer import Tracer
from promptpack.source.text import split_lines


class Reach(NamedTuple):
    """An output and its lines (from 1) that come from a source.

    `file` is the file beside the artifact that is meant, which has lines only if it is text.
    """

    artifact: Artifact
    lines: tuple[int, ...]
    file: AttachedFile | None = None

    @property
    def path(self) -> str:
        """The path of the output."""
        return self.artifact.locate(self.file) if self.file else self.artifact.path


def find_impact(tracer: Tracer, artifacts: Iterable[Artifact], path: str, line: int) -> list[Reach]:
    """Return what a source file reaches, or only one line of it where `line` is not 0."""
    reaches = []
    for artifact in artifacts:
        copied = (file for file in artifact.files if file.source == path)
        reaches += [_reach_attached(artifact, file, line) for file in copied]
        numbers = tuple(
            number
            for number, origins in enumerate(tracer.trace_file(artifact), 1)
            if any(origin.path == path and line in (0, origin.line) for origin in origins)
        )
        if numbers:
            reaches.append(Reach(artifact, numbers))
    return reaches


def _reach_attached(artifact: Artifact, file: AttachedFile, line: int) -> Reach:
    """Return what a source reaches that is copied: a line the same line, a binary file no line."""
    numbers = range(1, len(split_lines(file.text or "")) + 1)
    return Reach(artifact, tuple(n for n in numbers if line in (0, n)), file)
